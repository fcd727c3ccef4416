"""What suites are written with (`kit.checks`), as their authors use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from kit.checks import documented, training
from kit.checks.expect import Expect
from kit.checks.mistakes import Mistake, Switches, summary
from kit.checks.student import Student
from kit.checks.training import Make, Recipe, train
from kit.course import CourseError
from kit.sandbox.faults import CheckFailure, StudentFault
from tests.support.course import SOLUTION, write_course
from tests.support.processes import PATIENCE

Make_ = Callable[..., Student]


class TestAllOf:
    """Several values are judged together, and a message says which of them are right."""

    @staticmethod
    def said(**got: float) -> CheckFailure:
        with pytest.raises(CheckFailure) as caught:
            Expect.all_of({name: partial(Expect.close, got[name], 1.0, name) for name in got})
        return caught.value

    def test_all_right(self) -> None:
        Expect.all_of({"a": lambda: None, "b": lambda: None})

    def test_the_first_that_is_wrong_is_told_with_the_names_of_the_right_ones(self) -> None:
        failure = self.said(a=1.0, b=2.0, c=3.0, d=1.0)
        assert str(failure).startswith("`b` is wrong")
        assert str(failure).endswith("Right there: `a`, `d`.")
        assert (failure.expected, failure.got) == ("1", "2")

    def test_where_none_is_right_none_is_named(self) -> None:
        assert "Right there" not in str(self.said(a=2.0, b=2.0))


class TestSwitches:
    switches = Switches({"double": {"factor": 2, "sign": 1}, "half": {"factor": 0.5}})

    def test_a_change_is_seen_by_its_task_alone(self) -> None:
        on = self.switches.on({"double.factor": 3})
        assert on == {"double": {"factor": 3, "sign": 1}, "half": {"factor": 0.5}}
        assert self.switches.on({})["double"]["factor"] == 2

    def test_an_unknown_one_is_refused(self) -> None:
        with pytest.raises(KeyError, match=r"no switch double\.facter"):
            self.switches.on({"double.facter": 3})

    def test_mistakes_are_named_by_their_task(self) -> None:
        (mistake,) = Switches.mistakes("double", ("triple", {"factor": 3}, "Text."), chance=True)
        assert mistake == Mistake("double.triple", "double", {"double.factor": 3}, "Text.", True)

    def test_a_summary_goes_into_lists_and_dicts(self) -> None:
        rng = np.random.default_rng(0)
        one, other = ([{"mean": rng.normal(size=50)}] for _ in range(2))
        assert summary(one) == summary(other)
        assert summary(one) != summary([{"mean": 3 + rng.normal(size=50)}])
        assert summary(one) != summary(({"mean": rng.normal(size=50)},))


class TestDocumented:
    entry: ClassVar[dict[str, Any]] = {
        "function": "work.normalize",
        "inputs": {"x": [[1.0, 3.0]], "state": {"mean": {"linspace": [0, 1], "shape": [2]}}},
        "returns": ["out", "cache"],
        "expected": {"out": [[-1.0, 1.0]], "mean": [0.5, 1.0]},
    }

    def test_inputs_are_arrays_also_in_a_dict(self) -> None:
        inputs = documented.case(self.entry).inputs
        assert inputs["x"].tolist() == [[1, 3]]
        assert inputs["state"]["mean"].tolist() == [0, 1]

    def test_values_are_what_is_returned_and_what_is_left_in_a_dict(self) -> None:
        call = documented.case(self.entry)
        call.inputs["state"]["mean"] = np.array([0.5, 1.0])
        values = call.values((np.array([[-1.0, 1.0]]), "cache"), call.inputs)
        assert set(values) == {"out", "mean"}
        assert call.is_right(values)
        assert not call.is_right(values | {"mean": np.array([0.5, np.nan])})
        assert not call.is_right(values | {"mean": np.array([0.5])})

    @pytest.mark.parametrize("returned", [None, np.zeros(2), (1, 2, 3)])
    def test_what_is_not_returned_has_no_values(self, returned: Any) -> None:
        call = documented.case(self.entry)
        with pytest.raises((LookupError, TypeError, ValueError)):
            call.values(returned, {})

    def test_an_entry_that_lacks_something_is_refused(self) -> None:
        lacking = {name: value for name, value in self.entry.items() if name != "returns"}
        with pytest.raises(CourseError, match="lacks returns"):
            documented.case(lacking)


NET = """\
import numpy as np

class Net:
    def __init__(self, classes, scale=0.0, seed=None):
        self.params = {"W": np.full((2, classes), scale, np.float32)}
        self.norms = [{"mean": np.zeros(2), "mode": "train"}]
"""
SOLVER = """\
import numpy as np

class Solver:
    def __init__(self, net, data, rate, seed=None):
        self.net, self.data, self.rate = net, data, rate

    def train_epoch(self):
        X, y = self.data["X_train"], self.data["y_train"]
        for label in np.unique(y):
            self.net.params["W"][:, label] += self.rate * X[y == label].mean(0)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Points around three corners of a triangle, the training ones mapped from a file."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=90)
    corners = np.array([[0, 3], [3, -2], [-3, -2]])
    X = (corners[y] + rng.normal(size=(90, 2)) / 3).astype(np.float32)
    path = tmp_path_factory.mktemp("data") / "X.npy"
    np.save(path, X[:60])
    mapped = np.load(path, mmap_mode="r")
    return {"X_train": mapped, "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}


def recipe(**changes: Any) -> Recipe:
    usual: dict[str, Any] = {
        "net": Make("work.Net", 3),
        "solver": Make("solver.Solver", rate=1.0),
        "weights": {"W": (2, 3)},
        "needed": 0.9,
        "epochs": 3,
        "epoch_seconds": 10,
    }
    return Recipe(**usual | changes)


class TestTraining:
    """The student's code trains, and the tester judges the weights."""

    def run(
        self, student: Make_, data: Any, net: str = NET, solver: str = SOLVER, **changes: Any
    ) -> dict[str, Any]:
        """What is recorded of a run."""
        self.recorded: dict[str, Any] = {}
        train(
            student(net, solver=solver),
            recipe(**changes),
            data,
            lambda params, X, **state: X @ params["W"],
            rng=np.random.default_rng(0),
            record=self.recorded.__setitem__,
        )
        return self.recorded

    def test_it_ends_as_soon_as_it_suffices(self, student: Make_, data: Any) -> None:
        recorded = self.run(student, data)
        assert recorded["needed_percent"] == 90
        assert recorded["validation_accuracy_percent"] == 100
        assert recorded["validation_accuracy_percent_by_epoch"] == [100]
        assert "slower_because" not in recorded

    def test_what_never_suffices_is_told_with_its_curve(self, student: Make_, data: Any) -> None:
        with pytest.raises(CheckFailure, match=r"After 3 epochs .* 90% are needed. By epoch: "):
            self.run(student, data, solver=SOLVER.replace("+= self.rate", "-= self.rate"))
        assert len(self.recorded["validation_accuracy_percent_by_epoch"]) == 3

    def test_weights_that_were_known_before_do_not_help(self, student: Make_, data: Any) -> None:
        """The classes have other numbers in each run."""
        known = np.array([[0, 3, -3], [3, -2, -2]]).tolist()
        with pytest.raises(CheckFailure, match="90% are needed"):
            self.run(
                student,
                data,
                solver=SOLVER.replace(
                    "X, y =", f'self.net.params["W"] = np.array({known}) + 0.0; return; X, y ='
                ),
            )

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("self.net.params = 3", "dictionary with exactly W"),
            ('self.net.params["b"] = np.zeros(3)', "dictionary with exactly W"),
            ('self.net.params["W"] = np.zeros(3)', "shape (2, 3)"),
            ('self.net.params["W"] = np.zeros((2, 3), int)', "it holds int64"),
            ('self.net.params["W"] = np.full((2, 3), np.nan)', "the updates diverged"),
        ],
    )
    def test_odd_weights_are_told(self, student: Make_, data: Any, line: str, said: str) -> None:
        with pytest.raises(CheckFailure) as caught:
            self.run(student, data, solver=SOLVER.replace("X, y =", f"{line}; return; X, y ="))
        assert said in str(caught.value)

    def test_float64_weights_are_remarked(self, student: Make_, data: Any) -> None:
        wide = 'self.net.params["W"] = self.net.params["W"] + np.zeros(1); X, y ='
        recorded = self.run(student, data, solver=SOLVER.replace("X, y =", wide))
        assert recorded["slower_because"] == training.GREW

    def test_an_epoch_has_its_time(self, student: Make_, data: Any) -> None:
        slow = SOLVER.replace("X, y =", "import time; time.sleep(9); X, y =")
        with pytest.raises(StudentFault, match=r"did not return within 0\.5 s"):
            self.run(student, data, solver=slow, epoch_seconds=0.5)

    def test_the_forward_pass_gets_the_state_that_it_needs(self, student: Make_, data: Any) -> None:
        seen: list[Any] = []

        def forward(params: Any, X: Any, norms: Any) -> Any:
            seen.append(norms)
            return (X - norms[0]["mean"]) @ params["W"]

        train(
            student(NET, solver=SOLVER),
            recipe(state={"norms": [{"mean": (2,)}]}),
            data,
            forward,
            rng=np.random.default_rng(0),
            record=lambda *_: None,
        )
        ((norm,),) = seen
        assert norm.keys() == {"mean"}
        assert norm["mean"].tolist() == [0, 0]

    @pytest.mark.parametrize(
        ("norms", "said"),
        [
            ("None", "must be a list of 1 dicts"),
            ("[{}]", "no 'mean' in the dict `norms[0]`"),
            ("[{'mean': 3}]", "norms[0]['mean']"),
        ],
    )
    def test_a_state_that_is_not_there_is_told(
        self, student: Make_, data: Any, norms: str, said: str
    ) -> None:
        net = NET.replace('[{"mean": np.zeros(2), "mode": "train"}]', norms)
        with pytest.raises(CheckFailure) as caught:
            self.run(student, data, net=net, state={"norms": [{"mean": (2,)}]})
        assert said in str(caught.value)

    def test_tiny_weights_cost_no_time_and_huge_ones_are_wrong(self) -> None:
        def forward(params: Any, X: Any) -> Any:
            assert (params["W"] == 0).all()
            return X @ params["W"]

        X, y = np.ones((2, 2)), np.array([0, 1])
        assert training.accuracy(forward, {"W": np.full((2, 2), 1e-300)}, X, y) == 0.5
        huge = {"W": np.full((2, 2), 1e308)}
        assert 0 <= training.accuracy(lambda params, X: X @ params["W"], huge, X, y) <= 1


class TestPlugin:
    """The options and fixtures are there where a suite asks for them, and nowhere else."""

    def pytest(self, *arguments: Any, cwd: Path) -> str:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
        run = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return run.stdout + run.stderr

    def test_another_project_gains_no_options(self, tmp_path: Path) -> None:
        (tmp_path / "test_mine.py").write_text("def test_one(): pass\n")
        said = self.pytest("--help", cwd=tmp_path)
        assert "--collect-only" in said
        assert "--submission" not in said
        assert "--seed" not in said

    def test_a_suite_runs_as_ordinary_tests(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        (course.suites / "conftest.py").write_text('pytest_plugins = ["kit.checks.plugin"]\n')
        for work, said in ((SOLUTION, "3 passed"), ("def double(x): return 3 * x", "3 failed")):
            (tmp_path / "in/nndl").mkdir(parents=True, exist_ok=True)
            (tmp_path / "in/nndl/work.py").write_text(work)
            told = self.pytest("autograder/tiny", "--submission", tmp_path / "in", cwd=course.root)
            assert said in told
