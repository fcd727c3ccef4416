"""The files of a submission, as names and a way to read each; the same for folders and archives.

Nothing is unpacked to disk, and links are never followed. Files that nobody wrote for the course
(caches, virtual environments, metadata files of macOS) are left out at once. The cost is counted,
and is linear in the size of the submission.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from kit.limits import Limits

IGNORED_FOLDERS = frozenset(
    "__pycache__ __macosx venv env node_modules site-packages dist-packages".split()
)
_MACHINE_MADE = frozenset(
    "__pycache__ __macosx .git .github .idea .ipynb_checkpoints .mypy_cache .pytest_cache "
    ".ruff_cache .vscode".split()
)
ENVIRONMENT = "pyvenv.cfg"
"""The file that marks its folder as a virtual environment, whatever the folder's name."""
LINK = "it is a link, and links are not followed"
NOT_REGULAR = "it is not a regular file"


class RejectedError(Exception):
    """A submission holds nothing that can be graded; the text says what was expected."""


class UnreadableError(Exception):
    """One file of a submission can't be read; the text says why, as the end of a sentence."""


class HostError(OSError):
    """This machine could not read ``name``; the submission is not at fault."""

    def __init__(self, error: OSError, name: str) -> None:
        super().__init__(error.errno, error.strerror, name)

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


class Costs:
    """Counts the cost of reading one submission, and rejects the submission if it is too high.

    Only the submission's contents count, never time, so the outcome is the same on every machine.
    ``label`` names the submission in messages.
    """

    def __init__(self, label: str, limits: Limits) -> None:
        self.headers = self.header_bytes = self.files = self.unpacked_bytes = 0
        self._label = label
        self._limits = limits

    def header(self, size: int) -> None:
        """Count a header of ``size`` bytes, or of fixed size with a name of that length."""
        self.headers += 1
        self.header_bytes += size
        if self.headers > self._limits.archive_headers:
            raise RejectedError(
                f"{self._label} can't be read: it lists more than "
                f"{self._limits.archive_headers:,} files and folders."
            )
        if self.header_bytes > self._limits.header_bytes:
            raise self.long_list()

    def file(self, path: str) -> None:
        """Count a file whose path is ``path``."""
        self.files += 1
        if self.files > self._limits.submission_files:
            raise RejectedError(
                f"{self._label} holds more than {self._limits.submission_files:,} files."
            )
        if len(path) > self._limits.path_characters:
            raise self.long_path(path)
        if path.count("/") + path.count("\\") >= self._limits.path_parts:
            raise RejectedError(
                f"{self._label} can't be read: its folders are nested more than "
                f"{self._limits.path_parts} deep ({path[:40]}...)."
            )

    def long_list(self) -> RejectedError:
        """The error for a list of files whose names and details are too long."""
        return RejectedError(f"{self._label} can't be read: its list of files is too long.")

    def long_path(self, path: str) -> RejectedError:
        """The error for a path that is too long."""
        return RejectedError(f"{self._label} can't be read: a path is too long ({path[:40]}...).")

    def unpack(self, size: int, weight: int = 1, *, ahead: bool = False) -> None:
        """Count ``size`` unpacked bytes; with ``ahead``, only test whether they may be unpacked."""
        unpacked = self.unpacked_bytes + size * weight
        if unpacked > self._limits.archive_bytes:
            most = self._limits.archive_bytes // weight
            raise RejectedError(
                f"{self._label} was not read: it unpacks to more than {most:,} bytes. Leave out "
                "data files, or hand in a .zip file."
            )
        if not ahead:
            self.unpacked_bytes = unpacked


@dataclass(frozen=True)
class Entry:
    """A file: its POSIX path within the tree, its size in bytes, and a reason not to read it.

    ``refused`` is that reason, as the end of a sentence; it is empty if the file may be read.
    """

    name: str
    size: int = 0
    refused: str = ""


class Left(NamedTuple):
    """A file that is not read because it lies in the skipped folder ``folder``."""

    folder: str
    name: str


class Tree(ABC):
    """The files of a submission. It is a context manager, because an archive stays open.

    ``entries`` has every file that may matter, in the order that is cheapest to read.
    ``outside`` has the names that would lead out of the tree; none of them is in ``entries``.
    ``skipped`` has the folders that are not searched.
    """

    entries: Sequence[Entry]
    outside: Sequence[str] = ()
    skipped: Sequence[str] = ()
    _left: Sequence[Left] = ()

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - a folder has nothing to close
        """Close all open files."""

    @abstractmethod
    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError, or HostError if this machine fails."""

    def read(self, entry: Entry, limit: int) -> bytes:
        """The content of ``entry``; raises UnreadableError if it exceeds ``limit`` bytes."""
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
        """The content of ``entry``, an archive, as a seekable file."""
        return BytesIO(self.read(entry, limit))

    def left(self) -> Iterable[Left]:
        """The files in the ``skipped`` folders, as far as they are cheap to list."""
        skipped = set(self.skipped)
        return (left for left in self._left if left.folder in skipped)

    def leave(self, left: Sequence[Left]) -> None:
        """Set the files that are not read, and with them the skipped folders."""
        self._left = left
        self.skipped = list(dict.fromkeys(each.folder for each in left))

    def without(self, folders: Collection[str]) -> None:
        """Remove the files in ``folders``, which are at the top level."""

        def stays(name: str) -> bool:
            return name.partition("/")[0] not in folders

        self.entries = [entry for entry in self.entries if stays(entry.name)]
        self.skipped = [folder for folder in self.skipped if stays(folder)]


def ignored(part: str) -> bool:
    """Whether a file or folder of this name can't be a student's own work."""
    return part.startswith(".") or part.lower() in IGNORED_FOLDERS


def machine_made(folder: str) -> bool:
    """Whether a program made ``folder``, so that skipping it needs no note."""
    return folder.rpartition("/")[2].lower() in _MACHINE_MADE


def normal(name: str) -> str | None:
    """A member's name as a relative POSIX path; None if it leads out of the archive.

    Some Windows programs write backslashes, which become slashes here.
    """
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or not parts or parts[0][1:2] == ":":
        return None
    return "/".join(parts)


def sift(entries: Iterable[Entry]) -> tuple[list[Entry], list[Left]]:
    """Split the entries of an archive into those that may matter and those in skipped folders.

    Ignored folders and virtual environments are skipped.
    """
    split = [(entry, entry.name.split("/")) for entry in entries]
    environments = _folders_of(parts for _, parts in split if parts[-1] == ENVIRONMENT)
    kept, left = [], []
    for entry, parts in split:
        place = _skipped_at(parts, environments)
        if place is None:
            kept.append(entry)
        elif place < len(parts) - 1:
            left.append(Left("/".join(parts[: place + 1]), entry.name))
    return kept, left


_HERE = ""
"""Marks a folder in a tree of folders; no part of a path has this name."""


def _folders_of(paths: Iterable[Sequence[str]]) -> dict[str, Any]:
    """The folders of the files ``paths`` as a tree of path parts, for fast lookup."""
    tree: dict[str, Any] = {}
    for parts in paths:
        node = tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[_HERE] = {}
    return tree


def _skipped_at(parts: Sequence[str], environments: Mapping[str, Any]) -> int | None:
    """The index of the first of ``parts`` that is skipped; None if none is."""
    inside: Mapping[str, Any] | None = environments
    for place, part in enumerate(parts):
        if ignored(part):
            return place
        if inside:
            inside = inside.get(part)
            if inside and _HERE in inside:
                return place
    return None


class View(Tree):
    """Some files of another tree under other names: ``{"losses.py": entry}``."""

    def __init__(self, tree: Tree, entries: Mapping[str, Entry], left: Sequence[Left] = ()) -> None:
        self._tree = tree
        self._original = entries
        self.entries = [Entry(name, entry.size, entry.refused) for name, entry in entries.items()]
        self.leave(left)

    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError."""
        return self._tree.open(self._original[entry.name])

    def seekable(self, entry: Entry, limit: int) -> BinaryIO:
        """The content of ``entry``, as the underlying tree's ``seekable`` gives it."""
        return self._tree.seekable(self._original[entry.name], limit)
