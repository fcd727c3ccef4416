"""Reads zips and tarballs member by member; a student packed them, perhaps with bad intent.

Costs are bounded before they arise. Every header is counted. An archive that is too long, or that
unpacks without end, is refused. A member is read only on request. The standard library reads the
zip format. From its ``tarfile`` only the parser of single headers is used: the rest of that module
reads headers of any size, at a cost that grows with the square of the size.
"""

from __future__ import annotations

import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from kit.intake.folder import open_regular
from kit.intake.tree import (
    LINK,
    NOT_REGULAR,
    Costs,
    Entry,
    RejectedError,
    Tree,
    UnreadableError,
    normal,
    sift,
)
from kit.intake.unpack import unpacked
from kit.limits import Limits

SUFFIXES = tuple(".zip .tar .tgz .tar.gz .tbz2 .tar.bz2 .txz .tar.xz .rar .7z".split())
EXTENDED_HEADER = 64 * 1024
"""The largest extended header of a tarball's member, in bytes. It holds, for example, a long
name."""
EXTRA_FIELDS = 4 * 1024
"""The largest extra fields of a zip's member, in bytes. The library's cost grows with the square of
their size."""

_ENCRYPTED = 0x1
_LISTED = struct.Struct("<28xHHH12x")
"""An entry in a zip's central directory: the lengths of its name, extra fields and comment."""
_UNKNOWN = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7z archive"}
# the exceptions of the libraries for bytes that are not an archive, or not of the claimed kind
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ArithmeticError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def is_archive(name: str) -> bool:
    """Whether a file with this name should be an archive."""
    return name.lower().endswith(SUFFIXES)


def stem(name: str) -> str:
    """The name of an archive without its suffix."""
    suffix = max((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), key=len)
    return name[: -len(suffix)]


def open_file(path: Path, limits: Limits) -> Tree:
    """The tree of an archive on disk; raises RejectedError if the file is not an archive."""
    try:
        file = open_regular(path.parent, path.name)
    except UnreadableError as error:
        raise RejectedError(f"{path.name} was not read: {error}.") from error
    return open_archive(file, path.name, limits)


def open_archive(file: BinaryIO, label: str, limits: Limits) -> Tree:
    """The tree of the archive in ``file``. The tree owns the file from now on.

    The first bytes tell the kind of archive. ``label`` names it in messages. Raises RejectedError.
    """
    try:
        begin = file.read(8)
        file.seek(0)
        for magic, kind in _UNKNOWN.items():
            if begin.startswith(magic):
                raise RejectedError(f"{label} is {kind}, which can't be read. Hand in a .zip file.")
        with _damage(RejectedError(f"{label} can't be read: it is damaged or not an archive.")):
            if begin.startswith((b"PK\3\4", b"PK\5\6")):
                return ZipTree(file, label, limits)
            return TarTree(file, label, limits)
    except BaseException:
        file.close()
        raise


@contextmanager
def _damage(problem: Exception) -> Iterator[None]:
    """Raise ``problem`` in place of any exception of the libraries for a damaged archive."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # the disk failed, not the archive
            raise
        raise problem from error
    except _DAMAGE as error:
        raise problem from error


def _damage_of_member() -> AbstractContextManager[None]:
    return _damage(UnreadableError("its part of the archive is damaged"))


class _Members:
    """Collects the members of an archive as entries."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._entries: dict[str, Entry] = {}
        self._outside: list[str] = []

    def add(self, name: str, size: int, refused: str) -> str | None:
        """Add a member; returns its normal name, or None if the name leads out of the archive."""
        self._costs.file(name)
        usual = normal(name)
        if usual is None:
            self._outside.append(name)
            return None
        if usual in self._entries:
            refused = "the archive holds two files of this name"
        self._entries[usual] = Entry(usual, size, refused)
        return usual

    def fill(self, tree: Tree) -> None:
        """Give ``tree`` its entries, its skipped files, and the names that lead out of it."""
        tree.entries, left = sift(self._entries.values())
        tree.leave(left)
        tree.outside = self._outside


class _Member(io.RawIOBase):
    """One open member; every problem with its bytes is an UnreadableError."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        with _damage_of_member():
            content = self._file.read(size)
        self._left -= len(content)
        if len(content) < size:
            raise UnreadableError("its part of the archive is cut off")
        return content


class ZipTree(Tree):
    """The members of a zip."""

    def __init__(self, file: BinaryIO, label: str, limits: Limits) -> None:
        costs = Costs(label, limits)
        self._file = file
        listing = _Listed(file, costs, limits.header_bytes)
        self._archive = zipfile.ZipFile(cast(BinaryIO, listing))
        listing.read_whole = True
        self._infos: dict[str, zipfile.ZipInfo] = {}
        members = _Members(costs)
        for info in self._archive.infolist():
            if not info.filename.endswith(("/", "\\")):
                name = members.add(info.filename, info.file_size, _refused(info))
                self._infos[name or ""] = info
        members.fill(self)

    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError."""
        with _damage_of_member():
            file = cast(BinaryIO, self._archive.open(self._infos[entry.name]))
        return cast(BinaryIO, _Member(file, entry.size))

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()


def _refused(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return LINK
    if kind not in {0, stat.S_IFREG}:
        return NOT_REGULAR
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: hand it in without a password"
    # the library's other methods unpack any number of bytes in a single step
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "its compression is unusual: make the .zip again with your system's own tools"
    return ""


class _Listed(io.RawIOBase):
    """The file of a zip; counts its list of members as it is read, and refuses a list too long.

    A seek beyond the file is an error of the archive, not of the disk. Once ``read_whole`` is set,
    bytes pass uncounted, because from then on only requested members are read.
    """

    def __init__(self, file: BinaryIO, costs: Costs, most: int) -> None:
        self._file = file
        self._costs = costs
        self._most = most
        self._end = file.seek(0, io.SEEK_END)
        self.read_whole = False

    def read(self, size: int = -1) -> bytes:
        left = max(self._end - self._file.tell(), 0)
        size = left if size < 0 else min(size, left)
        if self.read_whole:
            return self._file.read(size)
        if size > self._most:
            raise self._costs.long_list()
        content = self._file.read(size)
        self._count(content)
        return content

    def _count(self, listed: bytes) -> None:
        position = 0
        while listed.startswith(b"PK\1\2", position) and len(listed) - position >= _LISTED.size:
            name, extra, comment = _LISTED.unpack_from(listed, position)
            size = _LISTED.size + name + extra + comment
            self._costs.header(size)
            if extra > EXTRA_FIELDS:
                raise zipfile.BadZipFile("too many extra fields")
            position += size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._end}[whence]
        if not 0 <= start + offset <= self._end:
            raise OSError("a position outside the file")
        return self._file.seek(start + offset)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class TarTree(Tree):
    """The members of a tarball, compressed or not."""

    def __init__(self, file: BinaryIO, label: str, limits: Limits) -> None:
        self._file = file
        self._costs = Costs(label, limits)
        self._end = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._stream = unpacked(file, limits, self._costs) or file
        self._places: dict[str, int] = {}
        members = _Members(self._costs)
        for name, size, place, refused in self._members():
            usual = members.add(name, size, refused)
            if usual is not None:
                self._places[usual] = place
        members.fill(self)

    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError."""
        with _damage_of_member():
            self._stream.seek(self._places[entry.name])
        return cast(BinaryIO, _Member(self._stream, entry.size))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()

    def _members(self) -> Iterator[tuple[str, int, int, str]]:
        """``(name, size, place, refused)`` for each file, in one pass over the tar."""
        position, said = 0, dict[str, str]()
        while block := self._block(position):
            position += tarfile.BLOCKSIZE
            if block.count(0) == tarfile.BLOCKSIZE:
                return
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            size = self._size(info, said)
            self._costs.header(len(info.name))
            if info.type in _SPEAKING:
                self._costs.header(min(size, EXTENDED_HEADER))
                said |= _said(info.type, self._exactly(min(size, EXTENDED_HEADER + 1)))
            elif info.type not in _SILENT:
                name = said.get("path", info.name)
                if not (info.isdir() or name.endswith("/")):
                    yield name, size, position, _REFUSED.get(info.type, "")
                said = {}
            position += -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE

    def _size(self, info: tarfile.TarInfo, said: dict[str, str]) -> int:
        """The number of bytes that follow a header."""
        if info.type in {tarfile.DIRTYPE, *_REFUSED}:
            return 0
        size = int(said.get("size", info.size))
        if info.type == tarfile.GNUTYPE_SPARSE or size < 0:
            raise tarfile.ReadError("not a size")
        return size

    def _block(self, position: int) -> bytes:
        """The header at ``position``; empty at the end of the tar."""
        if self._stream is self._file and position >= self._end + tarfile.BLOCKSIZE:
            raise tarfile.ReadError("cut off")
        self._stream.seek(position)
        block = self._stream.read(tarfile.BLOCKSIZE)
        if 0 < len(block) < tarfile.BLOCKSIZE or (not block and position == 0):
            raise tarfile.ReadError("cut off")
        return block

    def _exactly(self, size: int) -> bytes:
        content = self._stream.read(size)
        if size > EXTENDED_HEADER or len(content) < size:
            raise tarfile.ReadError("not a header")
        return content


_PAX = {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}
_SPEAKING = {*_PAX, tarfile.GNUTYPE_LONGNAME}
_SILENT = {tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK}
_REFUSED = {
    tarfile.SYMTYPE: LINK,
    tarfile.LNKTYPE: LINK,
    tarfile.CHRTYPE: NOT_REGULAR,
    tarfile.BLKTYPE: NOT_REGULAR,
    tarfile.FIFOTYPE: NOT_REGULAR,
}


def _said(kind: bytes, content: bytes) -> dict[str, str]:
    """The ``path`` and ``size`` that an extended header gives for the member after it."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": _text(content.rstrip(b"\0"))}
    said, position = dict[str, str](), 0
    while position < len(content) and content[position]:
        length = int(content[position : position + 8].partition(b" ")[0])
        key, _, value = content[position : position + length].partition(b" ")[2].partition(b"=")
        if length < len("5 a=\n"):
            raise tarfile.ReadError("not a header")
        if key in {b"path", b"size"}:
            said[key.decode()] = _text(value.removesuffix(b"\n"))
        position += length
    return said


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
