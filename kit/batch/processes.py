"""Starts the processes that grade on this machine. It loads little, so that it can begin early.

These *testers* are forked from a process that has loaded what they need
(``kit.batch.loaded``). Each has
a channel of its own to the process that hands out work, and shares nothing else with it or with its
neighbours: no lock, no file, no name. So whichever of them is killed, and whenever, its channel
closes; it costs what it had in hand, and nobody waits for it.
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
    """A tester was killed, or did not answer in time: what it had in hand has no result."""


class _Origin:
    """The two processes from which the others are forked: what grades, and what is graded.

    They load what they need while whoever starts them does something else. Raises KitFault where
    no process can be started.
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
                    # each tester has one core, and idle threads of NumPy's would spin
                    env={**dict.fromkeys(ONE_THREAD, "1"), **os.environ},
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # a Ctrl-C is for the process that hands out work
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
        """Wait until the first warm parent has begun; end one that doesn't, in hanging namespaces.

        Each tester then starts one of its own, in the way that works here.
        """
        self.first.settimeout(launch.BEGIN_SECONDS)
        try:
            begun = bool(self.first.recv(MESSAGE_BYTES))
        except OSError:
            begun = False
        if not begun:
            launch.kill(self._parent)

    def fork(self, core: int) -> Connection:
        """The channel to a new tester on ``core``; raises OSError where the process has gone."""
        from multiprocessing.connection import Connection  # noqa: PLC0415 (slow, and not yet needed)

        ours, theirs = socket.socketpair()
        message = json.dumps({"core": core, "origin": self._process.pid}).encode()
        with ours, theirs:
            socket.send_fds(self._control, [message], [theirs.fileno(), self.first.fileno()])
            return Connection(ours.detach())

    def kill(self) -> None:
        """Kill both, and with them all that were forked from them, whatever they do."""
        launch.kill(self._process)
        launch.kill(self._parent)

    def close(self) -> None:
        """Close the sockets, when no thread waits for anything any more."""
        self._control.close()
        self.first.close()


_origin: list[_Origin] = []
_first: list[socket.socket] = []
"""In a tester: the control socket of the first warm parent."""


def begin() -> None:
    """Start the processes from which the others are forked, where they don't run yet.

    Where they can't be started, whoever needs them says so.
    """
    with suppress(KitFault):
        _begun()


def _begun() -> _Origin:
    if not _origin:
        _origin.append(_Origin())
    return _origin[0]


def stop() -> None:
    """Kill all that this process has started to grade, whatever it does."""
    for origin in _origin:
        origin.kill()


def first_parent() -> socket.socket | None:
    """The control socket of the warm parent that others can be copies of, where one was started."""
    given = _first or [origin.first for origin in _origin]
    return given[0] if given else None


def take_first(first: socket.socket) -> None:
    """Make copies of this warm parent, in a tester."""
    _first.append(first)


class Testers:
    """``jobs`` testers; a context manager that ends them, whatever they do.

    Each has a thread here, and one of ``cores`` as far as there are so many. One that doesn't
    answer within ``seconds`` is given up. Raises KitFault where no process can be started.
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
        """Have a tester call ``function``; it gives or raises what that does, or TesterLost."""
        return self._threads.submit(self._carried_out, function, given)

    def _carried_out(self, function: Callable[..., T], given: tuple[Any, ...]) -> T:
        """In a thread: what its tester gives, which is started where there is none."""
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
            raise TesterLost(f"The process that graded it has gone ({error}).") from error
        if not well:
            raise value
        answer: T = value
        return answer

    def _started(self) -> Connection:
        """The channel to a new tester, on the core of this thread."""
        if not hasattr(self._mine, "core"):
            self._mine.core = self._cores.pop()
        channel = self._origin.fork(self._mine.core)
        # one that is stopped, or hangs, neither answers nor takes what it is sent
        wait = struct.pack("@ll", self._seconds, 0)
        with socket.socket(fileno=os.dup(channel.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
        return channel
