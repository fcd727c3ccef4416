"""Which processes run, and which have ended after a while."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE = 500
"""Seconds: nothing that a test waits for takes longer. After 600, pytest ends the test itself."""
GONE_SECONDS = 120
"""What was killed is gone by then."""


def descendants(pid: int) -> set[int]:
    """The processes that ``pid`` started, and those that they did, as far as they run."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return set()
    found = {int(child) for child in children}
    return found.union(*(descendants(child) for child in found))


def is_running(pid: int) -> bool:
    """Whether ``pid`` runs; a dead process that nobody has waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def still_running(pids: set[int]) -> list[int]:
    """Those of ``pids`` that have not ended after a while, which is long on a busy machine."""
    deadline = time.monotonic() + GONE_SECONDS
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_running(pid)]
