"""Where the command `kit` begins.

Ctrl-C ends it at any moment with a sentence and exit code 130, also while the commands are being
loaded. The command does not wait for submissions that are still being graded.
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
    from kit.cli import app

    app()


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
