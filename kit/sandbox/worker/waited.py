"""How long a thread could have run and was not let: the part of time that nobody's code used."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def waited(task: str) -> float:
    """Seconds that ``task``, such as "123" or "self/task/124", has waited for a processor so far.

    By the kernel's own account (``/proc/<pid>/schedstat``); 0 where it keeps none.
    """
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{task}/schedstat").read_text().split()[1]) / 1e9
    return 0.0


def ran(task: str) -> float:
    """Seconds of processor time that ``task`` has used so far, by the same account."""
    with (
        suppress(OSError, ValueError, IndexError),
        open(f"/proc/{task}/schedstat", encoding="ascii") as account,
    ):
        return int(account.read().split()[0]) / 1e9
    return 0.0
