"""Writes files whole or not at all, and never over a file that the command did not make."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kit.course import CourseError

_PART = ".kit-part"
"""The suffix of files that are still being written."""


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` so that ``path`` either holds all of it or stays as it was.

    Makes the folder if it is missing. With ``durable``, waits until the disk has the content, so
    that it survives a power cut. Raises OSError.
    """
    part = _part(path)
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        _drop(part)
        raise


def write_to(path: Path, content: bytes) -> None:
    """Write ``content`` whole to a file that a person named.

    If ``path`` is a link, replaces the file it points to. Raises CourseError if ``path`` is not a
    regular file or can't be written.
    """
    require_file(path)
    try:
        write_whole(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}).") from error


def require_writable(folder: Path) -> None:
    """Make ``folder`` if it is missing, and test that a file can be written. Raises OSError."""
    probe = _part(folder / "probe")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.open("xb").close()
    finally:
        _drop(probe)


def remove_parts(folder: Path) -> None:
    """Remove the unfinished files of killed writers; no writer may be active in ``folder``."""
    for part in folder.glob(f".*{_PART}"):
        _drop(part)


def _part(path: Path) -> Path:
    """A name beside ``path`` that no other process uses."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}{_PART}")


def _drop(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def require_file(path: Path, ours: Callable[[Path], bool] = lambda _: True) -> None:
    """Raise CourseError if ``path`` exists and is not a regular file, or is not ``ours``."""
    try:
        if not os.path.lexists(path):
            return
        if not stat.S_ISREG(path.stat().st_mode):
            raise CourseError(
                f"{path} is not a regular file, so nothing was written. Name another path."
            )
        if not ours(path):
            raise CourseError(
                f"{path} already exists and was not made by this command, so it was not changed. "
                "Remove it, or name another path with --out."
            )
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}).") from error
