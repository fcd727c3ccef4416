"""A task is judged by itself where what it builds on is wrong, and nothing but right code earns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kit.course import Assignment, CourseError
from kit.grading.earlier import MOST_VALUES, Answers
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from tests.support.course import SOLUTION, submission, write_course
from tests.support.hostile import reference
from tests.support.results import task_of
from tests.support.variants import unit_tasks_grader

pytestmark = pytest.mark.usefixtures("warm")

LATER = '''\
"""What builds on work.py."""

from nndl.work import double


def fourfold(x):
    """Four times ``x``."""
    # YOUR CODE HERE: remember
    return double(double(x))
    # END YOUR CODE HERE
'''
SUITE = '''\
import pytest


@pytest.mark.task("double", points=4)
def test_double(student, expect, rng):
    """y = 2 x"""
    x = rng.normal(size=(2, 3))
    expect.close(student.work.double(x), 2 * x, "double(x)")


@pytest.mark.task("remember", points=1)
def test_fourfold(student, expect, rng):
    """y = 4 x, by double."""
    x = rng.normal(size=3)
    expect.close(student.later.fourfold(x), 4 * x, "fourfold(x)")


@pytest.mark.task("remember", points=1)
def test_fourfold_twice(student, expect, rng):
    """y = 16 x, by double."""
    x = rng.normal(size=3)
    with student.together():
        first = student.later.fourfold(x)
        second = student.later.fourfold(first)
    expect.close(second.value, 16 * x, "fourfold(fourfold(x))")
'''
EARLIER = """\
def double(x):
    if x.shape == (3,):
        return x + x
    raise TypeError("not of three numbers")


EARLIER = {"remember": ("double",)}
FUNCTIONS = {"double": {"work.double": double}}
"""
BY_ORACLE = """\
import oracle

EARLIER = {"remember": ("double",)}
FUNCTIONS = {"double": {"work.double": oracle.double}}
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    course = write_course(tmp_path_factory.mktemp("course"), SUITE)
    (course.solutions / "nndl/later.py").write_text(LATER)
    (course.suites / "earlier.py").write_text(EARLIER)
    return course


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course) as ready:
        yield ready


@pytest.fixture
def graded(grader: Grader) -> Callable[..., dict[str, Any]]:
    """``graded(double=..., later=...)``: what a submission with these last lines gets."""

    def grade(
        double: str = "return 2 * x", later: str = "return double(double(x))", before: str = ""
    ) -> dict[str, Any]:
        work = SOLUTION.replace("return 2 * x", double)
        files = submission(work).files | {
            "nndl/later.py": before.encode()
            + LATER.replace("return double(double(x))", later).encode()
        }
        result = grader.grade(Submission("ada", dict(files))).as_dict()
        assert result["status"] == "graded", result
        return result

    return grade


def test_each_assignment_has_its_own_oracle(tmp_path: Path) -> None:
    """Also where two are graded in one process: a module beside the suites is nobody else's."""
    results = []
    with ExitStack() as kept:
        for name, right in (("wrong", "x + 1"), ("right", "2 * x")):
            course = write_course(tmp_path / name, f"import oracle\n{SUITE}")
            (course.solutions / "nndl/later.py").write_text(LATER)
            (course.suites / "oracle.py").write_text(f"def double(x):\n    return {right}\n")
            (course.suites / "earlier.py").write_text(BY_ORACLE)
            work = SOLUTION.replace("return 2 * x", "return 3 * x")
            files = submission(work).files | {"nndl/later.py": LATER.encode()}
            grader = kept.enter_context(Grader(course))
            results.append(grader.grade(Submission("ada", files)).as_dict())
    assert [task_of(each, "remember")["score"] for each in results] == [0, 2]


class TestSecondLook:
    """The checks of a later task are run again with right functions in place of wrong ones."""

    @pytest.mark.parametrize(
        "double",
        [
            "return 3 * x",
            "return None",
            "raise ValueError('no')",
            "raise NotImplementedError",
            "import os; os._exit(0)",
            "x[:] = 0; return x",
        ],
    )
    def test_a_mistake_of_any_kind_costs_its_own_task_only(self, graded, double: str) -> None:
        result = graded(double=double)
        later = task_of(result, "remember")
        assert result["score"] == 2
        assert (later["score"], later["follows_from"]) == (2, ["double"])
        assert "a right `double` in place of yours" in later["checks"][0]["message"]

    def test_a_mistake_of_its_own_is_told_as_it_is_with_right_functions(self, graded) -> None:
        result = graded(double="return 3 * x", later="return 5 * double(x)")
        assert result["score"] == 0
        check = task_of(result, "remember")["checks"][0]
        assert "10 at" not in check["message"]
        assert float(check["got"]) / float(check["expected"]) == pytest.approx(2.5)
        assert "follows_from" not in task_of(result, "remember")

    def test_what_passes_with_a_student_s_own_functions_is_not_run_again(self, graded) -> None:
        """He may well have written what fits his own: a later task is not judged harder."""
        result = graded(double="return 2 * x + 0 * x[0, 0]", later="return 4 * x")
        assert task_of(result, "remember")["score"] == 2

    def test_a_right_submission_needs_none(self, graded) -> None:
        result = graded()
        assert result["score"] == 6
        assert not any("follows_from" in task for task in result["tasks"])

    def test_right_functions_are_no_answer_to_their_own_task(self, graded) -> None:
        """Code that finds the right function in place of its own gets nothing for it."""
        later = "import nndl.work; nndl.work.double = double; return double(double(x))"
        result = graded(double="raise ValueError", later=later)
        assert task_of(result, "double")["score"] == 0

    @pytest.mark.parametrize(
        "later",
        [
            "return double(double)",
            "return double(np.zeros((1000, 1000)))",
            "return double([object()])",
            "return double(x, x, x)",
            "return double(y=x)",
            "return double({'a': [x] * 1000})",
            "return double('x' * 10**6)",
            "return [double(x[:2]) for _ in range(3)]",
        ],
    )
    def test_odd_questions_are_the_student_s_exceptions(self, graded, later: str) -> None:
        result = graded("raise ValueError", later, "import numpy as np\n")
        check = task_of(result, "remember")["checks"][0]
        assert (check["status"], result["score"]) == ("failed", 0)
        assert "raised" in check["message"]

    @pytest.mark.parametrize("name", ["work.double'", "test_work.SUITE", "__init__", "work"])
    def test_nothing_else_can_be_asked_for(self, graded, name: str) -> None:
        later = f"from kit.sandbox.worker.asking import asked; return asked({name!r})(x)"
        result = graded("raise ValueError", later)
        assert result["score"] == 0
        assert "can't take these arguments" in task_of(result, "remember")["checks"][0]["message"]
        assert "error" in Answers({"work.double": lambda x: x})(name, [1])

    def test_arrays_that_are_too_large_are_not_computed_with(self) -> None:
        answers = Answers({"work.double": lambda x: 2 * x})
        most = np.zeros(MOST_VALUES)
        assert "value" in answers("work.double", [most])
        assert "too large" in answers("work.double", [[{"x": most}, 1]])["error"]

    def test_without_a_wrong_task_nothing_can_be_asked_for(self, graded) -> None:
        twice = "asked('work.double')(asked('work.double')(x))"
        result = graded(later=f"from kit.sandbox.worker.asking import asked; return {twice}")
        assert task_of(result, "remember")["score"] == 0
        assert "malformed reply" in task_of(result, "remember")["checks"][0]["message"]

    def test_no_source_of_an_answer_is_in_the_process(self, graded) -> None:
        """What is there in place of the student's functions is the skeleton that he has."""
        later = (
            "import gc, inspect, linecache; "
            "print([inspect.getsource(nndl.work), *map(repr, gc.get_objects())]); return x"
        )
        result = graded("raise ValueError('mine')", later, "import nndl.work\n")
        assert "return 2 * x" not in result["output"]
        assert "x + x" not in result["output"]

    def test_an_answer_for_nobody_is_refused(self, tmp_path) -> None:
        course = write_course(tmp_path, SUITE)
        (course.suites / "earlier.py").write_text(EARLIER.replace('{"double": {', '{"remember": {'))
        with pytest.raises(CourseError, match="FUNCTIONS has none for double"):
            Grader(course)


EXCEPTIONS = (
    "ValueError ValueError('x') TypeError KeyError('v') IndexError AttributeError "
    "ZeroDivisionError AssertionError StopIteration SystemExit RecursionError FloatingPointError"
).split()
NOTHING = ["return None", "return ZEROS", "return ARGUMENT", "return (ARGUMENT, ARGUMENT)"]
METHODS = {
    "nndl/optim.py": ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam"),
    "nndl/layers.py": ("affine_forward", "affine_backward", "relu_forward", "relu_backward"),
    "nndl/layer_utils.py": ("affine_relu_forward", "affine_relu_backward"),
    "nndl/fc_net.py": ("FullyConnectedNet.loss", "FullyConnectedNet.__init__"),
}
EACH = [(path, name) for path, names in METHODS.items() for name in names]


@pytest.fixture(scope="module")
def real(optimization: Assignment) -> Iterator[Grader]:
    with unit_tasks_grader(optimization) as ready:
        yield ready


@pytest.fixture(scope="module")
def score(optimization: Assignment, real: Grader) -> Callable[..., float]:
    """``score(body, *functions)``: what the solution gets where ``functions`` do only ``body``."""

    @cache
    def of(body: str, *functions: tuple[str, str]) -> float:
        files = dict(reference(optimization).files)
        for path, name in functions:
            owner, _, _ = name.rpartition(".")
            place = "1" if owner else "0"
            line = body.replace("ARGUMENT", f"a[{place}]").replace(
                "ZEROS", f"__import__('numpy').zeros_like(a[{place}])"
            )
            added = f"\n\ndef _nothing(*a, **k):\n    {line}\n{name} = _nothing\n"
            files[path] += added.encode()
        with pytest.MonkeyPatch.context() as patched:  # only the score is looked at
            patched.setattr("kit.grading.grader.explain", lambda *_, **__: {})
            patched.setattr(Grader, "_examples", lambda *_: {})
            result = real.grade(Submission("nothing", files)).as_dict()
        assert result["status"] == "graded"
        return float(result["score"])

    return of


class TestNothingEarnsNothing:
    """Code that only raises, or returns what it has, gets what code gets that is not written."""

    @pytest.mark.one_in(11, 0)  # which meets each function, and each body
    @pytest.mark.parametrize("body", [*(f"raise {name}" for name in EXCEPTIONS), *NOTHING])
    @pytest.mark.parametrize("function", EACH, ids=[name for _, name in EACH])
    def test_in_one_function(self, score, function: tuple[str, str], body: str) -> None:
        assert score(body, function) == score("raise NotImplementedError", function)

    @pytest.mark.one_in(5, 4)  # IndexError, SystemExit, and what was given
    @pytest.mark.parametrize("body", [*(f"raise {name}" for name in EXCEPTIONS), *NOTHING])
    def test_everywhere(self, score, body: str) -> None:
        assert score(body, *EACH) == score("raise NotImplementedError", *EACH) == 0

    @pytest.mark.one_in(2, 0)
    @pytest.mark.parametrize("body", ["raise ValueError", "raise IndexError", "return None"])
    def test_in_all_backward_passes(self, score, body: str) -> None:
        backward = [each for each in EACH if "backward" in each[1]] + [EACH[-2]]
        assert score(body, *backward) == score("raise NotImplementedError", *backward)


class TestDiagnosis:
    """A second look replaces what was seen of the failed checks, and of no others."""

    SUITE = '''\
import pytest


@pytest.mark.task("double", points=4)
def test_double(student, expect, rng):
    """y = 2 x"""
    x = rng.normal(size=3)
    expect.close(student.work.double(x), 2 * x, "double(x)")


@pytest.mark.task("remember", points=1)
def test_a_table(student, expect, rng):
    """y = 4 x"""
    x = rng.normal(size=(2, 3))
    expect.close(student.later.fourfold(x), 4 * x, "fourfold(x)")


@pytest.mark.task("remember", points=1)
def test_a_row(student, expect, rng):
    """y = 4 x"""
    x = rng.normal(size=3)
    expect.close(student.later.fourfold(x), 4 * x, "fourfold(x)")
'''
    MISTAKES = """\
from kit.checks.mistakes import Switches

SWITCHES = Switches({"remember": {"row": 4, "table": 4}})
MISTAKES = SWITCHES.mistakes(
    "remember",
    ("rows", {"row": 5}, "You take rows times five."),
    ("all", {"row": 5, "table": 5}, "You take everything times five."),
)


def implementation(changes):
    on = SWITCHES.on(changes)["remember"]
    return {"later.fourfold": lambda x: on["row" if x.ndim == 1 else "table"] * x}
"""

    def test_what_passed_still_tells_mistakes_apart(self, tmp_path) -> None:
        """Both mistakes do what was seen of rows; only one of them leaves tables right."""
        course = write_course(tmp_path / "course", self.SUITE)
        (course.solutions / "nndl/later.py").write_text(LATER)
        (course.suites / "earlier.py").write_text(EARLIER)
        (course.suites / "mistakes.py").write_text(self.MISTAKES)
        double = SOLUTION.replace("return 2 * x", "return 2 * x if x.ndim == 2 else 3 * x")
        later = LATER.replace("double(double(x))", "(2 if x.ndim == 2 else 2.5) * double(x)")
        files = {"nndl/work.py": double.encode(), "nndl/later.py": later.encode()}
        with Grader(course) as grader:
            task = task_of(grader.grade(Submission("ada", files)).as_dict(), "remember")
        assert [check["status"] for check in task["checks"]] == ["passed", "failed"]
        assert task["diagnosis"]["mistakes"] == ["remember.rows"]


class TestState:
    """What a right function keeps in a dict arrives there, and it may be called by keywords."""

    LATER = (
        "from nndl.work import count\n\n\ndef counted(x, state):\n"
        '    """How often it was called with ``state``."""\n'
        "    # YOUR CODE HERE: remember\n"
        "    count(x, state=state)\n"
        "    return count(state=state, x=x)\n"
        "    # END YOUR CODE HERE\n"
    )
    WORK = (
        'def count(x, state, step=1):\n    """One more."""\n    # YOUR CODE HERE: double\n'
        '    state["n"] = state.get("n", 0) + step\n    return state["n"] + 0 * x\n'
        "    # END YOUR CODE HERE\n"
    )
    SUITE = '''\
import pytest


@pytest.mark.task("double", points=4)
def test_count(student, expect):
    """n counts the calls."""
    state = student.place({})
    expect.close(student.work.count(0.0, state), 1.0, "count")
    expect.close(expect.entry(state.fetch(), "n"), 1, "n")


@pytest.mark.task("remember", points=2)
def test_counted(student, expect):
    """It is called twice."""
    state = student.place({"mine": 1})
    expect.close(student.later.counted(0.0, state), 2.0, "counted")
    expect.close(expect.entry(state.fetch(), "n"), 2, "n")
    expect.close(expect.entry(state.fetch(), "mine"), 1, "mine")
'''
    EARLIER = (
        'def count(x, state, step=1):\n    state["n"] = state.get("n", 0) + step\n'
        '    return state["n"] + 0 * x\n\n\n'
        'EARLIER = {"remember": ("double",)}\nFUNCTIONS = {"double": {"work.count": count}}\n'
    )

    def test_a_later_task_is_judged_with_the_state_of_right_functions(self, tmp_path) -> None:
        course = write_course(tmp_path / "course", self.SUITE)
        (course.solutions / "nndl/work.py").write_text(self.WORK)
        (course.solutions / "nndl/later.py").write_text(self.LATER)
        (course.suites / "earlier.py").write_text(self.EARLIER)
        wrong = self.WORK.replace('state["n"] = ', "n = ").replace('return state["n"]', "return n")
        files = {"nndl/work.py": wrong.encode(), "nndl/later.py": self.LATER.encode()}
        with Grader(course) as grader:
            result = grader.grade(Submission("ada", files)).as_dict()
        assert task_of(result, "double")["score"] == 0
        assert task_of(result, "remember")["score"] == 2
        assert task_of(result, "remember")["follows_from"] == ["double"]
