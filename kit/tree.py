"""What was handed in, as names and a way to read each: the same for a folder and an archive.

Nothing is unpacked to disk, links are never followed, and what nobody wrote for the course (caches,
virtual environments, the droppings of a Mac) is left out before anyone looks at it.
"""

from __future__ import annotations

import errno
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from kit.limits import Limits

IGNORED_FOLDERS = frozenset(
    "__pycache__ __macosx venv env node_modules site-packages dist-packages".split()
)
ENVIRONMENT = "pyvenv.cfg"
"""The file that marks its folder as a virtual environment, whatever the folder is called."""
LINK = "it is a link, and links are not followed"


class RejectedError(Exception):
    """There is nothing in it that could be graded; the text says what was looked for."""


class UnreadableError(Exception):
    """One file of a submission can't be taken; the text says why, as the end of a sentence."""


@dataclass(frozen=True)
class Entry:
    """A file: its POSIX path within the tree, its size, and why it may not be read, if so."""

    name: str
    size: int = 0
    refused: str = ""


class Tree(ABC):
    """The files of a submission. A context manager, since an archive stays open.

    ``entries`` has every file that may matter, in the order in which reading is cheapest.
    ``outside`` are the names that would lead out of the tree; none of them is in ``entries``.
    """

    entries: Sequence[Entry]
    outside: Sequence[str] = ()

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - a folder has nothing to close
        """Let go of what is open."""

    @abstractmethod
    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError."""

    def read(self, entry: Entry, limit: int) -> bytes:
        """The content of ``entry``, if it is at most ``limit`` bytes; else UnreadableError."""
        if entry.refused:
            raise UnreadableError(entry.refused)
        content = b""
        if entry.size <= limit:
            with self.open(entry) as file:
                content = file.read(limit + 1)
        if max(entry.size, len(content)) > limit:
            raise UnreadableError(f"it is larger than {limit:,} bytes")
        return content

    def seekable(self, entry: Entry, limit: int) -> BinaryIO:
        """The content of ``entry``, an archive, as a file in which one can go back and forth."""
        return BytesIO(self.read(entry, limit))


def ignored(part: str) -> bool:
    """Whether a file or folder of this name is never a student's own work."""
    return part.startswith(".") or part.lower() in IGNORED_FOLDERS


def normal(name: str) -> str | None:
    """A member's name as a relative POSIX path; None where it leads out of the archive.

    Some programs on Windows write backslashes.
    """
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or not parts or parts[0][1:2] == ":":
        return None
    return "/".join(parts)


def sift(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of an archive that may matter: no ignored folders, no virtual environments."""
    kept = [entry for entry in entries if not any(ignored(part) for part in entry.name.split("/"))]
    environments = {
        str(PurePosixPath(entry.name).parent)
        for entry in kept
        if entry.name.rpartition("/")[2] == ENVIRONMENT
    }
    if not environments:
        return kept
    return [
        entry
        for entry in kept
        if environments.isdisjoint(str(folder) for folder in PurePosixPath(entry.name).parents)
    ]


class FolderTree(Tree):
    """The files in a folder.

    Raises RejectedError where they are more than the limits allow. ``inside`` leads to the folder
    from ``root``; no link is followed on that way or below it, but ``root`` itself may be one.
    """

    def __init__(self, root: Path, limits: Limits, inside: str = "", depth: int = 100) -> None:
        self._root = root
        self._inside = inside
        self._limit = limits.submission_files
        self.entries = sorted(self._scan(depth), key=lambda entry: entry.name)

    def _scan(self, depth: int) -> Iterator[Entry]:
        waiting, seen = [(str(self._root / self._inside), "", depth)], 0
        while waiting:
            folder, name, left = waiting.pop()
            try:
                found = list(os.scandir(folder))
            except OSError as error:
                if not name:
                    raise
                yield Entry(name, refused=_reason(error))
                continue
            seen += len(found)
            if seen > self._limit:
                raise RejectedError(f"The folder holds more than {self._limit:,} files.")
            if name and any(entry.name == ENVIRONMENT for entry in found):
                continue
            for entry in found:
                if ignored(entry.name):
                    continue
                inner = f"{name}/{entry.name}" if name else entry.name
                if not entry.is_dir(follow_symlinks=False):
                    yield _entry(entry, inner)
                elif left > 1:
                    waiting.append((entry.path, inner, left - 1))

    def open(self, entry: Entry) -> BinaryIO:
        """Open the file step by step, so that no link is followed whenever it was put there."""
        parts = [part for part in f"{self._inside}/{entry.name}".split("/") if part]
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                inner = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = inner
            file = open(os.open(parts[-1], flags, dir_fd=folder), "rb")  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise UnreadableError(_reason(error)) from error
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise UnreadableError("it is not a regular file")
        return file

    def seekable(self, entry: Entry, limit: int) -> BinaryIO:
        """The file itself, of whatever size."""
        if entry.refused:
            raise UnreadableError(entry.refused)
        return self.open(entry)


class View(Tree):
    """Some files of another tree under other names: ``{"optim.py": entry}``."""

    def __init__(self, tree: Tree, entries: Mapping[str, Entry]) -> None:
        self._tree = tree
        self._original = entries
        self.entries = [Entry(name, entry.size, entry.refused) for name, entry in entries.items()]

    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError."""
        return self._tree.open(self._original[entry.name])

    def seekable(self, entry: Entry, limit: int) -> BinaryIO:
        """What the tree itself gives."""
        return self._tree.seekable(self._original[entry.name], limit)


def below(tree: Tree, folder: str) -> View:
    """The files of ``tree`` in ``folder``, with names relative to it."""
    start = f"{folder}/" if folder else ""
    return View(
        tree,
        {entry.name[len(start) :]: entry for entry in tree.entries if entry.name.startswith(start)},
    )


def _entry(found: os.DirEntry[str], name: str) -> Entry:
    if found.is_symlink():
        return Entry(name, refused=LINK)
    if not found.is_file(follow_symlinks=False):
        return Entry(name, refused="it is not a regular file")
    try:
        return Entry(name, found.stat(follow_symlinks=False).st_size)
    except OSError as error:
        return Entry(name, refused=_reason(error))


def _reason(error: OSError) -> str:
    if error.errno in _OF_LINKS:
        return LINK
    return f"it can't be opened ({error.strerror})"


_OF_LINKS = frozenset((errno.ELOOP, errno.ENOTDIR))  # the latter by O_DIRECTORY | O_NOFOLLOW
