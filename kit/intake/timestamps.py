"""Reads when students handed in, so that nbgrader can tell who was late.

A student must not set this time. In the course's own ``submitted/``, nbgrader writes the time when
it collects, so the instructor vouches for it. In any other folder the student may have packed the
file, so it is ignored there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from dateutil.parser import parse  # type: ignore[import-untyped]  # its types are a package apart

from kit.course import Assignment
from kit.intake.downloads import owner, safe
from kit.intake.folder import open_regular
from kit.intake.tree import UnreadableError
from kit.results import printable

FILE = "timestamp.txt"
_LONGEST = 200
"""Bytes of such a file that are read."""
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def timestamps(assignment: Assignment, paths: Iterable[Path]) -> tuple[dict[str, str], list[str]]:
    """The times in ``submitted/STUDENT/ASSIGNMENT/timestamp.txt``, by student; and remarks.

    They are read only if one of ``paths`` is the course's ``submitted/``, or a student's folder in
    it. A returned time is in ISO format, in UTC; a time without a zone is taken as UTC. A remark is
    a sentence on a file that holds no time or is not trusted.
    """
    times, remarks = {}, []
    for given in dict.fromkeys(paths):
        student = owner(assignment, given)
        path = given if student is None else assignment.root / "submitted"
        found = list(_with_times(assignment, path, student))
        if found and not _is_ours(assignment, path):
            remarks.append(
                f"{_shown(path)} holds {FILE} files. They are not trusted, because students may "
                "have written them: lateness is read only from the course's own submitted/."
            )
            continue
        for each in found:
            file = f"{each}/{assignment.name}/{FILE}"
            try:
                times[safe(each)] = _time(path, file)
            except (OSError, UnreadableError, ValueError):
                remarks.append(
                    f"{_shown(path / file)} holds no time, so lateness is unknown there."
                )
    return times, remarks


def _with_times(assignment: Assignment, path: Path, student: str | None) -> Iterator[str]:
    """The students in ``path``, if it is a folder of students, or the one, with such a file."""
    try:
        students = sorted(os.listdir(path)) if student is None else [student]
    except OSError:
        return
    for each in students:
        if os.path.lexists(path / each / assignment.name / FILE):
            yield each


def _is_ours(assignment: Assignment, path: Path) -> bool:
    try:
        return path.samefile(assignment.root / "submitted")
    except OSError:
        return False


def _time(path: Path, file: str) -> str:
    """The time in ``file`` below ``path``; raises ValueError if it is no time of this century."""
    with open_regular(path, file) as opened:
        text = opened.read(_LONGEST).decode("utf-8").strip()
    try:
        time = parse(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError("no time") from error
    if not _EARLIEST <= time < _LATEST:
        raise ValueError("a time of another century")
    return str(time.isoformat())


def _shown(path: Path) -> str:
    return printable(str(path), 300)
