"""Reads a submission from a folder, without following a link or waiting for anything.

Faults of the submission (a link, a pipe, an endless tree) are kept apart from failures of this
machine (missing rights, a broken disk), which must never cost a student points.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from kit.intake.tree import (
    ENVIRONMENT,
    LINK,
    NOT_REGULAR,
    Costs,
    Entry,
    HostError,
    Left,
    RejectedError,
    Tree,
    UnreadableError,
    ignored,
)
from kit.limits import Limits

_OF_LINKS = frozenset((errno.ELOOP, errno.ENOTDIR))  # the latter by O_DIRECTORY | O_NOFOLLOW
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def open_regular(root: Path, name: str) -> BinaryIO:
    """The regular file ``name`` (a POSIX path) below ``root``, opened folder by folder.

    So no link is followed, whenever it was put there; only ``root`` itself may be a link. Raises
    UnreadableError if the file is a link or not regular, HostError if this machine can't open it.
    """
    *folders, last = (part for part in name.split("/") if part)
    try:
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in folders:
                inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=here)
                os.close(here)
                here = inner
            file = os.open(last, _FLAGS, dir_fd=here)
        finally:
            os.close(here)
    except OSError as error:
        raise _reason(error, name) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise UnreadableError(NOT_REGULAR)
    return os.fdopen(file, "rb")


def _reason(error: OSError, name: str) -> UnreadableError | HostError:
    if error.errno in _OF_LINKS:
        return UnreadableError(LINK)
    if error.errno == errno.ENXIO:  # a socket
        return UnreadableError(NOT_REGULAR)
    return HostError(error, name)


class FolderTree(Tree):
    """The files in a folder.

    ``inside`` is the path from ``root`` to the folder. No link is followed on that path or below
    it; only ``root`` itself may be a link. With ``flat``, folders below it are not read. Raises
    RejectedError if the folder exceeds the limits, HostError if it can't be listed.
    """

    def __init__(self, root: Path, limits: Limits, inside: str = "", *, flat: bool = False) -> None:
        self._root = root
        self._inside = inside
        self._limits = limits
        self._top = str(root / inside)
        self.skipped: list[str] = []
        found = self._scan([""], Costs("The folder", limits), self.skipped, flat=flat)
        self.entries = sorted(found, key=lambda entry: entry.name)
        self.skipped.sort()

    def _scan(
        self, waiting: list[str], costs: Costs, skipped: list[str] | None, *, flat: bool = False
    ) -> Iterator[Entry]:
        """The files in the folders ``waiting`` and below; without ``skipped``, skip no folder."""
        while waiting:
            folder = waiting.pop()
            found = self._listed(folder, costs)
            if skipped is not None and folder and any(each.name == ENVIRONMENT for each in found):
                skipped.append(folder)
                continue
            for each in found:
                inner = f"{folder}/{each.name}" if folder else each.name
                costs.file(inner)
                is_folder = each.is_dir(follow_symlinks=False)
                if skipped is not None and ignored(each.name):
                    if is_folder and not flat:
                        skipped.append(inner)
                elif not is_folder:
                    yield _entry(each, inner)
                elif not flat:
                    waiting.append(inner)

    def _listed(self, folder: str, costs: Costs) -> list[os.DirEntry[str]]:
        """The entries of a folder, at most one more than the limit."""
        path = f"{self._top}/{folder}" if folder else self._top
        try:
            with os.scandir(path) as entries:
                found = list(islice(entries, self._limits.submission_files + 1))
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise costs.long_path(folder) from error
            raise HostError(error, folder or self._inside or path) from error
        for each in found:
            costs.header(len(folder) + len(each.name))
        return found

    def open(self, entry: Entry) -> BinaryIO:
        """The file of ``entry``, opened by ``open_regular``."""
        try:
            return open_regular(self._root, f"{self._inside}/{entry.name}")
        except HostError as error:
            raise HostError(error, entry.name) from error

    def seekable(self, entry: Entry, limit: int) -> BinaryIO:
        """The file itself, of any size."""
        if entry.refused:
            raise UnreadableError(entry.refused)
        return self.open(entry)

    def left(self) -> Iterable[Left]:
        """The files in ``skipped``, under the same limits as the submission itself."""
        costs = Costs("The folder", self._limits)
        for folder in self.skipped:
            with suppress(OSError, RejectedError):
                for entry in self._scan([folder], costs, None):
                    yield Left(folder, entry.name)


def _entry(found: os.DirEntry[str], name: str) -> Entry:
    if found.is_symlink():
        return Entry(name, refused=LINK)
    if not found.is_file(follow_symlinks=False):
        return Entry(name, refused=NOT_REGULAR)
    try:
        return Entry(name, found.stat(follow_symlinks=False).st_size)
    except OSError as error:
        raise HostError(error, name) from error
