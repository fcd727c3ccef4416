"""Chooses the failed tasks of a class that no known mistake explains, from its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kit.course import Assignment
from kit.intake.downloads import Found
from kit.intake.submission import RejectedError, take
from kit.learn.probe import UNWRITTEN, Work
from kit.results import Result, TaskResult

ELSEWHERE = "written in a wrong place"
TRAINS = "a training"


@dataclass
class Class:
    """What there is to look at in a class.

    ``explained`` and ``unexplained`` count failed tasks; ``left_out`` counts failed tasks that say
    nothing, by the reason. ``remarks`` are sentences on hand-ins that are not considered, with
    names: they are told, and not kept.
    """

    hand_ins: int = 0
    explained: int = 0
    unexplained: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    def leave_out(self, reasons: Iterable[str]) -> None:
        """Count unexplained tasks as left out, each for one of ``reasons``."""
        found = Counter(reasons)
        self.left_out += found
        self.unexplained -= found.total()


def work(
    assignment: Assignment, found: Sequence[Found], results: Iterable[Result], seen: Class
) -> Iterator[Work]:
    """The hand-ins with unexplained failed tasks, as they are read; counts the others in ``seen``.

    A hand-in is not considered if it has no result, or was graded with other bytes.
    """
    by_student = {result.student: result for result in results}
    for each in found:
        result = by_student.pop(each.student, None)
        if result is None:
            seen.remarks.append(f"{each.student} has no result: grade it first.")
        elif result.status != "graded":
            seen.remarks.append(f"{each.student} was not graded ({result.status}).")
        else:
            yield from _of(assignment, each, result, seen)
    seen.remarks += [f"{student} has a result, but no hand-in there." for student in by_student]


def _of(assignment: Assignment, found: Found, result: Result, seen: Class) -> Iterator[Work]:
    failed = tuple(task.id for task in result.tasks if task.status == "failed")
    why = {task.id: _why_not(assignment, task) for task in result.tasks if task.id in failed}
    tasks = tuple(task for task, reason in why.items() if reason is None)
    if tasks:
        try:
            with found.open() as tree:
                submission = take(tree, assignment, found.student, assignment.limits, found.notes)
        except (RejectedError, OSError) as error:
            seen.remarks.append(f"{found.student} could not be read again ({error}).")
            return
        if submission.sha256 != result.submission_sha256:
            seen.remarks.append(f"{found.student} has changed since it was graded: grade it again.")
            return
        yield Work(submission, tasks, failed)
    seen.hand_ins += 1
    _count(why, seen)


def _count(why: Mapping[str, str | None], seen: Class) -> None:
    for reason in why.values():
        if reason is None:
            seen.unexplained += 1
        elif reason:
            seen.left_out[reason] += 1
        else:
            seen.explained += 1


def _why_not(assignment: Assignment, task: TaskResult) -> str | None:
    """Why a failed task is not looked at: "" if it is explained; None if it is looked at."""
    failed = [check for check in task.checks if check.status == "failed"]
    if all(check.diagnosis is not None for check in failed):
        return ""
    if any(each.id == task.id and each.training for each in assignment.tasks):
        return TRAINS
    if task.wrong_place is not None:
        return ELSEWHERE
    errors = [check.error for check in failed]
    if all(error is not None and error.type == "NotImplementedError" for error in errors):
        return UNWRITTEN
    return None
