"""States once every limit that applies to a submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIB = 1024 * 1024
REPLY_TREE_BYTES = 2 * MIB
"""The structure of one reply, or of all replies to calls made together: everything except the
contents of arrays."""
REPLY_BLOCK_BYTES = 256 * MIB
"""All arrays of these replies. These two limits bound the tester's allocations, so nobody may
raise them."""
CAPS = {
    "call_seconds": 600,
    "total_seconds": 7200,
    "cpu_seconds": 7200,
    "tester_seconds": 600,
}
"""The limits that an assignment may state for itself, and how far it may go."""


@dataclass(frozen=True)
class Limits:
    """The resources that one submission may use.

    Seconds are wall-clock time, minus the time in which the machine was busy with other work and
    did not let the submission run. Only where a limit says so are they processor time.
    """

    call_seconds: float = 10.0
    """One call of a student's function, unless a check states another limit."""
    total_seconds: float = 900.0
    """All calls of one submission together."""
    cpu_seconds: int = 900
    """Processor time of one worker."""
    address_space_bytes: int = 4096 * MIB
    """Address space of a worker, mapped data sets included."""
    tester_seconds: float = 60.0
    """Processor time for judging the values that one submission returns. Honest answers take
    0.1 s."""
    diagnosis_seconds: float = 60.0
    """Search for the known mistakes of one task. It takes milliseconds, except for huge arrays."""
    example_seconds: float = 2.0
    """All calls of one process that look for the smallest failing examples of a submission. Honest
    code takes 0.05 s. Code that takes longer has no example."""
    example_calls: int = 2000
    """How many calls that may be for one submission."""
    resident_bytes: int = 2048 * MIB
    """Memory that a machine must have for each submission. A submission that is killed again and
    again while it holds more has had its share. One that holds less is not at fault."""
    attempts: int = 3
    """How often a submission is graded from the start if its worker is lost through no fault of
    its own."""
    output_bytes: int = 64 * 1024
    """How much of a submission's printed output is kept; the rest is read and dropped."""
    timeouts: int = 2
    """How often one function may exceed its time before it is no longer called."""
    open_files: int = 64
    """Open files of a worker: its channel, its output and mapped data."""
    processes: int = 0
    """Processes and threads that a submission may start."""
    source_bytes: int = 2 * MIB
    """One graded file of a submission, or one module that a graded file imports."""
    helper_files: int = 100
    """Modules that a student added to the requested files."""
    helper_bytes: int = 2 * MIB
    """All added modules together."""
    elsewhere_bytes: int = 1 * MIB
    """Other text that is searched for misplaced work if a task is not written."""
    submission_files: int = 50_000
    """Files in a submission's archive, or entries in its folder."""
    path_characters: int = 4096
    """One path in a submission."""
    path_parts: int = 100
    """Folders in one path, plus the file itself."""
    archive_headers: int = 150_000
    """Headers of an archive: for files and folders, for their extended information, and for the
    archive's compressed parts."""
    header_bytes: int = 16 * MIB
    """An archive's information about its files, names included; or the names in a folder."""
    archive_bytes: int = 2048 * MIB
    """Bytes unpacked from a compressed tarball, counted again each time they are unpacked. A byte
    of bzip2 counts eightfold and a byte of xz fourfold, because they take that much longer."""
    unpacking_memory_bytes: int = 128 * MIB
    """Memory that unpacking an xz file may request."""
    nested_bytes: int = 256 * MIB
    """An archive within another; it is held in memory."""
    notebook_bytes: int = 16 * MIB
    """A notebook that is compared with the released one."""
    notebook_items: int = 2_000_000
    """Commas and brackets in a notebook, because every item takes memory."""
    list_bytes: int = 64 * MIB
    """The list in a Gradescope download of a class that says who handed in what."""
    list_items: int = 10_000_000
    """Keys and values in that list."""

    @classmethod
    def stated(cls, own: Mapping[str, Any]) -> Limits:
        """The limits of an assignment that states some of its ``own``.

        Raises ValueError, with a sentence, where one is unknown, no number, or beyond its cap.
        """
        for name, value in own.items():
            if name not in CAPS:
                raise ValueError(f"an assignment can't state {name!r}, only {', '.join(CAPS)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} must be a number, it is {value!r}")
            if not 0 < value <= CAPS[name]:
                raise ValueError(f"{name} must be at most {CAPS[name]:,}, it is {value:,}")
        kinds = {name: type(getattr(cls, name)) for name in own}
        return cls(**{name: kinds[name](value) for name, value in own.items()})

    def as_dict(self) -> dict[str, Any]:
        """The limits by name, for people and for the workers' parent."""
        return dict(vars(self))
