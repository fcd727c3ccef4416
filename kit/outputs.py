"""Writes what a command makes to where a person says: whole or not at all, and over nothing else.

A name that a person types may be that of anything: a device, a folder, somebody's only copy.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from kit.course import CourseError


def replace(path: Path, content: bytes) -> None:
    """Write ``content`` so that ``path`` holds all of it or is as it was.

    A folder that is missing is made; where ``path`` is a link, what it leads to is replaced.
    Raises CourseError where something that is no file is there, or where it can't be written.
    """
    require_file(path)
    path = Path(os.path.realpath(path))
    part = path.with_name(f".kit-{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}).") from error


def require_file(path: Path, ours: Callable[[Path], bool] = lambda _: True) -> None:
    """Raise CourseError where something is at ``path`` that is no file, or is not ``ours``."""
    try:
        if not os.path.lexists(path):
            return
        if not stat.S_ISREG(path.stat().st_mode):
            raise CourseError(f"{path} is no file, so nothing is written there. Name another.")
        if not ours(path):
            raise CourseError(
                f"{path} is there already and was not made by this command, so it stays. Remove "
                "it, or name another with --out."
            )
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}).") from error
