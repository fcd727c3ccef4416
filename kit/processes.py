"""Starts the processes that grade on this machine. It loads little, so that it can begin early."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import warnings
from contextlib import suppress
from itertools import cycle
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing.queues import SimpleQueue

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_first: list[socket.socket] = []
"""The control socket of the first warm parent, in the process that starts it and in all others."""


def begin() -> None:
    """Start the processes from which the others are forked: what grades, and what is graded.

    They load what they need meanwhile.
    """
    for name in ONE_THREAD:  # each process has one core, and idle threads of NumPy's would spin
        os.environ.setdefault(name, "1")
    forkserver.set_forkserver_preload(["kit.loaded"])
    resource_tracker.ensure_running()  # which the next would start, and which lets a Ctrl-C through
    # a Ctrl-C is for the process that people started: others would die of it with a traceback
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if not _first:
        from kit.tester import isolation, launch  # noqa: PLC0415 - loads while the other starts

        process, control = launch.launch(isolation.namespace_command() or [])
        _first.append(control)
        with warnings.catch_warnings():  # it ends by itself, when nobody has its socket any more
            warnings.simplefilter("ignore", ResourceWarning)
            del process


def first_parent() -> socket.socket | None:
    """The control socket of the warm parent that others can be copies of, where one was started."""
    return _first[0] if _first else None


def executor(jobs: int) -> ProcessPoolExecutor:
    """An executor of ``jobs`` processes, each on a core of its own as far as there are so many."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - loads while others start

    begin()
    context = multiprocessing.get_context("forkserver")
    places = context.SimpleQueue()
    for _, core in zip(range(jobs), cycle(sorted(os.sched_getaffinity(0))), strict=False):
        places.put(core)
    settings = (places, _first[0])
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_settle, initargs=settings)


def _settle(places: SimpleQueue[int], first: socket.socket) -> None:
    """Take a core, leave a Ctrl-C to the process that started this one, and end when that ends.

    Tester and worker take turns, some dozens of times a submission. On one core, of their own, each
    turn costs half of what it does where another core has to be woken; as batch work, neither is
    interrupted when it wakes the other, but goes on until it has to wait itself.
    """
    _first.append(first)
    os.sched_setaffinity(0, {places.get()})
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what is loaded stays, and is not to be searched for garbage, least of all often
    gc.set_threshold(20_000)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
