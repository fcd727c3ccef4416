"""Where the command `kit` begins, what grades before the commands are loaded, and a Ctrl-C ends."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
STARTED_LATER = ("--cluster", "--jobs", "--help")
"""Options with which there may be nothing to start; ``kit.cli`` knows."""
INTERRUPTED = 130


def main() -> None:
    """Run the command line; a Ctrl-C ends it at any moment with a sentence and exit code 130."""
    try:
        _run()
    except KeyboardInterrupt:
        _stop()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _stop()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # there is nothing left to be stopped
        raise
    finally:  # whatever broke off: nobody waits for what is still being graded
        if (loaded := sys.modules.get("kit.processes")) is not None:
            loaded.stop()


def _stop() -> NoReturn:
    """Kill what grades, say so, and end at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from kit import processes

    processes.stop()
    print("Stopped. Run the same command again to go on where it stopped.", file=sys.stderr)
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(INTERRUPTED)  # without waiting for what other threads were in the middle of


def _run() -> None:
    for name in ONE_THREAD:  # where no thread can be started NumPy would break off as it loads
        os.environ.setdefault(name, "1")
    gc.disable()  # what is loaded stays: to search it for garbage, again and again, takes time
    words = sys.argv[1:]
    if words[:1] == ["grade"] and not any(word.startswith(STARTED_LATER) for word in words):
        from kit import processes

        processes.begin()
    from kit.cli import app

    gc.freeze()
    gc.enable()
    try:
        app()
    finally:
        gc.freeze()  # all ends with the process: not searched for garbage, it ends much sooner


if __name__ == "__main__":
    main()
