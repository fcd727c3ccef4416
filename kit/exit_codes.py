"""The exit codes that the documentation promises, besides 0 to 3, and what an interrupt prints."""

FAULT_OF_THE_KIT = 70
"""What should never happen; ``sysexits.h`` has this number for it."""
INTERRUPTED = 130
"""Ctrl-C, as shells report it."""
STOPPED = "Stopped. Run the same command again to go on where it stopped."
