"""Reads zips and tarballs that a student packed, or that pretend to be ones, member by member.

Costs are bounded before they arise: a list of members that is too long, a member that is too large
and a stream that unpacks without end are refused, and no member is read that nobody asked for. The
zip format is the standard library's work. Of its tarfile only the parser of single headers is used:
the rest of it reads headers of any size, at a cost that grows with their square.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from kit.limits import Limits
from kit.tree import LINK, Entry, RejectedError, Tree, UnreadableError, normal, sift

SUFFIXES = tuple(".zip .tar .tgz .tar.gz .tbz2 .tar.bz2 .txz .tar.xz .rar .7z".split())
PIECE = 16 * 1024 * 1024
"""No single read of an archive's structure is larger; the list of a zip's members is one read."""
EXTENDED_HEADER = 64 * 1024
"""The most that a tarball may say about one member, such as its long name."""

_ENCRYPTED = 0x1
_UNKNOWN = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7z archive"}
_COMPRESSED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
# what the libraries raise on bytes that are no archive, or not the one that they claim to be
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
    """Whether a file of this name should be an archive."""
    return name.lower().endswith(SUFFIXES)


def stem(name: str) -> str:
    """The name of an archive without what says that it is one."""
    suffix = max((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), key=len)
    return name[: -len(suffix)]


def open_file(path: Path, limits: Limits) -> Tree:
    """The tree of an archive on disk; raises RejectedError where it isn't one."""
    return open_archive(path.open("rb"), path.name, limits)


def open_archive(file: BinaryIO, label: str, limits: Limits) -> Tree:
    """The tree of the archive in ``file``, which is the tree's from now on.

    What kind it is its first bytes say. ``label`` names it in messages. Raises RejectedError.
    """
    try:
        begin = file.read(8)
        file.seek(0)
        for magic, kind in _UNKNOWN.items():
            if begin.startswith(magic):
                raise RejectedError(f"{label} is {kind}, which can't be read. Hand in a .zip file.")
        with _damage(label):
            if begin.startswith((b"PK\3\4", b"PK\5\6")):
                return ZipTree(file, label, limits)
            return TarTree(file, label, limits)
    except BaseException:
        file.close()
        raise


@contextmanager
def _damage(label: str) -> Iterator[None]:
    """Turn what the libraries raise on a damaged archive into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # the disk's, not the archive's
            raise
        raise RejectedError(f"{label} can't be read: it is damaged or no archive.") from error
    except _DAMAGE as error:
        raise RejectedError(f"{label} can't be read: it is damaged or no archive.") from error


@contextmanager
def _damage_of_member() -> Iterator[None]:
    try:
        with _damage("it"):
            yield
    except RejectedError as error:
        raise UnreadableError("its part of the archive is damaged") from error


def _too_many(label: str, limits: Limits) -> RejectedError:
    return RejectedError(f"{label} holds more than {limits.submission_files:,} files.")


class _Members:
    """Collects the members of an archive as entries."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.outside: list[str] = []

    def add(self, name: str, size: int, refused: str) -> str | None:
        """Note a member; its name, if it is to be found later."""
        usual = normal(name)
        if usual is None:
            self.outside.append(name)
            return None
        if usual in self.entries:
            refused = "the archive holds two files of this name"
        self.entries[usual] = Entry(usual, size, refused)
        return usual


class _Member(io.RawIOBase):
    """One member while it is read: whatever is wrong with it is an UnreadableError."""

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
        self._file = file
        self._archive = zipfile.ZipFile(cast(BinaryIO, _Bounded(file, label)))
        self._infos: dict[str, zipfile.ZipInfo] = {}
        members = _Members()
        if len(self._archive.infolist()) > limits.submission_files:
            raise _too_many(label, limits)
        for info in self._archive.infolist():
            if not info.filename.endswith(("/", "\\")):
                name = members.add(info.filename, info.file_size, _refused(info))
                self._infos[name or ""] = info
        self.entries = sift(list(members.entries.values()))
        self.outside = members.outside

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
        return "it is not a regular file"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: hand it in without a password"
    # the other methods of the library unpack any number of bytes in a single step
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "it is compressed in an unusual way: make the .zip anew with your system's own tools"
    return ""


class _Bounded(io.RawIOBase):
    """A file in which no single read is larger than PIECE."""

    def __init__(self, file: BinaryIO, label: str) -> None:
        self._file = file
        self._label = label

    def read(self, size: int = -1) -> bytes:
        here, end = self._file.tell(), self._file.seek(0, io.SEEK_END)
        self._file.seek(here)
        size = end - here if size < 0 else min(size, end - here)
        if size > PIECE:
            raise RejectedError(f"{self._label} can't be read: its list of files is too long.")
        return self._file.read(max(size, 0))

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == io.SEEK_SET and offset < 0:  # else the file itself would blame the disk
            raise ValueError("a place before the beginning")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class TarTree(Tree):
    """The members of a tarball, compressed or not."""

    def __init__(self, file: BinaryIO, label: str, limits: Limits) -> None:
        self._file = file
        self._label = label
        self._limits = limits
        self._places: dict[str, int] = {}
        self._stream, self._end = self._unpacked()
        members = _Members()
        for count, (name, size, place, refused) in enumerate(self._members()):
            if count >= limits.submission_files:
                raise _too_many(label, limits)
            usual = members.add(name, size, refused)
            if usual is not None:
                self._places[usual] = place
        self.entries = sift(list(members.entries.values()))
        self.outside = members.outside

    def open(self, entry: Entry) -> BinaryIO:
        """The content of ``entry``; raises UnreadableError."""
        with _damage_of_member():
            self._stream.seek(self._places[entry.name])
        return cast(BinaryIO, _Member(self._stream, entry.size))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()

    def _unpacked(self) -> tuple[BinaryIO, int]:
        """The tar itself, and the position behind which nothing of it is read."""
        begin = self._file.read(6)
        self._file.seek(0)
        for magic, unpack in _COMPRESSED.items():
            if begin.startswith(magic):
                return unpack(self._file), self._limits.archive_bytes
        end = self._file.seek(0, io.SEEK_END)
        self._file.seek(0)
        return self._file, end

    def _members(self) -> Iterator[tuple[str, int, int, str]]:
        """``(name, size, place, refused)`` of each file, in one pass over the tar."""
        position, said = 0, dict[str, str]()
        while block := self._block(position):
            position += tarfile.BLOCKSIZE
            if block.count(0) == tarfile.BLOCKSIZE:
                return
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            size = self._size(info, said)
            if info.type in _SPEAKING:
                said |= _said(info.type, self._exactly(min(size, EXTENDED_HEADER + 1)))
            elif info.type not in _SILENT:
                name = said.get("path", info.name)
                if not (info.isdir() or name.endswith("/")):
                    yield name, size, position, _REFUSED.get(info.type, "")
                said = {}
            position += -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE

    def _size(self, info: tarfile.TarInfo, said: dict[str, str]) -> int:
        """How many bytes follow a header."""
        if info.type in {tarfile.DIRTYPE, *_REFUSED}:
            return 0
        size = int(said.get("size", info.size))
        if info.type == tarfile.GNUTYPE_SPARSE or size < 0:
            raise tarfile.ReadError("not a size")
        return size

    def _block(self, position: int) -> bytes:
        """The header at ``position``; empty at the end."""
        if position >= self._end + tarfile.BLOCKSIZE:
            if self._stream is self._file:
                raise tarfile.ReadError("cut off")
            raise RejectedError(
                f"{self._label} was not read: it unpacks to more than {self._end:,} bytes."
            )
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
    tarfile.CHRTYPE: "it is not a regular file",
    tarfile.BLKTYPE: "it is not a regular file",
    tarfile.FIFOTYPE: "it is not a regular file",
}


def _said(kind: bytes, content: bytes) -> dict[str, str]:
    """What an extended header says of the member after it: its ``path`` and ``size``."""
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
