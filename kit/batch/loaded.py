"""The process from which those that grade are forked: it loads what they need, once.

``kit.batch.processes`` starts it. For each message on its control socket, with a channel and the
socket of the first warm parent, it forks one: a *tester*, which carries out what comes on its
channel and sends back what that gave. It ends when the socket closes, and all testers with it.
"""

from __future__ import annotations

import gc
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
    gc.disable()  # what is loaded stays: to search it for garbage, again and again, takes time
    for name in LOADED:
        import_module(name)
    gc.freeze()
    gc.enable()
    control = socket.socket(fileno=control_number)
    while True:
        message, files, _, _ = socket.recv_fds(control, processes.MESSAGE_BYTES, 2)
        if not message:
            os._exit(0)
        with suppress(OSError):  # of too many processes: then the channel just closes
            if os.fork() == 0:
                control.close()
                _grade(*files, **json.loads(message))
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def _grade(channel: int, first: int, core: int, origin: int) -> NoReturn:
    """Be a tester until the channel closes, or the process ``origin`` that was forked from ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == origin:
        _settle(core)
        processes.take_first(socket.socket(fileno=first))
        with Connection(channel) as work, suppress(EOFError, OSError):
            while True:
                work.send_bytes(_answer(work.recv_bytes()))
    os._exit(0)


def _settle(core: int) -> None:
    """Stay on a core, as batch work, and leave a Ctrl-C to the process that hands out work.

    Tester and worker take turns, some dozens of times a submission. On one core, of their own, each
    turn costs half of what it does where another core has to be woken; as batch work, neither is
    interrupted when it wakes the other, but goes on until it has to wait itself.
    """
    with suppress(OSError, AttributeError):
        os.sched_setaffinity(0, {core})
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(20_000)


def _answer(call: bytes) -> bytes:
    """What a call gives, or raises; so it is also where the call itself can't be read here."""
    try:
        function, *arguments = pickle.loads(call)  # noqa: S301 - from who hands out work
        answer = pickle.dumps((True, function(*arguments)))
    except Exception as error:
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)  # noqa: S301 (our own; some exceptions can't be built again)
        except Exception:
            answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
