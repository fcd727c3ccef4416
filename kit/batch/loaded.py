"""The process from which testers are forked; it loads their modules once.

``kit.batch.processes`` starts it. Each message on its control socket brings a channel and the
socket of the first warm parent; for each, the process forks a *tester*. The tester carries out the
calls that come on its channel and sends back their results. When the control socket closes, the
process ends, and all testers with it.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import NoReturn

from kit.batch import processes
from kit.sandbox.worker.confine import PR_SET_PDEATHSIG, libc

LOADED = ("importlib.metadata", "numpy.random", "kit.grading.grader", "kit.batch.pool")


def main(control_number: int) -> None:
    """Load, then fork a tester for each message until the socket closes."""
    for name in LOADED:
        import_module(name)
    control = socket.socket(fileno=control_number)
    while True:
        message, files, _, _ = socket.recv_fds(control, processes.MESSAGE_BYTES, 2)
        if not message:
            os._exit(0)
        with suppress(OSError):  # too many processes: then the channel just closes
            if os.fork() == 0:
                control.close()
                _grade(*files, **json.loads(message))
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def _grade(channel: int, first: int, core: int, origin: int) -> NoReturn:
    """Be a tester until the channel closes or ``origin``, the parent process, ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == origin:
        _settle(core)
        processes.take_first(socket.socket(fileno=first))
        with Connection(channel) as work, suppress(EOFError, OSError):
            while True:
                work.send_bytes(_answer(work.recv_bytes()))
    os._exit(0)


def _settle(core: int) -> None:
    """Stay on one core, as batch work, and leave a Ctrl-C to the dispatcher.

    Tester and worker take turns some dozens of times per submission. On one core of their own, a
    turn costs half as much as one that has to wake another core. As batch work, neither process is
    interrupted when it wakes the other; it goes on until it has to wait itself.
    """
    with suppress(OSError, AttributeError):
        os.sched_setaffinity(0, {core})
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answer(call: bytes) -> bytes:
    """The pickled result or exception of a call; an exception, too, if the call can't be read."""
    try:
        function, *arguments = pickle.loads(call)  # noqa: S301 - from the dispatcher
        answer = pickle.dumps((True, function(*arguments)))
    except Exception as error:
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)  # noqa: S301 (our own; a test, as some exceptions can't be unpickled)
        except Exception:
            answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
