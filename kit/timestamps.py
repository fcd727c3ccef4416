"""Reads when students handed in, so that nbgrader can tell who was late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dateutil.parser import parse  # type: ignore[import-untyped]  # its types are a package apart

from kit.bulk import safe
from kit.course import Assignment

_LONGEST = 200


def timestamps(assignment: Assignment, paths: Iterable[Path]) -> tuple[dict[str, str], list[str]]:
    """The times in nbgrader's ``PATH/STUDENT/ASSIGNMENT/timestamp.txt``, by student; and remarks.

    A time is in ISO format, and in UTC where it names no zone. One in an archive is not believed,
    since the student could have written it. A remark is a sentence on a file that holds no time.
    """
    times, remarks = {}, []
    for file in _files(assignment, paths):
        try:
            text = file.read_text(encoding="utf-8")[:_LONGEST]
            times[safe(file.parts[-3])] = parse(text.strip()).isoformat()
        except (OSError, ValueError, OverflowError):
            remarks.append(f"{file} holds no time, so lateness is not seen there.")
    return times, remarks


def _files(assignment: Assignment, paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        for file in sorted(path.glob(f"*/{assignment.name}/timestamp.txt")):
            if not any(part.is_symlink() for part in (file, *file.parents[:2])):
                yield file
