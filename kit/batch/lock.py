"""Keeps two commands from writing the same results or the same gradebook at once.

The lock is the operating system's, so it ends with the process that holds it, however that ends.
Its file says who holds it, for those who have to wait.
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
"""How long it does so without a word, for most are done by then."""
_NO_LOCKS = frozenset((errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP))
_LONGEST = 4096
_LONGEST_COMMAND = 200

Say = Callable[[str], None]


class HeldError(CourseError):
    """Another process holds what is needed; the text says which one, and what to do."""


def tell(text: str) -> None:
    """Say something to the person who waits."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def held(file: Path, what: str, seconds: float | None = None, say: Say = tell) -> Iterator[bool]:
    """Have ``what``, which ``file`` stands for, for this process alone.

    Where another process has it, waits for up to ``seconds`` (by default WAIT_SECONDS), and says
    who that is. Yields whether it was locked: on a file system without locks it is not, and that is
    said. Raises HeldError when the time is over, CourseError where ``file`` can't be made.
    """
    from filelock import FileLock  # noqa: PLC0415 - slow, and many commands lock nothing

    try:
        lock = FileLock(file, mode=_mode(file.parent), fallback_to_soft=False)
        _acquire(lock, file, what, WAIT_SECONDS if seconds is None else seconds, say)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise CourseError(f"{what} can't be locked: {file} ({error.strerror}).") from error
        say(
            f"{what} can't be locked, for the file system has no locks ({error.strerror}): see to "
            "it that no other command writes there now."
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
            f"{seconds / 60:g} minutes; Ctrl-C stops that."
        )
    try:
        lock.acquire(timeout=max(0.0, seconds - QUIET_SECONDS))
    except Timeout as error:
        raise HeldError(
            f"{what} is in use by {_holder(file)}, so nothing was done. Run the same command again "
            "when that has ended."
        ) from error


def _mode(folder: Path) -> int:
    """The rights to the lock: who may write in the folder may also take it."""
    return (folder.stat().st_mode & 0o666) | 0o600


def _write_holder(file: Path) -> None:
    """Leave word of who holds the lock; where that fails, it holds all the same."""
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
    """Who holds the lock, as far as its file says so."""
    try:
        with file.open("rb") as opened:
            about = json.loads(opened.read(_LONGEST))
        where = "" if about["host"] == platform.node() else f" on {about['host']}"
        return printable(
            f"process {about['pid']}{where} since {about['since']} ({about['command']})"
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
