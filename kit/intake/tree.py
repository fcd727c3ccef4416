"""What was handed in, as names and a way to read each: the same for a folder and an archive.

Nothing is unpacked to disk, links are never followed, and what nobody wrote for the course (caches,
virtual environments, the droppings of a Mac) is left out before anyone looks at it. What that costs
is counted, and is linear in what was handed in.
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
"""The file that marks its folder as a virtual environment, whatever the folder is called."""
LINK = "it is a link, and links are not followed"
NOT_REGULAR = "it is not a regular file"


class RejectedError(Exception):
    """There is nothing in it that could be graded; the text says what was looked for."""


class UnreadableError(Exception):
    """One file of a submission can't be taken; the text says why, as the end of a sentence."""


class HostError(OSError):
    """This machine could not read ``name``, which is not the submission's fault."""

    def __init__(self, error: OSError, name: str) -> None:
        super().__init__(error.errno, error.strerror, name)

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


class Costs:
    """Counts what reading one hand-in takes, and rejects it where that is too much.

    Only what lies in the hand-in is counted, never time, so it meets the same end everywhere.
    ``label`` names it in messages.
    """

    def __init__(self, label: str, limits: Limits) -> None:
        self.headers = self.header_bytes = self.files = self.unpacked_bytes = 0
        self._label = label
        self._limits = limits

    def header(self, size: int) -> None:
        """A header of ``size`` bytes or, where its own size is fixed, a name of that length."""
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
        """A file whose path is ``path``."""
        self.files += 1
        if self.files > self._limits.submission_files:
            raise RejectedError(
                f"{self._label} holds more than {self._limits.submission_files:,} files."
            )
        if len(path) > self._limits.path_characters:
            raise self.long_path(path)
        if path.count("/") + path.count("\\") >= self._limits.path_parts:
            raise RejectedError(
                f"{self._label} can't be read: more than {self._limits.path_parts} folders lie in "
                f"each other ({path[:40]}...)."
            )

    def long_list(self) -> RejectedError:
        """What is raised where the names of files, and what is said about them, are too long."""
        return RejectedError(f"{self._label} can't be read: its list of files is too long.")

    def long_path(self, path: str) -> RejectedError:
        """What is raised where a path is too long."""
        return RejectedError(f"{self._label} can't be read: a path is too long ({path[:40]}...).")

    def unpack(self, size: int, weight: int = 1, *, ahead: bool = False) -> None:
        """``size`` bytes that were unpacked, or that would have to be (``ahead``)."""
        unpacked = self.unpacked_bytes + size * weight
        if unpacked > self._limits.archive_bytes:
            most = self._limits.archive_bytes // weight
            raise RejectedError(
                f"{self._label} was not read: it unpacks to more than {most:,} bytes. Leave out "
                "data, or hand in a .zip file."
            )
        if not ahead:
            self.unpacked_bytes = unpacked


@dataclass(frozen=True)
class Entry:
    """A file: its POSIX path within the tree, its size, and why it may not be read, if so."""

    name: str
    size: int = 0
    refused: str = ""


class Left(NamedTuple):
    """A file that is not looked at, and the folder for whose sake it is not."""

    folder: str
    name: str


class Tree(ABC):
    """The files of a submission. A context manager, since an archive stays open.

    ``entries`` has every file that may matter, in the order in which reading is cheapest.
    ``outside`` are the names that would lead out of the tree; none of them is in ``entries``.
    ``skipped`` are the folders that are not looked into.
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
        """Let go of what is open."""

    @abstractmethod
    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError, and HostError where we can't."""

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

    def left(self) -> Iterable[Left]:
        """The files in ``skipped``, as far as it is cheap to name them."""
        skipped = set(self.skipped)
        return (left for left in self._left if left.folder in skipped)

    def leave(self, left: Sequence[Left]) -> None:
        """Say which files are not looked at, and so which folders are skipped."""
        self._left = left
        self.skipped = list(dict.fromkeys(each.folder for each in left))

    def without(self, folders: Collection[str]) -> None:
        """Forget what lies in ``folders``, which are at the top."""

        def stays(name: str) -> bool:
            return name.partition("/")[0] not in folders

        self.entries = [entry for entry in self.entries if stays(entry.name)]
        self.skipped = [folder for folder in self.skipped if stays(folder)]


def ignored(part: str) -> bool:
    """Whether a file or folder of this name is never a student's own work."""
    return part.startswith(".") or part.lower() in IGNORED_FOLDERS


def machine_made(folder: str) -> bool:
    """Whether nobody needs to be told that ``folder`` is not looked into."""
    return folder.rpartition("/")[2].lower() in _MACHINE_MADE


def normal(name: str) -> str | None:
    """A member's name as a relative POSIX path; None where it leads out of the archive.

    Some programs on Windows write backslashes.
    """
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or not parts or parts[0][1:2] == ":":
        return None
    return "/".join(parts)


def sift(entries: Iterable[Entry]) -> tuple[list[Entry], list[Left]]:
    """The entries of an archive that may matter, and those in folders that are not looked into:
    the ignored ones and virtual environments.
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
"""Marks a folder in a tree of folders, for no part of a path is called so."""


def _folders_of(paths: Iterable[Sequence[str]]) -> dict[str, Any]:
    """The folders of the files ``paths`` as a tree of parts, in which a path is quickly found."""
    tree: dict[str, Any] = {}
    for parts in paths:
        node = tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[_HERE] = {}
    return tree


def _skipped_at(parts: Sequence[str], environments: Mapping[str, Any]) -> int | None:
    """Which of ``parts`` is the first that is not looked into."""
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
        """What the tree itself gives."""
        return self._tree.seekable(self._original[entry.name], limit)
