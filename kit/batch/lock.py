"""Keeps two commands from writing the same results or the same gradebook at once.

The lock belongs to the operating system, so it ends with its process, even if that is killed. The
lock's file names the holder, for commands that have to wait.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kit.course import CourseError
from kit.results import printable

if TYPE_CHECKING:
    from filelock import BaseFileLock

WAIT_SECONDS = 600.0
"""How long a command waits for another to end."""
QUIET_SECONDS = 0.5
"""How long a command waits without a message; most commands end by then."""
_NO_LOCKS = frozenset((errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP))
_LONGEST = 4096
_LONGEST_COMMAND = 200

Say = Callable[[str], None]


class HeldError(CourseError):
    """Another process holds the lock; the text says which process, and what to do."""


def tell(text: str) -> None:
    """Print a message for the person who waits."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def held(file: Path, what: str, seconds: float | None = None, say: Say = tell) -> Iterator[bool]:
    """Reserve ``what`` for this process, by a lock on ``file``.

    If another process has the lock, names it and waits up to ``seconds`` (default: WAIT_SECONDS).
    Yields whether ``file`` was locked; a file system without locks can't lock it, and a message
    says so. Raises HeldError when the time is over, CourseError if ``file`` can't be made.
    """
    from filelock import FileLock  # noqa: PLC0415 - slow, and many commands lock nothing

    try:
        lock = FileLock(file, mode=_mode(file.parent), fallback_to_soft=False)
        _acquire(lock, file, what, WAIT_SECONDS if seconds is None else seconds, say)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise CourseError(f"{what} can't be locked: {file} ({error.strerror}).") from error
        say(
            f"{what} can't be locked, because the file system has no locks ({error.strerror}). "
            "Make sure that no other command writes there now."
        )
    if lock.is_locked:
        _write_holder(file)
    try:
        yield lock.is_locked
    finally:
        if lock.is_locked:
            with suppress(OSError):
                os.truncate(file, 0)
            lock.release()


def _acquire(lock: BaseFileLock, file: Path, what: str, seconds: float, say: Say) -> None:
    from filelock import Timeout  # noqa: PLC0415 - as above

    with suppress(Timeout):
        lock.acquire(timeout=min(QUIET_SECONDS, seconds))
        return
    if seconds > QUIET_SECONDS:
        say(
            f"{what} is in use by {_holder(file)}. Waiting for it to end, for up to "
            f"{seconds / 60:g} minutes; Ctrl-C stops the wait."
        )
    try:
        lock.acquire(timeout=max(0.0, seconds - QUIET_SECONDS))
    except Timeout as error:
        raise HeldError(
            f"{what} is in use by {_holder(file)}, so nothing was done. Run the same command again "
            "when the other one has ended."
        ) from error


def _mode(folder: Path) -> int:
    """The permissions of the lock: anybody who may write in the folder may also take the lock."""
    return (folder.stat().st_mode & 0o666) | 0o600


def _write_holder(file: Path) -> None:
    """Write into the lock's file who holds it; if that fails, the lock still holds."""
    name = Path(sys.argv[0]).name
    command = shlex.join(["kit" if name == "__main__.py" else name, *sys.argv[1:]])
    about = {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
        "command": command[:_LONGEST_COMMAND],
    }
    with suppress(OSError):
        file.write_text(json.dumps(about), encoding="utf-8")


def _holder(file: Path) -> str:
    """The holder of the lock, as far as its file says."""
    try:
        with file.open("rb") as opened:
            about = json.loads(opened.read(_LONGEST))
        where = "" if about["host"] == platform.node() else f" on {about['host']}"
        return printable(
            f"process {about['pid']}{where} since {about['since']} ({about['command']})"
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
