"""What a result means: one answer to each question, whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kit import feedback
from kit.results import CheckResult, Diagnosis, Frame, Outcome, Raised, Result, TaskResult


def check(name: str, status: Outcome = "passed", **more: object) -> CheckResult:
    made = CheckResult(f"t::{name}", status, 1.0, False, f"{name} says so.", "a rule")
    return replace(made, **more)


def task(name: str, *checks: CheckResult, manual: bool = False, **more: object) -> TaskResult:
    statuses = {each.status for each in checks}
    status = next((s for s in ("error", "failed", "passed") if s in statuses), "not_graded")
    return replace(TaskResult(name, name.title(), 0.0, 3.0, manual, status, checks), **more)


def result(*tasks: TaskResult, **more: object) -> Result:
    status = "error" if any(each.status == "error" for each in tasks) else "graded"
    made = Result("tiny", "ada", status, {}, 0.0, 3.0, 1, 0.1, None, (), False, (), "", tasks)
    return replace(made, **more)


ESSAY = task("essay", manual=True)


class TestVerdict:
    @pytest.mark.parametrize(
        ("graded", "verdict", "code"),
        [
            (result(task("a", check("one")), ESSAY), "passed", 0),
            (result(task("a", check("one")), task("b", check("two", "failed"))), "failed", 1),
            (result(task("a", check("one")), task("b")), "failed", 1),
            (result(task("a"), status="rejected", message="There is nothing."), "failed", 1),
            (result(ESSAY, status="rejected", message="There is nothing."), "failed", 1),
            (result(task("a", check("one", "error"))), "error", 3),
            (result(task("a"), status="error", message="The disk failed."), "error", 3),
        ],
    )
    def test_every_automatic_task_must_pass(self, graded: Result, verdict: str, code: int) -> None:
        assert feedback.verdict(graded) == verdict
        assert feedback.exit_code(graded) == code

    def test_of_some_tasks_those_must_pass_that_were_asked_for(self) -> None:
        some = result(task("a", check("one")), task("b"), task("c", check("two", "failed")), ESSAY)
        assert feedback.exit_code(some, {"a"}) == 0
        assert feedback.exit_code(some, {"a", "b"}) == 1  # it was not graded
        assert feedback.exit_code(some, {"a", "c"}) == 1

    def test_why_nothing_was_graded(self) -> None:
        told = result(task("a", check("one", "error")))
        assert feedback.why_no_grade(told) == "t::one: one says so."
        assert feedback.why_no_grade(replace(told, message="The disk failed.")) == (
            "The disk failed."
        )
        assert feedback.no_grade("The disk failed.") == (
            "Nothing was graded. The grader failed. This is not the fault of the submission. "
            "The disk failed."
        )

    def test_without_a_check_the_submission_as_a_whole_is_told(self) -> None:
        assert feedback.instead_of_checks(result()) == feedback.NO_CHECK_RAN
        odd = result(notes=("a.txt was left out.",))
        assert feedback.instead_of_checks(odd) == "a.txt was left out."

    @pytest.mark.parametrize(
        ("graded", "asked"),
        [
            (result(task("a", check("one"))), False),
            (result(notes=("odd",)), True),
            (result(trusted=True), True),
            (result(status="rejected"), True),
        ],
    )
    def test_a_person_is_asked_where_something_is_odd(self, graded: Result, asked: bool) -> None:
        assert feedback.needs_a_person(graded) is asked


class TestTask:
    def test_a_task_that_nobody_asked_for_has_no_score(self) -> None:
        graded = result(task("a"), ESSAY)
        assert [feedback.left_out(each, graded) for each in graded.tasks] == [True, False]
        rejected = replace(graded, status="rejected")
        assert not feedback.left_out(rejected.tasks[0], rejected)

    def test_it_is_correct_given_earlier_ones(self) -> None:
        assert feedback.correct_given(task("a")) == ""
        one = task("a", follows_from=("b",))
        assert feedback.correct_given(one) == "Correct given your b; fix b first."
        two = task("a", follows_from=("b", "c"))
        assert feedback.correct_given(two) == "Correct given your b and c; fix those first."

    def test_one_effect_of_a_known_mistake_is_told_and_the_others_are_counted(self) -> None:
        known = [check(f"n{n}", "failed", diagnosis="triple") for n in range(3)]
        other = check("other", "failed")
        found = feedback.failures(task("a", *known, other))
        assert found.groups == ((known[0],), (other,))
        assert found.rest == "2 more checks failed for the same reason."
        assert feedback.failures(task("a", other)).rest == ""

    def test_mistakes_are_those_of_the_task_or_else_of_its_checks(self) -> None:
        checks = (check("a", "failed", diagnosis="one+two"), check("b", "failed", diagnosis="two"))
        assert feedback.mistakes(task("a", *checks)) == ["one", "two"]
        known = Diagnosis(("three",), "Three.")
        assert feedback.mistakes(task("a", *checks, diagnosis=known)) == ["three"]


class TestReason:
    TRACE = (Frame("a.py", 1, "", "1 / 0"),)

    def test_an_exception_that_stops_several_tasks_is_one(self) -> None:
        error = Raised("ZeroDivisionError", "division by zero", self.TRACE)
        first, second = (check(name, "failed", error=error) for name in ("a", "b"))
        assert feedback.alike([first, second]) == [(first, second)]
        shared = feedback.shared_exceptions(result(task("x", first), task("y", second)))
        assert [(each, [one.id for one in tasks]) for each, tasks in shared] == [
            (error, ["x", "y"])
        ]

    def test_without_a_trace_two_may_only_look_the_same(self) -> None:
        error = Raised("ZeroDivisionError", "", ())
        first, second = (check(name, "failed", error=error) for name in ("a", "b"))
        assert len(feedback.alike([first, second])) == 2
        assert feedback.shared_exceptions(result(task("x", first), task("y", second))) == []


def test_counts_and_points_read_as_people_write_them() -> None:
    assert [feedback.count(n) for n in (0, 1, 2)] == ["0 checks", "1 check", "2 checks"]
    assert [feedback.points(value) for value in (None, 3.0, 2.5)] == ["-", "3", "2.5"]


def test_what_is_narrowed_is_told_once_with_the_first_check_that_no_mistake_explains() -> None:
    known = check("known", "failed", diagnosis="a")
    checks = (check("right"), known, check("one", "failed"), check("two", "failed"))
    told = result(task("a", *checks, narrowed="Only y is wrong."))
    texts = [text.split("\n")[0] for _, _, text in feedback.explain_all(told)]
    assert texts == ["right says so.", "known says so.", "Only y is wrong.", "two says so."]
