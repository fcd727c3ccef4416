"""Has the submissions that paths mean graded, one by one, and keeps the results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kit import results
from kit.bulk import Found, existing, student_of, submissions
from kit.course import Assignment, CourseError
from kit.grading import Grader
from kit.limits import Limits
from kit.submission import RejectedError, open_tree, take


def grade_one(assignment: Assignment, path: Path, seed: int | None = None) -> dict[str, Any]:
    """The result of the submission in ``path``, a folder or an archive; nothing is written."""
    path = existing(path)
    found = Found(student_of(path), str(path), lambda: open_tree(path, Limits()))
    with Grader(assignment) as grader:
        return grade(grader, found, seed)


def grade_all(
    assignment: Assignment,
    paths: Iterable[Path],
    out: Path,
    tasks: Collection[str] | None = None,
    seed: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Grade the submissions that ``paths`` mean, yielding each result once it is written.

    ``kit.bulk`` says what a path may mean.
    """
    with ExitStack() as kept:
        found = find_all(assignment, paths, kept)
        grader = kept.enter_context(Grader(assignment, tasks))
        for each in found:
            result = grade(grader, each, seed)
            results.write(result, out / f"{each.student}.json")
            yield result


def find_all(assignment: Assignment, paths: Iterable[Path], kept: ExitStack) -> list[Found]:
    """The submissions that ``paths`` mean, none of them opened yet; see ``kit.bulk.submissions``.

    Raises CourseError where a path means none, and where two are of one student.
    """
    by_student: dict[str, Found] = {}
    for path in paths:
        for found in submissions(assignment, path, Limits(), kept):
            other = by_student.setdefault(found.student, found)
            if other is not found:
                raise CourseError(
                    f"Two submissions are of {found.student!r}: {other.where}, {found.where}. "
                    "Leave one of them out."
                )
    return list(by_student.values())


def grade(grader: Grader, found: Found, seed: int | None) -> dict[str, Any]:
    """The result of one submission: graded, rejected, or an error where the disk fails us."""
    try:
        with found.open() as tree:
            submission = take(tree, grader.assignment, found.student, Limits(), found.notes)
    except RejectedError as error:
        return _ungraded(grader, found, "rejected", str(error), 0.0)
    except OSError as error:
        return _ungraded(grader, found, "error", f"It could not be read ({error}).", None)
    return grader.grade(submission, seed)


def _ungraded(
    grader: Grader, found: Found, status: str, message: str, score: float | None
) -> dict[str, Any]:
    return results.build_ungraded(grader.assignment, found.student, status, message, score)
