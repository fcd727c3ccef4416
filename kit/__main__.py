"""Where the command `kit` begins: what grades is started before the commands are loaded.

It loads nothing by itself: each process that grades imports the main program once more.
"""

from __future__ import annotations

import gc
import os
import sys

STOPPED = "Stopped. Run the same command again to go on where it stopped."
STARTED_LATER = ("--cluster", "--jobs", "--help")
"""Options with which there may be nothing to start; ``kit.cli`` knows."""


def main() -> None:
    """Run the command line."""
    try:
        _main()
    except KeyboardInterrupt:  # before or after a command: kit.edge tells of those within
        _stopped()


def _main() -> None:
    sys.unraisablehook = _unraisable
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # or a file of ours would become the standard output that was closed before we began
    os.close(spare)
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


def _stopped() -> None:
    """Say so and end, whatever is being loaded; what was started ends when it sees it."""
    try:
        os.write(2, f"{STOPPED}\n".encode())
    finally:
        os._exit(130)


def _unraisable(problem: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C also counts where Python can't raise it, as in a callback of the import system."""
    if issubclass(problem.exc_type, KeyboardInterrupt):
        _stopped()
    sys.__unraisablehook__(problem)


if __name__ == "__main__":
    main()
