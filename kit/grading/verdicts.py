"""The verdicts on one submission, and the result that they make.

Text that came from a submission is made harmless here, once: control characters are spelled out
and long texts are cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kit.course import Assignment, Task
from kit.intake.submission import Submission
from kit.results import SCHEMA_VERSION, printable, versions
from kit.sandbox.faults import CheckFailure, StudentFault

MAX_OUTPUT = 8000
MAX_TRACE = 8


@dataclass(frozen=True)
class Diagnosis:
    """What explains that ``checks`` of a task failed: known ``mistakes`` of its own, one or two."""

    mistakes: tuple[str, ...]
    text: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class WrongPlace:
    """Where the work on a task stands that was not written where it is graded.

    ``would_get`` are the points that it would get there, or None where that is not known.
    """

    text: str
    would_get: float | None


@dataclass(frozen=True)
class Check:
    """One test of a task: ``points`` of the task's depend on it; ``hint`` is the rule it tests.

    ``documented`` says that its inputs are those that the notebook shows.
    """

    name: str
    task: str
    points: float
    hint: str
    documented: bool = False


@dataclass
class Verdict:
    """What running one check on one submission gave; ``problem`` is None when it passed."""

    check: Check
    problem: BaseException | None = None
    measured: dict[str, Any] = field(default_factory=dict)
    remark: str = "Passed."
    """What is said of it where it passed."""
    place: str = ""
    """Where the submission defines what was called: file, function, line."""

    @property
    def status(self) -> str:
        """``passed``, ``failed`` by the student's doing, or ``error`` by ours."""
        if self.problem is None:
            return "passed"
        return "failed" if isinstance(self.problem, AssertionError | StudentFault) else "error"

    def as_dict(self, diagnosis: Diagnosis | None = None) -> dict[str, Any]:
        """The check as it stands in a result; ``diagnosis`` is that of its task."""
        entry: dict[str, Any] = {
            "name": self.check.name,
            "status": self.status,
            "points": self.check.points,
            "documented": self.check.documented,
            "message": self._message(),
            "hint": self.check.hint,
        }
        if isinstance(self.problem, CheckFailure) and self.problem.expected is not None:
            entry["expected"] = printable(self.problem.expected)
            entry["got"] = printable(self.problem.got or "")
        if isinstance(self.problem, StudentFault) and self.problem.error is not None:
            entry["error"] = _error(self.problem.error)
        if diagnosis is not None and self.check.name in diagnosis.checks:
            entry["diagnosis"] = "+".join(diagnosis.mistakes)
        if self.measured:
            entry["measured"] = self.measured
        return entry

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
    diagnoses: Mapping[str, Diagnosis],
    follows: Mapping[str, Sequence[str]] = MappingProxyType({}),
    *,
    wrong_places: Mapping[str, WrongPlace] | None = None,
    seed: int,
    seconds: float,
    layers: Sequence[str],
    trusted: bool = False,
    notes: Sequence[str] = (),
    output: bytes = b"",
) -> dict[str, Any]:
    """The result of a submission whose checks were run, with the diagnoses of tasks that failed.

    ``follows`` are the failed tasks by which alone some checks of a task had failed at first;
    ``wrong_places`` those whose work was found where it is not graded.
    Tasks without a verdict were not asked for or are a person's to grade: ``not_graded``.
    """
    tasks = [
        _task(
            task,
            [v for v in verdicts if v.check.task == task.id],
            diagnoses.get(task.id),
            follows.get(task.id, ()),
            (wrong_places or {}).get(task.id),
        )
        for task in assignment.tasks
    ]
    failed_us = any(task["status"] == "error" for task in tasks)
    return {
        **_head(assignment, submission.student, "error" if failed_us else "graded"),
        "score": None if failed_us else _sum(task["score"] for task in tasks),
        "max_score": _sum(task["max_score"] for task in tasks if task["status"] != "not_graded"),
        "seed": seed,
        "seconds": round(seconds, 3),
        "submission_sha256": submission.sha256,
        **({"elsewhere_sha256": submission.elsewhere_sha256} if submission.elsewhere else {}),
        "sandbox": list(layers),
        "trusted": trusted,
        "notes": [printable(note) for note in (*submission.notes, *notes)],
        "output": printable(output.decode("utf-8", "replace"), MAX_OUTPUT),
        "tasks": tasks,
    }


def build_ungraded(
    assignment: Assignment, student: str, status: str, message: str, score: float | None
) -> dict[str, Any]:
    """The result of a submission that was ``rejected``, or that an ``error`` of ours kept back."""
    tasks = [_task(task, []) for task in assignment.tasks]
    return {
        **_head(assignment, student, status),
        "score": score,
        "max_score": _sum(task.points for task in assignment.tasks if not task.manual),
        "seed": None,
        "seconds": 0.0,
        "submission_sha256": None,
        "sandbox": [],
        "trusted": False,
        "message": printable(message),
        "notes": [],
        "output": "",
        "tasks": tasks,
    }


def _head(assignment: Assignment, student: str, status: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "assignment": assignment.name,
        "student": printable(student),
        "status": status,
        "versions": dict(versions()),
    }


def _task(
    task: Task,
    verdicts: Sequence[Verdict],
    diagnosis: Diagnosis | None = None,
    follows: Sequence[str] = (),
    wrong_place: WrongPlace | None = None,
) -> dict[str, Any]:
    statuses = {verdict.status for verdict in verdicts}
    status = next((s for s in ("error", "failed", "passed") if s in statuses), "not_graded")
    earned = _sum(verdict.check.points for verdict in verdicts if verdict.status == "passed")
    score = {"error": None, "not_graded": 0.0}.get(status, min(earned, task.points))
    entry: dict[str, Any] = {
        "id": task.id,
        "title": task.title,
        "score": score,
        "max_score": task.points,
        "manual": task.manual,
        "status": status,
        "checks": [verdict.as_dict(diagnosis) for verdict in verdicts],
    }
    if diagnosis is not None and status == "failed":
        entry["diagnosis"] = {"mistakes": list(diagnosis.mistakes), "text": diagnosis.text}
    if follows:
        entry["follows_from"] = list(follows)
    if wrong_place is not None:
        worth = wrong_place.would_get
        entry["wrong_place"] = {
            "text": printable(wrong_place.text),
            "would_get": None if worth is None else _sum([worth]),
        }
    return entry


def _sum(points: Any) -> float:
    """A sum of points without the dust of binary fractions."""
    return round(float(sum(points)), 6)


def _error(error: dict[str, Any]) -> dict[str, Any]:
    """An exception of a student's code, made harmless."""
    return {
        "type": printable(error["type"], 100),
        "message": printable(error["message"]),
        "trace": [
            {
                key: printable(value, 200) if isinstance(value, str) else value
                for key, value in frame.items()
            }
            for frame in error["trace"][-MAX_TRACE:]
        ],
    }
