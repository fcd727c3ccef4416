"""Writes the pages of an assignment into a folder, and takes away those of an earlier report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.course import CourseError
from kit.files import write_whole
from kit.finals import Final
from kit.intake.downloads import safe
from kit.report.pages import MARK, STUDENTS, class_page, student_page
from kit.report.pseudonyms import pseudonyms
from kit.report.visible import Unseen, anonymous, for_student
from kit.results import read_all

_HEAD = 1000
"""In so many bytes of a page its mark has come."""


@dataclass(frozen=True)
class Report:
    """What was written: the class page, and how many students' pages beside it."""

    index: Path
    students: int


def write(
    assignment: str,
    results_folder: Path,
    out: Path,
    unseen: Unseen = Unseen.MESSAGE,
    *,
    nameless: bool = False,
    finals: Mapping[str, Final] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Report:
    """Make ``out/index.html`` and ``out/students/`` anew from the results in a folder.

    ``finals``, by student, are the points with those of a person and penalties, where known.
    ``texts`` are what students read of known mistakes, by id: the class page names those by it.
    Pages of an earlier report that are not written again are deleted; other files stay. Raises
    CourseError where the results can't be used or a file that is no page of ours is in the way.
    """
    results = read_all(results_folder, assignment)
    worth = finals or {}
    if nameless:
        names = pseudonyms(results_folder, [result.student for result in results])
        worth = {names[student]: final for student, final in worth.items() if student in names}
        results = [anonymous(result, names[result.student]) for result in results]
    results.sort(key=lambda result: (result.student.casefold(), result.student))
    files = {result.student: _file_name(result.student, nameless) for result in results}
    students = out / STUDENTS
    written = [students / files[result.student] for result in results]
    try:
        students.mkdir(parents=True, exist_ok=True)
        _require_ours([out / "index.html", *written])
        # first, so that a report that is stopped leaves no name behind that it should not have
        _remove_stale(students, {path.name for path in written})
        for result, path in zip(results, written, strict=True):
            page = student_page(for_student(result, unseen), worth.get(result.student))
            write_whole(path, page, durable=False)
        index = class_page(results, files, worth, texts, nameless=nameless)
        write_whole(out / "index.html", index, durable=False)
    except OSError as error:
        raise CourseError(f"The report could not be written ({error}).") from error
    return Report(out / "index.html", len(results))


def _file_name(student: str, nameless: bool) -> str:
    return f"{student.lower().replace(' ', '-') if nameless else safe(student)}.html"


def _require_ours(paths: Iterable[Path]) -> None:
    """Raise CourseError where one of ``paths`` is there and is no page of a report."""
    for path in paths:
        if os.path.lexists(path) and not _is_ours(path):
            raise CourseError(
                f"{path} is there already and is no page of a report: nothing was written. "
                "Move it, or choose another folder with --out."
            )


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK in file.read(_HEAD)


def _remove_stale(folder: Path, kept: set[str]) -> None:
    for path in sorted(folder.glob("*.html")):
        if path.name not in kept and _is_ours(path):
            path.unlink()


def lines(report: Report) -> Sequence[str]:
    """What to tell the person who asked for the report."""
    pages = f"{report.students:,} page{'' if report.students == 1 else 's'}"
    folder = report.index.parent / STUDENTS
    return [f"The class:    {report.index}", f"The students: {pages} in {folder}"]
