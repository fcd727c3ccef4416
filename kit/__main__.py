"""Where the command `kit` begins: what grades is started before the commands are loaded.

A Ctrl-C ends it at any moment with a sentence and exit code 130; nobody waits for what is still
being graded. It loads nothing by itself.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from kit.exit_codes import INTERRUPTED, STOPPED

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
STARTED_LATER = ("--cluster", "--jobs", "--help")
"""Options with which there may be nothing to start; ``kit.cli`` knows."""


def main() -> None:
    """Run the command line."""
    try:
        _main()
    except KeyboardInterrupt:  # before or after a command: kit.edge tells of those within
        _stopped()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _end()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # there is nothing left to be stopped
        raise
    finally:  # whatever broke off: nobody waits for what is still being graded
        if (loaded := sys.modules.get("kit.batch.processes")) is not None:
            loaded.stop()


def _main() -> None:
    sys.unraisablehook = _unraisable
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # or a file of ours would become the standard output that was closed before we began
    os.close(spare)
    for name in ONE_THREAD:  # where no thread can be started NumPy would break off as it loads
        os.environ.setdefault(name, "1")
    gc.disable()  # what is loaded stays: to search it for garbage, again and again, takes time
    words = sys.argv[1:]
    if words[:1] == ["grade"] and not any(word.startswith(STARTED_LATER) for word in words):
        from kit.batch import processes

        processes.begin()
    from kit.cli import app

    gc.freeze()
    gc.enable()
    try:
        app()
    finally:
        gc.freeze()  # all ends with the process: not searched for garbage, it ends much sooner


def _stopped() -> NoReturn:
    """Say so and end, whatever is being loaded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.write(2, f"{STOPPED}\n".encode())
    _end()


def _end() -> NoReturn:
    """Kill what grades, and end at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if (loaded := sys.modules.get("kit.batch.processes")) is not None:
            loaded.stop()
        with suppress(OSError, AttributeError):
            sys.stdout.flush()
    finally:
        os._exit(INTERRUPTED)  # without waiting for what other threads were in the middle of


def _unraisable(problem: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C also counts where Python can't raise it, as in a callback of the import system."""
    if issubclass(problem.exc_type, KeyboardInterrupt):
        _stopped()
    sys.__unraisablehook__(problem)


if __name__ == "__main__":
    main()
