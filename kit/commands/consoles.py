"""Where commands print, and the sentences that several of them print."""

from __future__ import annotations

from rich.console import Console

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def warn(text: str) -> None:
    errors.print(text, style="yellow", markup=False, soft_wrap=True)


def show_written(written: int, of: int, remarks: list[str]) -> None:
    for remark in remarks:
        warn(remark)
    console.print(f"{written} of {of} results are in the gradebook.")


def number_of_processes(jobs: int | None) -> int:
    """The number of processes that this machine can run; says where they are fewer than asked."""
    from kit.batch.pool import affordable

    possible, remark = affordable(jobs)
    if remark is not None:
        warn(remark)
    return possible
