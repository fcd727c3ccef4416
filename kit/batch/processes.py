"""Starts the testers of this machine. This module loads little, so that it can begin early.

Testers are forked from a process that has already loaded their modules (``kit.batch.loaded``). Each
tester has its own channel to the dispatcher, and shares nothing else with the dispatcher or other
testers: no lock, no file, no name. So if a tester is killed, at any moment, its channel closes.
Only the submission that it had in hand is lost, and nobody waits for it.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from kit.sandbox.faults import KitFault
from kit.sandbox.tester import isolation, launch

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.connection import Connection

MESSAGE_BYTES = 1024
START_SECONDS = 60.0
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PROGRAM = "import sys; sys.path[:] = {path!r}; from kit.batch.loaded import main; main({control})"

T = TypeVar("T")


class TesterLost(Exception):
    """A tester was killed, or did not answer in time; its current job has no result."""


class _Origin:
    """The two processes from which the others are forked: one for testers, one for workers.

    They load their modules while the starting process does something else. Raises KitFault if no
    process can be started.
    """

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(START_SECONDS)
        program = PROGRAM.format(path=sys.path, control=theirs.fileno())
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 (our own program)
                    [sys.executable, "-P", "-c", program],
                    pass_fds=[theirs.fileno()],
                    # each tester has one core, on which NumPy's idle threads would spin
                    env={**dict.fromkeys(ONE_THREAD, "1"), **os.environ},
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # a Ctrl-C is for the dispatcher
                )
            except OSError as error:
                self._control.close()
                raise KitFault(f"No process can be started on this machine ({error}).") from error
        try:
            self._parent, self.first = launch.launch(isolation.namespace_command() or [])
        except KitFault:
            launch.kill(self._process)
            self._control.close()
            raise

    def require_first(self) -> None:
        """Wait until the first warm parent has begun; kill it if its namespaces make it hang.

        In that case each tester starts a warm parent of its own, in a way that works here.
        """
        self.first.settimeout(launch.BEGIN_SECONDS)
        try:
            begun = bool(self.first.recv(MESSAGE_BYTES))
        except OSError:
            begun = False
        if not begun:
            launch.kill(self._parent)

    def fork(self, core: int) -> Connection:
        """The channel to a new tester on ``core``; raises OSError if the process has gone."""
        from multiprocessing.connection import Connection  # noqa: PLC0415 (slow, and not yet needed)

        ours, theirs = socket.socketpair()
        message = json.dumps({"core": core, "origin": self._process.pid}).encode()
        with ours, theirs:
            socket.send_fds(self._control, [message], [theirs.fileno(), self.first.fileno()])
            return Connection(ours.detach())

    def kill(self) -> None:
        """Kill both processes and every process forked from them, whatever they are doing."""
        launch.kill(self._process)
        launch.kill(self._parent)

    def close(self) -> None:
        """Close the sockets. Call this when no thread waits for them any more."""
        self._control.close()
        self.first.close()


_origin: list[_Origin] = []
_first: list[socket.socket] = []
"""In a tester: the control socket of the first warm parent."""


def begin() -> None:
    """Start the processes from which the others are forked, if they don't run yet.

    If they can't be started, the first function that needs them reports it.
    """
    with suppress(KitFault):
        _begun()


def _begun() -> _Origin:
    if not _origin:
        _origin.append(_Origin())
    return _origin[0]


def stop() -> None:
    """Kill every grading process that this process has started, whatever it is doing."""
    for origin in _origin:
        origin.kill()


def first_parent() -> socket.socket | None:
    """The control socket of the warm parent that can fork copies; None if none was started."""
    given = _first or [origin.first for origin in _origin]
    return given[0] if given else None


def take_first(first: socket.socket) -> None:
    """In a tester: remember the warm parent from which copies are made."""
    _first.append(first)


class Testers:
    """``jobs`` testers; a context manager that ends them, whatever they are doing.

    Each tester has a thread here and a core from ``cores``; testers share cores if there are too
    few. A tester that does not answer within ``seconds`` is given up. Raises KitFault if no process
    can be started.
    """

    def __init__(self, jobs: int, cores: set[int], seconds: float) -> None:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (loads while others start)

        self._origin = _begun()
        self._seconds = int(seconds)
        self._cores = [sorted(cores)[job % len(cores)] for job in range(jobs)]
        self._mine = threading.local()
        self._threads = ThreadPoolExecutor(jobs, "tester")

    def __enter__(self) -> Testers:
        self._origin.require_first()
        return self

    def __exit__(self, *_: object) -> None:
        self._origin.kill()
        self._threads.shutdown(cancel_futures=True)
        self._origin.close()
        _origin.clear()

    def submit(self, function: Callable[..., T], *given: Any) -> Future[T]:
        """Let a tester call ``function``; gives its result or exception, or raises TesterLost."""
        return self._threads.submit(self._carried_out, function, given)

    def _carried_out(self, function: Callable[..., T], given: tuple[Any, ...]) -> T:
        """In a thread: the answer of the thread's tester, which is started if there is none."""
        mine = self._mine
        try:
            if not hasattr(mine, "channel"):
                mine.channel = self._started()
            mine.channel.send((function, *given))
            well, value = mine.channel.recv()
        except (OSError, EOFError) as error:
            if hasattr(mine, "channel"):
                mine.channel.close()
                del mine.channel
            raise TesterLost(f"The process that graded this has gone ({error}).") from error
        if not well:
            raise value
        answer: T = value
        return answer

    def _started(self) -> Connection:
        """The channel to a new tester, on the core of this thread."""
        if not hasattr(self._mine, "core"):
            self._mine.core = self._cores.pop()
        channel = self._origin.fork(self._mine.core)
        # a tester that is stopped or hangs neither answers nor reads
        wait = struct.pack("@ll", self._seconds, 0)
        with socket.socket(fileno=os.dup(channel.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
        return channel
