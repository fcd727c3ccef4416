"""Every limit that a submission meets, stated once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MIB = 1024 * 1024
REPLY_TREE_BYTES = 2 * MIB
"""The structure of a reply, or of those to calls made together: all but the contents of arrays."""
REPLY_BLOCK_BYTES = 256 * MIB
"""All their arrays. These two bound what the tester allocates, so nobody may raise them."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are of the wall clock unless the name says CPU."""

    call_seconds: float = 10.0
    """One call of a student's function, where a check states no other limit."""
    total_seconds: float = 900.0
    """All calls of one submission together."""
    cpu_seconds: int = 900
    """Processor time of one worker."""
    address_space_bytes: int = 4096 * MIB
    """Address space of a worker, mapped data sets included."""
    resident_bytes: int = 2048 * MIB
    """Memory that a machine must have for each submission. One that is killed again and again while
    it holds more has had its share; one that holds less was killed by no fault of its own."""
    attempts: int = 3
    """How often it is graded from the start where a worker is lost by no doing of its own."""
    output_bytes: int = 64 * 1024
    """How much of what a submission prints is kept; the rest is read and dropped."""
    timeouts: int = 2
    """How often one function may exceed its time before it is not called any more."""
    open_files: int = 64
    """Open files of a worker: its channel, its output and mapped data."""
    processes: int = 0
    """Processes and threads that a submission may start."""
    source_bytes: int = 2 * MIB
    """One file of a submission that is graded."""
    submission_files: int = 50_000
    """Entries of a submission's folder or archive that are looked through."""
    notebook_bytes: int = 16 * MIB
    """A notebook that is compared with the released one."""
    archive_bytes: int = 1024 * MIB
    """What is unpacked of a compressed tarball while looking for the files."""
    nested_bytes: int = 256 * MIB
    """An archive within another, which is held in memory."""

    def as_dict(self) -> dict[str, Any]:
        """The limits by name, for people and for the worker's parent."""
        return asdict(self)
