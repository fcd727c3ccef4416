"""The second homework: right answers get full marks, mistakes cost what they concern, no more."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kit.checks import derivatives
from kit.checks.documented import case
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.provided import suites_importable
from tests.support import student_versions
from tests.support.course import ROOT
from tests.support.processes import PATIENCE
from tests.support.results import task_of
from tests.support.teams import check_caught, submission_of, teams
from tests.support.variants import altered, files_in, graders, lost, rewritten, unit_tasks_grader

pytestmark = pytest.mark.usefixtures("warm")

ASSIGNMENT = Assignment(ROOT, "batchnorm")
DOCUMENTED = json.loads((ASSIGNMENT.suites / "documented.json").read_text(encoding="utf-8"))
CELLS = {
    cell["id"]: cell
    for cell in json.loads(ASSIGNMENT.notebook.read_text(encoding="utf-8"))["cells"]
}
CORRECT = files_in("batchnorm/correct")
handed_in = partial(altered, ASSIGNMENT)
KNOWN = catalogue.load(ASSIGNMENT)
TEAMS = teams(
    KNOWN,
    ("batchnorm_forward", "dropout_forward"),
    ("batchnorm_backward", "dropout_backward", "affine_batchnorm_relu", "fc_net"),
)
SEEDS = range(20)


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with unit_tasks_grader(ASSIGNMENT) as ready:
        yield ready


@pytest.fixture(scope="module")
def grader_of() -> Iterator[Callable[..., Grader]]:
    with graders(ASSIGNMENT) as ready:
        yield ready


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    with suites_importable(ASSIGNMENT):
        return importlib.import_module("batchnorm.oracle")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as a student has it who solved everything."""
    return student_versions.solved(ASSIGNMENT, tmp_path_factory.mktemp("solved") / "batchnorm")


class TestRightAnswers:
    def test_there_are_many_for_every_module(self) -> None:
        modules = {path.stem for path in ASSIGNMENT.solutions.glob("nndl/*.py")}
        assert {path.parent.name for path in CORRECT.values()} == modules
        assert len(CORRECT) >= 25

    @pytest.mark.parametrize("name", CORRECT)
    def test_each_gets_full_marks_whatever_the_inputs(
        self, grader: Grader, name: str, drawn: Callable[..., Sequence[int]]
    ) -> None:
        for seed in drawn(SEEDS, 1, name):
            result = grader.grade(rewritten(ASSIGNMENT, CORRECT[name]), seed).as_dict()
            assert result["status"] == "graded"
            assert lost(result) == {}, f"with seed {seed}"


class TestMistakes:
    def test_there_are_many(self) -> None:
        assert len(KNOWN.tasks) >= 60

    @pytest.mark.slow
    @pytest.mark.parametrize("first", TEAMS)
    def test_each_is_caught_and_named(self, grader_of: Any, first: str) -> None:
        """With those of other tasks at once; that it fails no other is shown below."""
        mistakes, tasks = TEAMS[first]
        result = grader_of(*tasks).grade(submission_of(ASSIGNMENT, KNOWN, *mistakes)).as_dict()
        check_caught(result, KNOWN, *mistakes)

    @pytest.mark.slow
    @pytest.mark.one_in(20, 5)
    @pytest.mark.parametrize("mistake", KNOWN.tasks)
    def test_alone_it_fails_no_other_task(self, grader: Grader, mistake: str) -> None:
        result = grader.grade(submission_of(ASSIGNMENT, KNOWN, mistake)).as_dict()
        check_caught(result, KNOWN, mistake)

    @pytest.mark.parametrize(
        ("module", "old", "new", "task", "points"),
        [
            (
                "batchnorm",
                "np.sqrt(var + eps)\n",
                "(np.sqrt(var) + eps)\n",
                "batchnorm_forward",
                16,
            ),
            ("batchnorm", "(var + eps)\n", "(var * 2 + eps)\n", "batchnorm_forward", 16),
            ("batchnorm", "momentum * running_mean +", "running_mean +", "batchnorm_forward", 17),
            ("batchnorm", "out = gamma * (x - running_mean)", "out = x", "batchnorm_forward", 16),
            ("dropout", "kept / (1 - p)", "kept / 1", "dropout_forward", 12),
            ("dropout", "dx = dout\n", "dx = 0 * dout\n", "dropout_backward", 5),
        ],
    )
    def test_what_works_earns_its_share_and_nothing_else_is_lost(
        self, grader: Grader, module: str, old: str, new: str, task: str, points: int
    ) -> None:
        """So a wrong forward pass leaves the points of the backward pass that fits it."""
        result = grader.grade(handed_in(**{module: (old, new)}), 0).as_dict()
        assert list(lost(result)) == [task]
        assert task_of(result, task)["score"] == points

    @pytest.mark.parametrize(
        ("module", "old", "new"),
        [
            ("layers", "dout * (x > 0)", "dout"),
            ("layers", "@ w + b", "@ w"),
            ("layer_utils", "relu_forward(hidden)", "relu_forward(-hidden)"),
            ("optim", "import numpy as np", "raise ValueError"),
        ],
    )
    def test_a_mistake_of_the_last_homework_costs_nothing(
        self, grader: Grader, module: str, old: str, new: str
    ) -> None:
        assert lost(grader.grade(handed_in(**{module: (old, new)}), 0).as_dict()) == {}

    def test_the_last_homework_need_not_be_brought_for_what_does_not_train(
        self, grader: Grader
    ) -> None:
        own = {f"nndl/{path.name}" for path in ASSIGNMENT.solutions.glob("nndl/*.py")}
        files = {n: data for n, data in handed_in().files.items() if n in own}
        assert lost(grader.grade(Submission("cyn", files), 0).as_dict()) == {}

    def test_what_is_handed_out_earns_nothing(self, grader: Grader) -> None:
        files = {n: (ASSIGNMENT.release / n).read_bytes() for n in ASSIGNMENT.student_files}
        result = grader.grade(Submission("bob", files), 0)
        assert (result.status, result.score) == ("graded", 0)


class TestNotebook:
    def test_its_example_is_the_documented_one(self, solved: Path) -> None:
        source = "import numpy as np\n" + "".join(CELLS["batchnorm_forward"]["source"])
        done = subprocess.run(
            [sys.executable, "-c", source],
            cwd=solved,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        printed = dict(re.findall(r"^(.+): (\S+)$", done.stdout, flags=re.MULTILINE))
        assert printed == {
            k: repr(v) for k, v in DOCUMENTED["batchnorm_forward"]["printed"].items()
        }

    def test_it_shows_the_documented_numbers(self) -> None:
        shown: dict[str, np.ndarray] = {"np": np}
        source = "".join(CELLS["batchnorm_forward"]["source"])
        exec(source.partition("out, _ =")[0].partition("import check\n")[2], shown)
        exec(source.partition("bn_param)\n")[2].partition("check(")[0], shown)
        documented = case(DOCUMENTED["batchnorm_forward"])
        for name in ("x", "gamma", "beta"):
            np.testing.assert_array_equal(shown[name], documented.inputs[name])
        np.testing.assert_equal(shown["bn_param"], documented.inputs["bn_param"])
        for name, right in documented.expected.items():
            np.testing.assert_array_equal(shown[f"expected_{name}"], right)

    def test_the_documented_numbers_are_the_oracle_s(self, oracle: ModuleType) -> None:
        documented = case(DOCUMENTED["batchnorm_forward"])
        x, gamma, beta, bn_param = documented.inputs.values()
        starts = {name: bn_param[name] for name in ("running_mean", "running_var")}
        right = oracle.running([x], bn_param["momentum"], **starts)
        right["out"] = oracle.batchnorm(x, gamma, beta, eps=bn_param["eps"])
        assert documented.is_right(right)

    def test_it_trains_by_the_recipe_of_the_grader(self) -> None:
        suite = (ASSIGNMENT.suites / "test_cifar10.py").read_text(encoding="utf-8")
        cell = "".join(CELLS["train-best"]["source"])
        for setting in ("learning_rate", "lr_decay", "batch_size", "dropout", "weight_scale"):
            values = re.compile(rf'{setting}"?[=:] ?([^,}}\s]+)')
            assert values.findall(suite) == values.findall(cell) != [], setting


class TestOracle:
    """The oracle against the definitions, written in another way once more."""

    def test_variance_is_the_mean_squared_distance_from_the_mean(self, oracle, rng) -> None:
        x = rng.normal(size=(5, 3))
        np.testing.assert_allclose(oracle.variance(x), ((x - x.mean(0)) ** 2).mean(0))

    def test_batchnorm_gives_the_mean_beta_and_the_deviation_gamma(self, oracle, rng) -> None:
        gamma, beta = rng.uniform(1, 2, 3), rng.normal(size=3)
        out = oracle.batchnorm(rng.normal(2, 3, (50, 3)), gamma, beta, eps=0)
        np.testing.assert_allclose(out.mean(0), beta)
        np.testing.assert_allclose(out.std(0), gamma)

    def test_running_averages_are_the_recurrence(self, oracle, rng) -> None:
        batches = [rng.normal(size=(n, 3)) for n in (4, 2, 6)]
        mean, var = start = rng.uniform(size=(2, 3))
        for x in batches:
            mean = 0.7 * mean + 0.3 * x.mean(axis=0)
            var = 0.7 * var + 0.3 * x.var(axis=0)
        got = oracle.running(batches, 0.7, running_mean=start[0], running_var=start[1])
        np.testing.assert_allclose(got["running_mean"], mean)
        np.testing.assert_allclose(got["running_var"], var)

    def test_gradients_of_batchnorm_agree_with_differences_and_with_the_formula(
        self, oracle, rng
    ) -> None:
        x, dout = rng.normal(size=(2, 5, 3))
        gamma, beta = rng.normal(size=(2, 3))
        got = derivatives.backward(partial(oracle.batchnorm, eps=0.3), dout, x, gamma, beta)
        numerical, step = np.empty_like(x), 1e-6
        for at in np.ndindex(x.shape):
            above, below = x.copy(), x.copy()
            above[at], below[at] = x[at] + step, x[at] - step
            difference = oracle.batchnorm(above, gamma, beta, eps=0.3) - oracle.batchnorm(
                below, gamma, beta, eps=0.3
            )
            numerical[at] = np.sum(difference * dout) / (2 * step)
        np.testing.assert_allclose(got[0], numerical, rtol=1e-6, atol=1e-8)
        scale = 1 / np.sqrt(x.var(0) + 0.3)
        formula = oracle.by_formula(dout, gamma, (x - x.mean(0)) * scale, scale)
        for one, other in zip(got, formula, strict=True):
            np.testing.assert_allclose(one, other)

    def test_a_net_is_layer_after_layer(self, oracle, rng) -> None:
        params = {"W1": rng.normal(size=(4, 3)), "b1": rng.normal(size=3)}
        params |= {"gamma1": rng.normal(size=3), "beta1": rng.normal(size=3)}
        params |= {"W2": rng.normal(size=(3, 2)), "b2": rng.normal(size=2)}
        X, mask = rng.normal(size=(5, 4)), rng.integers(2, size=(5, 3)) * 2.0
        hidden = X @ params["W1"] + params["b1"]
        tested = (hidden - 0.5) / np.sqrt(2 + 1e-5) * params["gamma1"] + params["beta1"]
        trained = (hidden - hidden.mean(0)) / np.sqrt(hidden.var(0) + 1e-5)
        trained = np.maximum(trained * params["gamma1"] + params["beta1"], 0) * mask
        np.testing.assert_allclose(
            oracle.hidden_inputs(params, X, [mask])[-1], trained @ params["W2"] + params["b2"]
        )
        averages = {"running_mean": np.full(3, 0.5), "running_var": np.full(3, 2.0)}
        np.testing.assert_allclose(
            oracle.forward(params, X, [averages]),
            np.maximum(tested, 0) @ params["W2"] + params["b2"],
        )
