"""Where the command `kit` begins: what grades is started before the commands are loaded.

It loads nothing by itself: each process that grades imports the main program once more.
"""

from __future__ import annotations

import gc
import sys

STARTED_LATER = ("--cluster", "--jobs", "--help")
"""Options with which there may be nothing to start; ``kit.cli`` knows."""


def main() -> None:
    """Run the command line."""
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
