"""Keeps the pseudonym of each student, so that it stays the same from report to report.

A pseudonym that can be computed from a name can be computed by everyone who has the list of the
class; so they are drawn, and the list of them lies with the results, which hold the names anyway.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from kit.course import CourseError
from kit.files import write_whole

FILE = "pseudonyms.txt"


def pseudonyms(folder: Path, students: Iterable[str]) -> dict[str, str]:
    """A pseudonym for each of ``students``, drawn once and kept in ``folder``.

    Raises CourseError where the list can't be read or written.
    """
    path = folder / FILE
    known = _read(path)
    new = sorted(set(students) - known.keys())
    if new:
        free = sorted(set(range(1, len(known) + len(new) + 1)) - set(known.values()))
        secrets.SystemRandom().shuffle(free)
        known |= dict(zip(new, free, strict=False))
        _write(path, known)
    return {student: _spelled(known[student]) for student in students}


def _spelled(number: int) -> str:
    return f"Student {number:03}"


def _read(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    try:
        lines = [line.partition(": ") for line in path.read_text("utf-8").splitlines()]
        known = {json.loads(name): int(who.removeprefix("Student ")) for who, _, name in lines}
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(
            f"{path} can't be read ({error}). Restore it, or delete it to have new ones drawn."
        ) from error
    if len(set(known.values())) < len(known):
        raise CourseError(f"{path} gives a pseudonym twice. Restore it, or delete it.")
    return known


def _write(path: Path, known: dict[str, int]) -> None:
    lines = [
        f"{_spelled(number)}: {json.dumps(student)}\n"
        for student, number in sorted(known.items(), key=lambda item: item[1])
    ]
    try:
        write_whole(path, "".join(lines).encode())
    except OSError as error:
        raise CourseError(
            f"The pseudonyms could not be kept in {path} ({error.strerror}), and without that they "
            "would change with every report."
        ) from error
