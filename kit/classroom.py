"""Finds the submissions that paths mean, has each graded, and keeps its result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from kit import results
from kit.course import Assignment, CourseError
from kit.grading import Grader
from kit.limits import Limits
from kit.submission import RejectedError, holds, read


def grade_one(assignment: Assignment, path: Path, seed: int | None = None) -> dict[str, Any]:
    """The result of the submission in the folder ``path``; nothing is written."""
    path = _folder(path)
    with Grader(assignment) as grader:
        return _grade(grader, path.name, path, seed)


def grade_all(
    assignment: Assignment,
    paths: Iterable[Path],
    out: Path,
    tasks: Collection[str] | None = None,
    seed: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Grade the submissions that ``paths`` mean, yielding each result once it is written.

    A path is a submission where it holds the student's files itself, else a folder of submissions
    named by student.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for student, folder in _submissions(assignment, _folder(path)):
            if student in found:
                raise CourseError(
                    f"Two submissions are of {student!r}: {found[student]}, {folder}."
                )
            found[student] = folder
    with Grader(assignment, tasks) as grader:
        for student, folder in found.items():
            result = _grade(grader, student, folder, seed)
            results.write(result, out / f"{student}.json")
            yield result


def _grade(grader: Grader, student: str, folder: Path, seed: int | None) -> dict[str, Any]:
    try:
        submission = read(folder, grader.assignment, student, Limits())
    except RejectedError as error:
        return results.build_ungraded(grader.assignment, student, "rejected", str(error), 0.0)
    return grader.grade(submission, seed)


def _submissions(assignment: Assignment, path: Path) -> list[tuple[str, Path]]:
    """``(student, folder)`` of every submission that ``path`` means."""
    if holds(path, assignment):
        return [(path.name, path)]
    folders = [
        entry
        for entry in sorted(path.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    ]
    if not folders:
        raise CourseError(f"{path} holds neither a submission nor folders of students.")
    return [(folder.name, folder) for folder in folders]


def _folder(path: Path) -> Path:
    path = path.resolve()
    if not path.is_dir():
        raise CourseError(f"{path} is not a folder.")
    return path
