"""Writes files: whole or not at all, and over nothing that a command did not make."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kit.course import CourseError

_PART = ".kit-part"
"""How the names of files end that are still being written."""


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` so that ``path`` holds all of it or is as it was.

    A folder that is missing is made. ``durable`` waits until the disk has it, so that it holds
    after a power cut as well. Raises OSError.
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

    Where ``path`` is a link, what it leads to is replaced. Raises CourseError where something that
    is no file is there, or where it can't be written.
    """
    require_file(path)
    try:
        write_whole(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}).") from error


def require_writable(folder: Path) -> None:
    """Make ``folder`` if it is missing, and write something there once. Raises OSError."""
    probe = _part(folder / "probe")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.open("xb").close()
    finally:
        _drop(probe)


def remove_parts(folder: Path) -> None:
    """Remove what writers that were killed left in ``folder``; none may be at work there."""
    for part in folder.glob(f".*{_PART}"):
        _drop(part)


def _part(path: Path) -> Path:
    """A name beside ``path`` that no other process uses."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}{_PART}")


def _drop(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


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
