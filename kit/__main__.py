"""The entry point of the command `kit`.

Ctrl-C ends the command at any moment with a sentence and exit code 130, even while it loads its
modules. The command does not wait for submissions that are still being graded.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from kit.exit_codes import INTERRUPTED, STOPPED

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line."""
    try:
        _main()
    except KeyboardInterrupt:  # before or after a command; kit.edge handles it within one
        _stopped()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _end()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to stop
        raise
    finally:  # however the command ended, it does not wait for what is still being graded
        if (loaded := sys.modules.get("kit.batch.processes")) is not None:
            loaded.stop()


def _main() -> None:
    sys.unraisablehook = _unraisable
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # else a file of ours would take the place of a standard stream that is closed
    os.close(spare)
    for name in ONE_THREAD:  # NumPy fails to load if it can't start a thread
        os.environ.setdefault(name, "1")
    from kit.cli import app

    app()


def _stopped() -> NoReturn:
    """Print the sentence and end, whatever is being loaded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.write(2, f"{STOPPED}\n".encode())
    _end()


def _end() -> NoReturn:
    """Kill the grading processes and end at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if (loaded := sys.modules.get("kit.batch.processes")) is not None:
            loaded.stop()
        with suppress(OSError, AttributeError):
            sys.stdout.flush()
    finally:
        os._exit(INTERRUPTED)  # without a wait for other threads


def _unraisable(problem: sys.UnraisableHookArgs) -> None:
    """Obey a Ctrl-C that Python can't raise, such as one in a callback of the import system."""
    if issubclass(problem.exc_type, KeyboardInterrupt):
        _stopped()
    sys.__unraisablehook__(problem)


if __name__ == "__main__":
    main()
