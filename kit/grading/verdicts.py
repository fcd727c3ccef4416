"""The verdicts on one submission, and the result made of them.

This module alone makes text from a submission harmless: it spells out control characters and cuts
long texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from kit.course import Assignment, Task
from kit.grading.versions import of_kit
from kit.intake.submission import Submission
from kit.results import (
    CheckResult,
    Diagnosis,
    Frame,
    Outcome,
    Raised,
    Result,
    SmallExample,
    Status,
    TaskResult,
    WrongPlace,
    printable,
)
from kit.sandbox.faults import CheckFailure, StudentFault

MAX_OUTPUT = 8000
MAX_TRACE = 8


@dataclass(frozen=True)
class Explanation:
    """The diagnosis of a task, with the names of the failed ``checks`` that it explains.

    ``narrowed`` says what tells right from wrong where a known mistake does not explain all.
    """

    diagnosis: Diagnosis | None = None
    checks: tuple[str, ...] = ()
    narrowed: str = ""


@dataclass(frozen=True)
class Check:
    """One test of a task, worth ``points`` of it; ``hint`` is the rule that it tests.

    ``documented`` says that the notebook shows its inputs.
    """

    name: str
    task: str
    points: float
    hint: str
    documented: bool = False


@dataclass
class Verdict:
    """The outcome of one check on one submission; ``problem`` is None if it passed."""

    check: Check
    problem: BaseException | None = None
    measured: dict[str, Any] = field(default_factory=dict)
    remark: str = "Passed."
    """A remark on a check that passed."""
    place: str = ""
    """Where the submission defines the called functions: file, function, line."""

    @property
    def status(self) -> Literal["passed", "failed", "error"]:
        """``passed``; ``failed``, which is the student's fault; or ``error``, which is ours."""
        if self.problem is None:
            return "passed"
        return "failed" if isinstance(self.problem, AssertionError | StudentFault) else "error"

    def result(self, explained: Explanation | None = None) -> CheckResult:
        """The check as a result holds it; ``explained`` is the diagnosis of its task."""
        expected = got = error = diagnosis = None
        if isinstance(self.problem, CheckFailure) and self.problem.expected is not None:
            expected = printable(self.problem.expected)
            got = printable(self.problem.got or "")
        if isinstance(self.problem, StudentFault) and self.problem.error is not None:
            error = _raised(self.problem.error)
        known = None if explained is None else explained.diagnosis
        if explained is not None and known is not None and self.check.name in explained.checks:
            diagnosis = "+".join(known.mistakes)
        return CheckResult(
            name=self.check.name,
            status=self.status,
            points=self.check.points,
            documented=self.check.documented,
            message=self._message(),
            hint=self.check.hint,
            expected=expected,
            got=got,
            error=error,
            diagnosis=diagnosis,
            measured=dict(self.measured),
        )

    def _message(self) -> str:
        if self.problem is None:
            return self.remark
        if self.status == "error":
            return (
                "This check could not be carried out, by a fault of the grader and not of the "
                f"submission ({type(self.problem).__name__}: {printable(str(self.problem))})."
            )
        place = f" ({self.place})" if self.place else ""
        return printable(f"{self.problem}{place}")


def build(
    assignment: Assignment,
    submission: Submission,
    verdicts: Sequence[Verdict],
    explained: Mapping[str, Explanation],
    follows: Mapping[str, Sequence[str]] = MappingProxyType({}),
    *,
    wrong_places: Mapping[str, WrongPlace] | None = None,
    examples: Mapping[str, SmallExample] | None = None,
    seed: int,
    seconds: float,
    layers: Sequence[str],
    trusted: bool = False,
    notes: Sequence[str] = (),
    output: bytes = b"",
) -> Result:
    """The result of a submission whose checks were run.

    ``explained`` are diagnoses of failed tasks; ``follows`` are, by task, the wrong earlier tasks
    that alone made some of its checks fail; ``wrong_places`` are tasks whose work was found where
    it is not graded; ``examples`` are the smallest failing ones. A task without a verdict is
    ``not_graded``: nobody asked for it, or a person grades it.
    """
    tasks = tuple(
        _task(
            task,
            [v for v in verdicts if v.check.task == task.id],
            explained.get(task.id),
            follows.get(task.id, ()),
            wrong_place=(wrong_places or {}).get(task.id),
            example=(examples or {}).get(task.id),
        )
        for task in assignment.tasks
    )
    failed_us = any(task.status == "error" for task in tasks)
    return Result(
        assignment=assignment.name,
        student=printable(submission.student),
        status="error" if failed_us else "graded",
        versions=dict(of_kit()),
        score=None if failed_us else _sum(task.score or 0.0 for task in tasks),
        max_score=_sum(task.max_score for task in tasks if task.status != "not_graded"),
        seed=seed,
        seconds=round(seconds, 3),
        submission_sha256=submission.sha256,
        elsewhere_sha256=submission.elsewhere_sha256,
        sandbox=tuple(layers),
        trusted=trusted,
        notes=tuple(printable(note) for note in (*submission.notes, *notes)),
        output=printable(output.decode("utf-8", "replace"), MAX_OUTPUT),
        tasks=tasks,
    )


def build_ungraded(
    assignment: Assignment, student: str, status: Status, message: str, score: float | None
) -> Result:
    """The result of a submission that was ``rejected``, or lost to an ``error`` of ours."""
    return Result(
        assignment=assignment.name,
        student=printable(student),
        status=status,
        versions=dict(of_kit()),
        score=score,
        max_score=_sum(task.points for task in assignment.tasks if not task.manual),
        seed=None,
        seconds=0.0,
        submission_sha256=None,
        sandbox=(),
        trusted=False,
        message=printable(message),
        notes=(),
        output="",
        tasks=tuple(_task(task, []) for task in assignment.tasks),
    )


def _task(
    task: Task,
    verdicts: Sequence[Verdict],
    explained: Explanation | None = None,
    follows: Sequence[str] = (),
    *,
    wrong_place: WrongPlace | None = None,
    example: SmallExample | None = None,
) -> TaskResult:
    status = _status(verdicts)
    told = explained if explained is not None and status == "failed" else Explanation()
    earned = _sum(verdict.check.points for verdict in verdicts if verdict.status == "passed")
    score = {"error": None, "not_graded": 0.0}.get(status, min(earned, task.points))
    return TaskResult(
        id=task.id,
        title=task.title,
        score=score,
        max_score=task.points,
        manual=task.manual,
        status=status,
        checks=tuple(verdict.result(explained) for verdict in verdicts),
        diagnosis=told.diagnosis,
        follows_from=tuple(follows),
        wrong_place=None if wrong_place is None else _harmless(wrong_place),
        narrowed=printable(told.narrowed) or None,
        example=example,
    )


def _status(verdicts: Sequence[Verdict]) -> Outcome:
    """The worst of the verdicts on a task."""
    statuses = {verdict.status for verdict in verdicts}
    worst: tuple[Outcome, ...] = ("error", "failed", "passed")
    return next((status for status in worst if status in statuses), "not_graded")


def _sum(points: Iterable[float]) -> float:
    """A sum of points without the rounding errors of binary fractions."""
    return round(float(sum(points)), 6)


def _harmless(place: WrongPlace) -> WrongPlace:
    worth = place.would_get
    return WrongPlace(printable(place.text), None if worth is None else _sum([worth]))


def _raised(error: Mapping[str, Any]) -> Raised:
    """A harmless description of an exception that a student's code raised."""
    trace = [
        Frame(
            printable(frame["file"], 200),
            frame["line"],
            printable(frame["function"], 200),
            printable(frame["text"], 200),
        )
        for frame in error["trace"][-MAX_TRACE:]
    ]
    return Raised(printable(error["type"], 100), printable(error["message"]), tuple(trace))
