"""Exit codes besides 0 to 3, as documented, and the sentence that an interrupt prints."""

FAULT_OF_THE_KIT = 70
"""An error that should never happen (``EX_SOFTWARE`` of ``sysexits.h``)."""
INTERRUPTED = 130
"""The command was stopped by Ctrl-C (128 + SIGINT, as shells report it)."""
STOPPED = "Stopped. Run the same command again to go on where it stopped."
