"""The smallest example of a failure is small, true, nobody's secret, and changes no grade."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kit.course import Assignment, find_assignment
from kit.grading.diagnosis import catalogue, smallest
from kit.grading.diagnosis.smallest import is_plain
from kit.grading.grader import Grader
from kit.intake.submission import sources_of
from kit.release.coverage import made
from kit.results import Result, SmallExample
from tests.support.course import ROOT, SOLUTION, submission, write_course

pytestmark = pytest.mark.usefixtures("warm")

MISTAKES = """
import numpy as np

from kit.checks.mistakes import Mistake

MISTAKES = (
    Mistake("sevenfold", "double", {"factor": 7}, "Yours is seven times x."),
    Mistake("silent", "remember", {"kept": False}, "Yours keeps nothing."),
)


def implementation(changes):
    on = {"factor": 2, "kept": True, **changes}

    def double(x):
        return on["factor"] * x

    def remember(state, x):
        if on["kept"]:
            state["x"] = np.array(x)
        return dict(state)

    return {"work.double": double, "work.remember": remember}
"""
SUITE = '''\
import pytest


@pytest.mark.task("double", points=4)
def test_unseen(student, expect, rng):
    """y = 2 x"""
    x = rng.normal(size=(4, 5))
    expect.close(student.work.double(x.copy()), 2 * x, "double(x)")


@pytest.mark.task("remember", points=2)
def test_remember(student, expect, rng):
    """state["x"] is x, also the second time."""
    x, y = rng.normal(size=(2, 3))
    with student.together():
        first = student.work.remember({}, x)
        second = student.work.remember(first, y)
    expect.close(expect.entry(second.value, "x"), y, "x")
'''
WORK = SOLUTION.replace("= np.array(x)\n", "= np.array(x)\n    return dict(state)\n")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return write_course(tmp_path_factory.mktemp("course"), SUITE, mistakes=MISTAKES)


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course) as ready:
        yield ready


def work(double: str = "return 2 * x", remember: str = "return dict(state)") -> str:
    """What a student hands in whose functions end with these lines."""
    return WORK.replace("return 2 * x", double).replace("return dict(state)", remember)


@pytest.fixture
def example(grader: Grader) -> Callable[..., SmallExample | None]:
    """``example("double", double=...)``: the example of a task that fails."""

    def find(task: str, **lines: str) -> SmallExample | None:
        result = grader.grade(submission(work(**lines)))
        assert result.status == "graded", result.message
        found = next(each for each in result.tasks if each.id == task)
        assert found.status == "failed"
        return found.example

    return find


class TestExample:
    def test_it_is_three_lines_with_one_number(self, example) -> None:
        found = example("double", double="return 3 * x")
        assert found == SmallExample(
            "from nndl.work import double; x = np.array([[1.]])",
            "print(double(x))  # gives [[3.]]",
            "# right: [[2.]]",
        )

    def test_what_goes_wrong_only_in_some_shapes_or_values_is_kept(self, example) -> None:
        wide = example("double", double="return 3 * x if x.shape[1] > 1 else 2 * x")
        assert "x = np.array([[1., 1.]])" in wide.inputs
        low = example("double", double="return np.where(x < 0, x, 2 * x)")
        assert re.search(r"x = np\.array\(\[\[-\d\.\]\]\)", low.inputs)

    def test_another_shape_or_type_is_said(self, example) -> None:
        assert example("double", double="return 2 * x.ravel()").gives == (
            "print(np.shape(double(x)))  # gives (1,)"
        )
        assert example("double", double="return [2 * x]").gives == (
            "print(isinstance(double(x), np.ndarray))  # gives False"
        )
        assert example("double", double="2 * x").gives == "print(double(x))  # gives None"

    def test_a_later_step_is_one_call_with_what_was_kept(self, example) -> None:
        later = 'return {"x": -np.array(x) if "kept" in state else np.array(x), "kept": 7}'
        found = example("remember", remember=later)
        assert found.gives.startswith('print(remember({"kept": 7}, x)["x"])  # gives [')

    def test_an_exception_is_said_in_one_line(self, example) -> None:
        found = example("double", double='raise ValueError("no\\nimport os\\x0bos._exit(3)")')
        assert found.gives == "double(x)  # raises ValueError: no import os\\x0bos._exit(3)"
        assert found.right == "# right: [[2.]]"

    def test_what_is_not_written_has_none(self, example) -> None:
        assert example("double", double="raise NotImplementedError()") is None

    def test_what_a_known_mistake_explains_needs_none(self, example) -> None:
        assert example("double", double="return 7 * x") is None
        assert example("double", double="return 7 * x + 1e-3") is not None

    def test_code_that_did_not_return_has_none(self, example) -> None:
        """What it would have answered is not known, so there is nothing to look for."""
        ends = "import os; x.size > 19 and os._exit(0); return 3 * x"
        assert example("double", double=ends) is None

    def test_what_is_not_looked_at_by_a_failed_check_is_not_blamed(self, grader: Grader) -> None:
        result = grader.grade(submission(work(double="return 3 * x")))
        assert [task.example is not None for task in result.tasks] == [True, False, False]


@pytest.fixture(scope="module")
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Some mistakes of an assignment, as if nobody knew them: the folder and the example."""
    assignment = find_assignment(request.param, ROOT)
    mistakes = catalogue.load(assignment)
    names = KNOWN[request.param]
    tasks = {mistakes.tasks[each] for name in names for each in name.split("+")}
    found = []
    with pytest.MonkeyPatch.context() as patched, Grader(assignment, tasks) as grader:
        patched.setattr(smallest, "is_open", lambda *_: True)
        for name in names:
            earlier, _, last = name.rpartition("+")
            handed_in = made(assignment, mistakes, last)
            if earlier:  # in another file
                file = made(assignment, mistakes, earlier).files
                changed = {"nndl/layers.py": file["nndl/layers.py"]}
                handed_in = replace(handed_in, files={**handed_in.files, **changed})
            folder = tmp_path_factory.mktemp("submission")
            for path, data in sources_of(assignment, handed_in).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            tasks_of = {task.id: task for task in grader.grade(handed_in).tasks}
            found.append((name, folder, tasks_of[mistakes.tasks[last]].example))
    return found


KNOWN = {
    "optimization": [
        "sgd_momentum.gradient_scaled",
        "rmsprop.no_epsilon",
        "adam.t_never_stored",
        "affine_backward.dx_untransposed",
        "affine_forward.no_bias+affine_relu.backward_without_relu",
        "fc_net.last_loss_only",
        "fc_net.numbered_from_zero",
    ],
    "batchnorm": [
        "batchnorm_forward.momentum_fixed",
        "batchnorm_backward.dbeta_row",
        "fc_net.bn_param_shared",
    ],
    "cnn": [
        "conv_forward_naive.stride_ignored",
        "conv_backward_naive.dx_corner",
        "max_pool_backward_naive.absolute",
    ],
}


@pytest.mark.parametrize("known", KNOWN, indirect=True)
def test_the_three_lines_print_what_they_claim(known: list[Any]) -> None:
    """They run with the student's code where NumPy is imported, and are small."""
    for name, folder, example in known:
        assert example is not None, name
        lines = "\n".join(["import numpy as np", example.inputs, example.gives, example.right])
        command = [sys.executable, "-c", lines]
        ran = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        _, said, claimed = re.split("  # (gives|raises) ", example.gives)
        if said == "raises":
            assert ran.returncode == 1
            assert ran.stderr.strip().splitlines()[-1].startswith(claimed[:60]), name
        else:
            assert " ".join(ran.stdout.split()) == claimed, (name, ran.stderr)
        assert all(each in "123" for each in longest_axes(example.inputs)), name


def longest_axes(inputs: str) -> list[str]:
    """The longest axis of each array in the inputs of an example."""
    values: dict[str, Any] = {"np": np}
    assigned = inputs.partition("; ")[2]
    exec(assigned, values)
    names = filter(None, assigned.partition(" = ")[0].split(", "))
    return [str(max(each.shape)) for name in names for each in arrays_in(values[name])]


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)


COUNTS = """
CALLS = []


def double(x):
    CALLS.append(1)
    return {}
"""
LEAKS = """
SEEN = []


def double(x):
    SEEN.append(np.array(x))
    print(SEEN[0].tolist())
    {}
"""
KEEPS = 'print(np.array(x).tolist()); return {{"x": -np.array(x) if {} else np.array(x), {}}}'
HOSTILE = {
    "right only at first": COUNTS.format("2 * x if len(CALLS) > 1 else 3 * x"),
    "another answer each time": COUNTS.format("x * len(CALLS) * 3"),
    "what it saw first": LEAKS.format("return SEEN[0].ravel()[:x.size].reshape(x.shape)"),
    "raises what it saw first": LEAKS.format("raise ValueError(str(SEEN[0].tolist()))"),
    "huge": work("return 3 * x if x.size > 19 else np.zeros(10**6)"),
    "many": work("return 3 * x if x.size > 19 else [list(range(9))] * 10**4"),
    "cyclic": work("made = [3 * x]; made.append(made); return made if x.size < 20 else 3 * x"),
    "sleeps": work("import time; time.sleep(60 * (x.size < 20)); return 3 * x"),
    "ends": work("import os; x.size > 19 or os._exit(0); return 3 * x"),
    "exits": work("x.size > 19 or exit(0); return 3 * x"),
    "of its own kind": work("return 3 * x if x.size > 19 else type('W' + str(x), (), {})()"),
    "keeps what it saw as a name": work(remember=KEEPS.format("len(state) > 1", "str(x[0]): 1")),
    "keeps what it saw as a text": work(remember=KEEPS.format("'kept' in state", "'kept': str(x)")),
    "keeps what it saw as a number": work(
        remember=KEEPS.format("'kept' in state", "'kept': float(x[0])")
    ),
}


class TestHarmsNothing:
    @pytest.mark.parametrize("program", HOSTILE)
    def test_the_verdict_is_the_same_as_without_a_search(
        self, program: str, grader: Grader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = HOSTILE[program]
        text = text if "def remember" in text else WORK + text
        first, again = (grader.grade(submission(text)) for _ in range(2))
        assert first.status == "graded", first.message
        assert without_time(first) == without_time(again)
        for found in examples(first):
            assert not set(numbers(first.output)) & set(numbers(found)), found
            assert max(map(len, found.splitlines())) < 1300
        after = grader.grade(submission(work(double="return 3 * x")))
        assert "gives [[3.]]" in "".join(examples(after))
        monkeypatch.setattr(Grader, "_examples", lambda *_: {})
        plain = grader.grade(submission(text))
        assert without_example(first) == without_time(plain)

    def test_what_is_shown_was_seen_in_a_new_process(self, grader: Grader) -> None:
        text = WORK + COUNTS.format("3 * x if x.size > 19 or len(CALLS) > 1 else 2 * x")
        assert examples(grader.grade(submission(text))) == []

    def test_what_is_huge_is_not_looked_at(self, example) -> None:
        assert example("double", double="return np.zeros(10**5)") is None

    def test_a_number_or_a_word_of_the_grading_run_is_not_shown(self) -> None:
        words = frozenset({"x", "W", "train"})
        plain = SmallExample(
            'x = np.array([[1., -0.3]]), {"x": 1, "W2": 0.9}', "f(x)  # gives 0.123", ""
        )
        assert is_plain(plain, words)
        for drawn in (
            "x = 0.123456",
            'x = {"secret": 1}',
            "x = 1234",
            'x = "W1234"',
            "x = (",
            'x = b"x"',
        ):
            assert not is_plain(replace(plain, inputs=drawn), words), drawn

    def test_a_lost_worker_costs_the_example_alone(
        self, grader: Grader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*_: object) -> None:
            raise grader._parent.lose("a worker was killed")

        with monkeypatch.context() as patched:
            patched.setattr("kit.grading.diagnosis.smallest.carried_out", lost)
            result = grader.grade(submission(work(double="return 3 * x")))
        assert (result.status, examples(result)) == ("graded", [])
        assert examples(grader.grade(submission(work(double="return 3 * x"))))


def examples(result: Result) -> list[str]:
    """The text of the examples."""
    found = [task.example for task in result.tasks if task.example is not None]
    return ["\n".join([each.inputs, each.gives, each.right]) for each in found]


def numbers(text: str) -> list[str]:
    """The numbers with many digits in a text."""
    return re.findall(r"\d\.\d{4}", text)


def without_time(result: Result) -> Result:
    return replace(result, seconds=0.0)


def without_example(result: Result) -> Result:
    tasks = tuple(replace(task, example=None) for task in result.tasks)
    return replace(without_time(result), tasks=tasks)
