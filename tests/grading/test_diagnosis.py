"""A known mistake is named when it explains all that was seen, and only then."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from kit.course import Assignment, CourseError
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.diagnosis.explain import _explanation, explain
from kit.grading.grader import Grader
from kit.release.coverage import Caught, count, measure
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.transcript import MOST_BYTES, Transcript
from tests.support.course import SOLUTION, submission, write_course
from tests.support.processes import descendants
from tests.support.results import task_of

pytestmark = pytest.mark.usefixtures("warm")

MISTAKES = """
import numpy as np

from kit.checks.mistakes import Mistake

MISTAKES = (
    Mistake("triple", "double", {"double.factor": 3}, "Yours is three times x."),
    Mistake("plus_one", "double", {"double.plus": 1}, "Yours adds 1."),
    Mistake("negative", "double", {"double.sign": -1}, "Yours has the wrong sign."),
    Mistake("sign_too", "double", {"double.flipped": -1}, "Yours is flipped."),
    Mistake("silent", "remember", {"remember.kept": False}, "Yours keeps nothing."),
    Mistake("raising", "remember", {"remember.raises": True}, "Yours wants a key."),
)


def implementation(changes):
    on = {
        "double.factor": 2, "double.plus": 0, "double.sign": 1, "double.flipped": 1,
        "remember.kept": True, "remember.raises": False, **changes,
    }

    def double(x):
        sign = on["double.sign"] * on["double.flipped"]
        return sign * on["double.factor"] * x + on["double.plus"]

    def remember(state, x):
        if on["remember.raises"]:
            state["y"]
        if on["remember.kept"]:
            state["x"] = np.array(x)
        return dict(state)

    return {"work.double": double, "work.remember": remember}
"""
SUITE = '''\
import pytest


@pytest.mark.task("double", points=1)
def test_one(student, expect):
    """Twice one is two."""
    expect.close(student.work.double(1.0), 2.0, "double(1)")


@pytest.mark.task("double", points=3)
def test_unseen(student, expect, rng):
    """y = 2 x"""
    x = rng.normal(size=(2, 3))
    expect.close(student.work.double(x.copy()), 2 * x, "double(x)")


@pytest.mark.task("remember", points=2)
def test_remember(student, expect, rng):
    """state["x"] is 2 x, by the student's own double."""
    x = rng.normal(size=3)
    state = student.work.remember({}, x)
    expect.close(expect.entry(state, "x"), x, "x")
'''
WORK = SOLUTION.replace("= np.array(x)\n", "= np.array(x)\n    return dict(state)\n")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return write_course(tmp_path_factory.mktemp("course"), SUITE, mistakes=MISTAKES)


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course) as ready:
        yield ready


@pytest.fixture
def graded(grader: Grader) -> Callable[..., dict[str, Any]]:
    """``graded(double=..., remember=...)``: the tasks of a submission with these last lines."""

    def grade(double: str = "return 2 * x", remember: str = "return dict(state)") -> dict[str, Any]:
        work = WORK.replace("return 2 * x", double).replace("return dict(state)", remember)
        result = grader.grade(submission(work)).as_dict()
        assert result["status"] == "graded", result
        return {task["id"]: task for task in result["tasks"]}

    return grade


class TestNaming:
    def test_a_mistake_that_explains_everything_is_named(self, graded) -> None:
        task = graded(double="return x + x + x")["double"]
        assert task["diagnosis"] == {"mistakes": ["triple"], "text": "Yours is three times x."}
        assert {check["diagnosis"] for check in task["checks"]} == {"triple"}

    def test_a_check_that_passed_has_no_diagnosis(self, graded) -> None:
        task = graded(double="return 2 * x if np.ndim(x) == 0 else 5 * x")["double"]
        assert [check["status"] for check in task["checks"]] == ["passed", "failed"]
        assert "diagnosis" not in task["checks"][0]

    def test_a_mistake_beside_an_unknown_one_is_named_where_it_explains_a_check(
        self, graded
    ) -> None:
        task = graded(double="return 3 * x if np.ndim(x) else 7 * x")["double"]
        assert task["diagnosis"]["mistakes"] == ["triple"]
        assert task["diagnosis"]["text"].endswith("This explains 1 of the 2 checks that failed.")
        assert [check.get("diagnosis") for check in task["checks"]] == [None, "triple"]

    def test_a_mistake_that_explains_less_than_half_of_the_failed_checks_is_not_named(self) -> None:
        known, found = Catalogue(texts={"a": "You a."}), {"mistakes": ["a"], "checks": ["one"]}
        assert _explanation(known, found, 3) is None
        named = _explanation(known, found, 2)
        assert named is not None
        assert named.diagnosis.text == "You a. This explains 1 of the 2 checks that failed."

    def test_where_each_of_several_explains_a_check_none_is_named(self, graded) -> None:
        task = graded(double="return 3 * x if np.ndim(x) else -2 * x")["double"]
        assert task["status"] == "failed"
        assert "diagnosis" not in task

    def test_a_passed_check_counts_as_an_observation_too(self, graded) -> None:
        task = graded(double="return 3 * x if np.ndim(x) else 2 * x")["double"]
        assert "diagnosis" not in task

    def test_two_mistakes_at_once_are_both_named(self, graded) -> None:
        task = graded(double="return 3 * x + 1")["double"]
        assert task["diagnosis"]["mistakes"] == ["triple", "plus_one"]
        assert "Yours is three times x. Yours adds 1." in task["diagnosis"]["text"]
        assert {check["diagnosis"] for check in task["checks"]} == {"triple+plus_one"}

    def test_where_several_explain_it_none_is_guessed(self, graded) -> None:
        """`negative` and `sign_too` do the same."""
        task = graded(double="return -2 * x")["double"]
        assert task["status"] == "failed"
        assert "diagnosis" not in task
        assert "opposite sign" in task["checks"][1]["message"]

    def test_an_exception_is_an_observation(self, graded) -> None:
        task = graded(remember="return state['y']")["remember"]
        assert task["diagnosis"]["mistakes"] == ["raising"]

    def test_another_exception_is_another_one(self, graded) -> None:
        task = graded(remember="raise ValueError")["remember"]
        assert "diagnosis" not in task

    def test_an_answer_without_any_mistake_is_not_explained(self, graded) -> None:
        for double in ("return None", "return 'x'", "return object()", "return {}", "return x[0]"):
            assert "diagnosis" not in graded(double=double)["double"]

    def test_nan_is_a_number_to_be_explained_as_well(self, graded) -> None:
        assert "diagnosis" not in graded(double="return x * float('nan')")["double"]

    def test_a_right_solution_has_none(self, graded) -> None:
        assert not any("diagnosis" in task for task in graded().values())

    def test_a_task_not_begun_has_none(self, graded) -> None:
        assert "diagnosis" not in graded(double="raise NotImplementedError('double')")["double"]


class TestSafety:
    def test_arrays_that_multiply_beyond_memory_cost_nothing_but_the_diagnosis(
        self, warm_parent: WarmParent
    ) -> None:
        greedy = MISTAKES.replace("return sign", "return np.ones(np.size(x) ** 2) * sign")
        catalogue = Catalogue(greedy.encode(), tasks={"triple": "double"})
        transcript = Transcript(["double"])
        transcript.begin("double", "test_one")
        x = np.ones(2**18)
        transcript.answered(transcript.note("call", "work", "double", [x], []), x, 2 * x.nbytes)
        failed = {"double": ["test_one"]}
        assert explain(catalogue, warm_parent, failed, transcript.calls) == {}

    def test_a_task_whose_answers_take_too_much_is_forgotten_for_good(self) -> None:
        transcript = Transcript(["double", "remember"])
        for task in ("double", "remember", "double"):
            transcript.begin(task, "test_one")
            value = np.ones(10 if task == "remember" else MOST_BYTES // 8 + 1)
            transcript.answered(transcript.note("call", "work", task, [], []), value, value.nbytes)
        assert list(transcript.calls) == ["remember"]

    def test_an_answer_too_large_to_be_sent_again_is_not_explained(self, graded) -> None:
        task = graded(double="return np.ones(200 * 2**17) if np.ndim(x) else 3 * x")["double"]
        assert task["status"] == "failed"
        assert "diagnosis" not in task

    def test_a_submission_can_not_speak_for_the_catalogue(self, graded) -> None:
        """The names of what is replayed mean nothing in a submission."""
        double = "import sys; sys.modules['mistakes'] = sys.modules['replay'] = None; return 3 * x"
        assert graded(double=double)["double"]["diagnosis"]["mistakes"] == ["triple"]

    def test_no_process_is_left(self, graded) -> None:
        before = descendants(os.getpid())
        graded(double="return 3 * x")
        assert descendants(os.getpid()) == before


class TestCoverage:
    def test_each_mistake_is_graded_and_said_to_be_caught_by_which_checks(self, course) -> None:
        caught = {each.mistake: each for each in measure(course)}
        assert len(caught) == count(course) == 6
        assert caught["triple"] == Caught("triple", "double", ("test_one", "test_unseen"), True, ())
        assert caught["silent"].checks == ("test_remember",)
        assert not caught["negative"].named  # `sign_too` does the same


class TestCatalogue:
    def test_an_assignment_needs_none(self, tiny: Assignment) -> None:
        with Grader(tiny) as grader:
            result = grader.grade(
                submission(SOLUTION.replace("return 2 * x", "return 3 * x"))
            ).as_dict()
        assert "diagnosis" not in task_of(result, "double")

    def test_a_mistake_of_no_task_is_refused(self, tmp_path) -> None:
        assignment = write_course(tmp_path, SUITE)
        (assignment.suites / "mistakes.py").write_text(MISTAKES.replace('"remember",', '"forget",'))
        with pytest.raises(CourseError, match="no automatic task 'forget'"), Grader(assignment):
            pass

    def test_an_id_given_twice_is_refused(self, tmp_path) -> None:
        assignment = write_course(tmp_path, SUITE)
        (assignment.suites / "mistakes.py").write_text(MISTAKES.replace('"silent"', '"triple"'))
        with pytest.raises(CourseError, match="same id"), Grader(assignment):
            pass

    def test_a_catalogue_that_breaks_is_our_fault_and_costs_nobody_a_point(self, tmp_path) -> None:
        assignment = write_course(tmp_path, SUITE)
        broken = MISTAKES.replace("    on = {", "    assert not changes\n    on = {")
        (assignment.suites / "mistakes.py").write_text(broken)
        with Grader(assignment) as grader:
            result = grader.grade(
                submission(WORK.replace("return 2 * x", "return 3 * x"))
            ).as_dict()
        assert (result["status"], result["score"]) == ("error", None)
        assert "could not be compared" in result["message"]
