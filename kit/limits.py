"""Every limit that a submission meets, stated once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MIB = 1024 * 1024
REPLY_TREE_BYTES = 2 * MIB
"""The structure of a reply, or of those to calls made together: all but the contents of arrays."""
REPLY_BLOCK_BYTES = 256 * MIB
"""All their arrays. These two bound what the tester allocates, so nobody may raise them."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Its seconds are its own: of the wall clock, without the time in which the machine was busy with
    others and did not let it run. Those of ``cpu_seconds`` are of the processor.
    """

    call_seconds: float = 10.0
    """One call of a student's function, where a check states no other limit."""
    total_seconds: float = 900.0
    """All calls of one submission together."""
    cpu_seconds: int = 900
    """Processor time of one worker."""
    address_space_bytes: int = 4096 * MIB
    """Address space of a worker, mapped data sets included."""
    tester_seconds: float = 60.0
    """Processor time for judging what one submission returns. Honest answers take 0.1 s."""
    diagnosis_seconds: float = 60.0
    """Looking for the known mistakes of one task. It takes milliseconds, but for huge arrays."""
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
    """One file of a submission that is graded, or that those import from."""
    helper_files: int = 100
    """Modules of a student's own beside the files that are asked for."""
    helper_bytes: int = 2 * MIB
    """All of them together."""
    elsewhere_bytes: int = 1 * MIB
    """What is looked through for work in a wrong place, where a task is not written."""
    submission_files: int = 50_000
    """Files of a submission's archive, or entries of its folder, that are looked through."""
    path_characters: int = 4096
    """One path in a submission."""
    path_parts: int = 100
    """Folders of one path, and the file in them."""
    archive_headers: int = 150_000
    """Headers of an archive: of files and folders, of what is said about them, of its parts."""
    header_bytes: int = 16 * MIB
    """What an archive says about its files, their names included; the names in a folder."""
    archive_bytes: int = 2048 * MIB
    """What is unpacked of a compressed tarball, as often as that is done. A byte of bzip2 counts
    eightfold and one of xz fourfold, for so much longer they take."""
    unpacking_memory_bytes: int = 128 * MIB
    """Memory that the unpacking of an xz may ask for."""
    nested_bytes: int = 256 * MIB
    """An archive within another, which is held in memory."""
    notebook_bytes: int = 16 * MIB
    """A notebook that is compared with the released one."""
    notebook_items: int = 2_000_000
    """Commas and brackets in it, for every item takes memory."""
    list_bytes: int = 64 * MIB
    """Gradescope's list of who handed in what, which a download of a class has."""
    list_items: int = 10_000_000
    """Keys and values of that list."""

    def as_dict(self) -> dict[str, Any]:
        """The limits by name, for people and for the worker's parent."""
        return dict(vars(self))
