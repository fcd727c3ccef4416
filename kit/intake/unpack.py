"""Unpacks a compressed tarball while it is read, and counts the cost.

The standard library's decompressors do the work. Its file objects are not used: they read a gzip
header byte by byte, accept any number of empty streams in a row, and give an xz file all the memory
that it requests.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from kit.intake.tree import Costs
from kit.limits import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 128 * 1024
_PACKED = 16 * 1024
"""Bytes that are read from the file at once. They are few, because the rest of them is copied
where a stream ends."""


class _Gzip:
    """zlib's decompressor, with the interface of the bz2 and lzma decompressors."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)  # 16: gzip header and checksum

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Kind(NamedTuple):
    """How to unpack a stream; ``weight`` is its unpacking time relative to gzip."""

    new: Callable[[Limits], Any]
    weight: int


_KINDS = {
    b"\x1f\x8b": _Kind(lambda _: _Gzip(), 1),
    b"BZh": _Kind(lambda _: bz2.BZ2Decompressor(), 8),
    b"\xfd7zXZ": _Kind(
        lambda limits: lzma.LZMADecompressor(lzma.FORMAT_XZ, limits.unpacking_memory_bytes), 4
    ),
}


def unpacked(file: BinaryIO, limits: Limits, costs: Costs) -> BinaryIO | None:
    """The content of ``file``, unpacked as it is read; None if it is not compressed.

    Reading raises RejectedError if it costs too much, and the libraries' own exceptions if the file
    is damaged.
    """
    begin = file.read(6)
    file.seek(0)
    for magic, kind in _KINDS.items():
        if begin.startswith(magic):
            return cast(BinaryIO, io.BufferedReader(_Unpacked(file, kind, limits, costs), _PIECE))
    return None


class _Unpacked(io.RawIOBase):
    """The unpacked streams of a file, one after another; seeking back starts from the beginning."""

    def __init__(self, file: BinaryIO, kind: _Kind, limits: Limits, costs: Costs) -> None:
        self._file = file
        self._new: Callable[[], Any] = lambda: kind.new(limits)
        self._weight = kind.weight
        self._costs = costs
        self._position = 0
        self._stream: Any = self._new()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        offset += self._position if whence == io.SEEK_CUR else 0
        if offset < self._position:
            self._file.seek(0)
            self._position, self._stream = 0, self._new()
        self._costs.unpack(offset - self._position, self._weight, ahead=True)
        while self._position < offset and self._piece(min(_PIECE, offset - self._position)):
            pass
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._piece(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _piece(self, most: int) -> bytes:
        """The next bytes, at most ``most``; empty at the end."""
        while True:
            packed, fresh = b"", 0
            if self._stream.eof:
                packed = self._stream.unused_data
                if not packed:
                    packed = self._file.read(_PACKED)
                    fresh = len(packed)
                if not packed.strip(b"\0"):  # only padding follows
                    return b""
                self._costs.header(0)
                self._stream = self._new()
            elif self._stream.needs_input:
                packed = self._file.read(_PACKED)
                fresh = len(packed)
                if not packed:
                    return self._last(most)
            piece: bytes = self._stream.decompress(packed, most)
            self._costs.unpack(max(fresh, len(piece)), self._weight)
            self._position += len(piece)
            if piece:
                return piece

    def _last(self, most: int) -> bytes:
        """The bytes that the decompressor still holds after the file ended within a stream."""
        piece: bytes = self._stream.decompress(b"", most)
        if not piece and not self._stream.eof:
            raise EOFError("cut off")
        self._position += len(piece)
        return piece
