"""The frames that tester and worker exchange: only data, with sizes known first, never pickled.

A frame is a header, a tree in MessagePack, and a block of raw array bytes. Types that MessagePack
lacks are extensions in the tree, each with a letter as its type:

    a   ndarray: dtype, shape                y   a NumPy scalar type: dtype
    s   NumPy scalar: dtype, its bytes       t   first in a list: the rest of the list is a tuple
    m   ndarray mapped from the n-th file sent along with the frame: n, offset, dtype, shape
    h   an object that stays in the worker: id, type name
    e   in a request: the value of the n-th request of the same batch, or an item of that value

Array bytes follow in the order in which the tree names the arrays, each array padded to ALIGNMENT.
``decode`` is called on bytes that a student's code may have written. It returns new values, none of
them twice, or raises WireError. Nothing in a reply refers to another part of the reply or to data
of the tester, so a reply costs a constant factor of its bytes; see ``require_affordable``.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from msgpack import ExtType, Packer, Timestamp, unpackb

from kit.limits import REPLY_BLOCK_BYTES, REPLY_TREE_BYTES

HEADER = struct.Struct("!4sIQB")
"""Magic, bytes of the tree, bytes of the arrays, number of files sent along."""
MAGIC = b"kit1"
MAX_TREE_BYTES = REPLY_TREE_BYTES
MAX_BLOCK_BYTES = REPLY_BLOCK_BYTES
MAX_FILES = 16
MAX_DEPTH = 32
MAX_DIMENSIONS = 32
MAX_ITEMS = 64 * 1024
"""The most items of one list or dict; their memory is allocated before they are read."""
MAX_VALUES = 128 * 1024
"""The most values in one reply, at all levels of nesting together."""
UNCOUNTED_BYTES = 4096
"""A tree up to this size can't hold anything costly, so its values are not counted first."""
MAX_SIZE = MAX_BLOCK_BYTES * 64
"""The most elements along one dimension; an array of no elements may still be long in another."""
ALIGNMENT = 64
SMALL_BYTES = 64 * 1024
"""A frame up to this size is sent, and received, by one system call."""

DTYPES = {
    name: np.dtype(np.dtype(name).newbyteorder("<").str)  # from its name: gives NumPy's own object
    for name in (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
    )
}


class WireError(Exception):
    """A value to be sent, or bytes received, can't be a frame; the text says why."""


class Remote(NamedTuple):
    """An object that stayed in the worker, identified by its number there."""

    id: int
    type_name: str


class Earlier(NamedTuple):
    """The value of request ``number`` in the same batch, or its item ``item`` unless None."""

    number: int
    item: int | None


Reference = Remote | Earlier
Revive = Callable[[Reference], Any]
"""Gives the object that a reference in a frame stands for."""
Keep = Callable[[Any], Remote]
"""Keeps an object that can't travel, and gives a reference to it."""


class Mapped(NamedTuple):
    """An array that is part of a file; it is sent as an open file, never copied."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


class Header(NamedTuple):
    """The sizes of a frame: bytes of its tree, bytes of its arrays, number of files sent along."""

    tree: int
    block: int
    files: int


class Frame:
    """A value in the form that is sent."""

    __slots__ = ("block", "chunks", "files", "tree")

    def __init__(self) -> None:
        self.tree = b""
        self.chunks: list[bytes | memoryview] = []
        self.block = 0
        """The number of bytes in the chunks."""
        self.files: list[str] = []

    @property
    def size(self) -> int:
        """The size of tree and arrays, in bytes."""
        return len(self.tree) + self.block

    def require_size(self) -> None:
        """Raise WireError if the frame is too large to be sent."""
        if len(self.tree) > MAX_TREE_BYTES or self.block > MAX_BLOCK_BYTES:
            raise WireError(f"the value is too large to be sent ({self.size:,} bytes)")

    @property
    def header(self) -> bytes:
        """The header that precedes the tree; raises WireError if the frame is too large."""
        self.require_size()
        return HEADER.pack(MAGIC, len(self.tree), self.block, len(self.files))

    def parts(self) -> list[bytes | memoryview]:
        """The bytes to send, in order; in one piece if the frame is small."""
        pieces = [self.header, self.tree, *self.chunks]
        return [b"".join(pieces)] if HEADER.size + self.size <= SMALL_BYTES else pieces

    def to_bytes(self) -> bytes:
        """The bytes to send, in one piece."""
        return b"".join(self.parts())


MOST = Header(MAX_TREE_BYTES, MAX_BLOCK_BYTES, MAX_FILES)
"""The largest sizes of a frame."""


def read_header(data: bytes | bytearray, most: Header = MOST) -> Header:
    """The sizes in a header; raises WireError if it is no header, or announces over ``most``."""
    if len(data) != HEADER.size:
        raise WireError("a frame ended within its header")
    magic, tree, block, files = HEADER.unpack(data)
    if magic != MAGIC:
        raise WireError("a frame has a wrong beginning")
    if tree > most.tree or block > most.block or files > most.files:
        raise WireError(f"a frame is too large ({tree + block:,} bytes)")
    return Header(tree, block, files)


class Inbox:
    """Takes whole frames out of a stream.

    ``pull`` receives at least one byte into the given buffer and returns the number of bytes.
    """

    def __init__(self, pull: Callable[[memoryview], int]) -> None:
        self._pull = pull
        self._room = memoryview(bytearray(SMALL_BYTES))
        self._begin = self._end = 0

    @property
    def waiting(self) -> bool:
        """Whether bytes have come that belong to no frame taken out so far."""
        return self._begin < self._end

    def frame(self, most: Header = MOST) -> tuple[bytearray, bytearray, int]:
        """The next frame, at most ``most``: its tree, its arrays, the number of files with it."""
        tree, block, files = read_header(self._take(HEADER.size), most)
        return self._take(tree), self._take(block), files

    def _take(self, size: int) -> bytearray:
        end = self._begin + size
        if end <= self._end:
            taken = bytearray(self._room[self._begin : end])
            self._begin = end
            return taken
        taken = bytearray(size)
        rest = memoryview(taken)
        while rest:
            if not self.waiting and len(rest) >= SMALL_BYTES:
                rest = rest[self._pull(rest) :]
                continue
            if not self.waiting:
                self._begin, self._end = 0, self._pull(self._room)
            count = min(len(rest), self._end - self._begin)
            rest[:count] = self._room[self._begin : self._begin + count]
            self._begin, rest = self._begin + count, rest[count:]
        return taken


# -- encoding ------------------------------------------------------------------------------------


def encode(value: Any, keep: Keep | None = None) -> Frame:
    """``value`` as a frame.

    ``keep`` gives a Remote in place of every object that can't travel; without ``keep`` such an
    object raises WireError. So does a value nested deeper than MAX_DEPTH.
    """
    frame = Frame()
    frame.tree = _Encoder(frame).pack(value, keep)
    return frame


class Bundle:
    """Several values in one frame, which is decoded as a list of them."""

    def __init__(self) -> None:
        self._frame = Frame()
        self._encoder = _Encoder(self._frame)
        self._trees: list[bytes] = []

    def add(self, value: Any, keep: Keep | None = None) -> int:
        """Add ``value``, as in ``encode``; returns the number of bytes that it takes.

        The bundle stays as it was if the value or ``keep`` raises an exception.
        """
        before = self._frame.block
        tree = self._encoder.pack(value, keep)
        self._trees.append(tree)
        return len(tree) + self._frame.block - before

    def frame(self) -> Frame:
        """One frame with all values added."""
        self._frame.tree = b"".join([Packer().pack_array_header(len(self._trees)), *self._trees])
        return self._frame


_ARRAY, _SCALAR, _TYPE, _TUPLE, _MAPPED, _REMOTE, _EARLIER = b"asytmhe"
_FIRST_OF_TUPLE = ExtType(_TUPLE, b"")
_BY_CODE = tuple(DTYPES.values())
_CODES = {name: code for code, name in enumerate(DTYPES)}
_BOOL = _CODES["bool"]
_SHAPES = tuple(struct.Struct(f"<B{dimensions}Q") for dimensions in range(MAX_DIMENSIONS + 1))
"""A dtype and the sizes of the dimensions, by number of dimensions."""
_NUMBER, _TWO_NUMBERS = struct.Struct("<Q"), struct.Struct("<QQ")
SURROGATES = "surrogatepass"
"""Python's text may hold lone surrogates (half a character), so they travel as well."""
PACKER_BYTES = 4096
"""The initial buffer of a packer; most trees are smaller."""
_LEAST, _MOST = -(2**63), 2**64 - 1
"""The range of MessagePack's ints."""


class _Encoder:
    """Packs values and collects their arrays and files in a frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.keep: Keep | None = None

    def pack(self, value: Any, keep: Keep | None) -> bytes:
        """The tree of ``value``; adds its arrays and files to the frame."""
        self.keep = keep
        frame = self.frame
        chunks, block, files = len(frame.chunks), frame.block, len(frame.files)
        # a packer that was kept here would keep this, and all arrays, until a garbage collection
        packer = Packer(
            default=self._special,
            strict_types=True,
            unicode_errors=SURROGATES,
            buf_size=PACKER_BYTES,
        )
        try:
            tree: bytes = packer.pack(self._fitted(value, 0))
        except BaseException as error:
            del frame.chunks[chunks:], frame.files[files:]
            frame.block = block
            if isinstance(error, ValueError | OverflowError):
                raise WireError(f"a value can't be sent ({error})") from None
            raise
        return tree

    def _fitted(self, value: Any, depth: int) -> Any:
        """``value`` with only the containers of MessagePack: lists and dicts."""
        kind = type(value)
        if kind in _SINGLE:
            return value
        if kind is dict and _STRINGS.issuperset(map(type, value)):
            _require_room(len(value), depth)
            if _SINGLE.issuperset(map(type, value.values())):
                return value
            return {
                key: item if type(item) in _SINGLE else self._fitted(item, depth + 1)
                for key, item in value.items()
            }
        if kind is list:
            return self._items(value, depth)
        if kind is tuple:
            return [_FIRST_OF_TUPLE, *self._items(value, depth)]
        return self._unusual(value, depth)

    def _items(self, values: Sequence[Any], depth: int) -> Sequence[Any]:
        _require_room(len(values), depth)
        if _SINGLE.issuperset(map(type, values)):
            return values
        return [item if type(item) in _SINGLE else self._fitted(item, depth + 1) for item in values]

    def _unusual(self, value: Any, depth: int) -> Any:
        """Convert an instance of a subclass of list, tuple or dict; leave other values as is."""
        if isinstance(value, list):
            return self._items(list(value), depth)
        if isinstance(value, tuple):
            return [_FIRST_OF_TUPLE, *self._items(list(value), depth)]
        if isinstance(value, dict):
            if all(isinstance(key, str) for key in value):
                return self._fitted({str(key): item for key, item in value.items()}, depth)
            return self._kept(value)
        return value

    def _special(self, value: Any) -> Any:
        """A value of a type that MessagePack lacks, in a form that it has."""
        kind = type(value)
        if kind is np.ndarray and (code := _code(value.dtype)) is not None:
            return self._array(value, code)
        if kind in _REFERENCES:
            return self._reference(value)
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int):
            if not _LEAST <= value <= _MOST:
                raise WireError("an int does not fit into 64 bits")
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, bytes):
            return bytes(value)
        if isinstance(value, np.ndarray):  # a subclass, whose attributes can't be trusted
            plain = np.asarray(value)
            if type(plain) is np.ndarray and (code := _code(plain.dtype)) is not None:
                return self._array(plain, code)
        if isinstance(value, type) and issubclass(value, np.generic) and value.__name__ in _CODES:
            return ExtType(_TYPE, bytes([_CODES[value.__name__]]))
        return self._reference(self._kept(value))

    def _kept(self, value: Any) -> Remote:
        if self.keep is None:
            raise WireError(f"a {type(value).__name__} can't be sent")
        return self.keep(value)

    def _reference(self, value: Reference | Mapped) -> ExtType:
        if isinstance(value, Remote):
            name = value.type_name.encode("utf-8", SURROGATES)
            return ExtType(_REMOTE, _NUMBER.pack(value.id) + name)
        if isinstance(value, Earlier):
            if value.item is None:
                return ExtType(_EARLIER, _NUMBER.pack(value.number))
            return ExtType(_EARLIER, _TWO_NUMBERS.pack(value.number, value.item))
        if len(self.frame.files) == MAX_FILES:
            raise WireError(f"more than {MAX_FILES} files can't be sent")
        self.frame.files.append(value.path)
        place = _TWO_NUMBERS.pack(len(self.frame.files) - 1, value.offset)
        return _specification(_MAPPED, _CODES[value.dtype], value.shape, place)

    def _scalar(self, value: np.generic) -> ExtType:
        code = _code(value.dtype)
        if code is None:
            return self._reference(self._kept(value))
        little = np.asarray(value).astype(_BY_CODE[code])
        return ExtType(_SCALAR, bytes([code]) + little.tobytes())

    def _array(self, array: np.ndarray, code: int) -> ExtType:
        dtype, size, chunks = _BY_CODE[code], array.nbytes, self.frame.chunks
        specification = _specification(_ARRAY, code, array.shape)
        if size > SMALL_BYTES:
            plain = np.ascontiguousarray(array, dtype=dtype)
            chunks.append(plain.reshape(-1).view(np.uint8).data)
        elif array.dtype is dtype:
            chunks.append(array.tobytes())
        else:
            chunks.append(array.astype(dtype).tobytes())
        if over := size % ALIGNMENT:
            chunks.append(_PADDING[over])
            size += ALIGNMENT - over
        self.frame.block += size
        return specification


_STRINGS = frozenset({str})
_REFERENCES = frozenset({Remote, Earlier, Mapped})
_SINGLE = frozenset({type(None), bool, int, float, str, bytes, np.ndarray, *_REFERENCES})
"""The types of values that hold no other values."""
_PADDING = [bytes(ALIGNMENT - over) for over in range(ALIGNMENT)]


@lru_cache(maxsize=64)
def _code(dtype: np.dtype[Any]) -> int | None:
    """The number that stands for ``dtype`` on the wire; None if its arrays can't travel."""
    return _CODES.get(dtype.name)


@lru_cache(maxsize=1024)
def _specification(letter: int, code: int, shape: tuple[int, ...], before: bytes = b"") -> ExtType:
    if len(shape) > MAX_DIMENSIONS:
        raise WireError(f"an array has more than {MAX_DIMENSIONS} dimensions")
    return ExtType(letter, before + _SHAPES[len(shape)].pack(code, *shape))


def _require_room(items: int, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise WireError(f"a value is nested deeper than {MAX_DEPTH} levels")
    if items > MAX_ITEMS:
        raise WireError(f"a value has {items:,} items, but at most {MAX_ITEMS:,} are allowed")


# -- decoding ------------------------------------------------------------------------------------


def decode(
    tree: bytes | bytearray,
    block: bytearray,
    files: Sequence[int] = (),
    revive: Revive | None = None,
    *,
    trusted: bool = False,
) -> Any:
    """The value that a frame holds; arrays are views of ``block``.

    ``files`` are the open files that came along. ``revive`` gives the objects that references stand
    for. Raises WireError if the bytes are not an encoded value, or would cost too much; any other
    exception comes from ``revive``. A ``trusted`` frame is a request. Only a request may refer to
    its own batch or to a file. It may hold more values, and ``revive`` may return anything for it.
    """
    try:
        if not trusted and len(tree) > UNCOUNTED_BYTES:
            require_affordable(tree)
        decoder = _Decoder(block, files, revive or (lambda reference: reference), trusted=trusted)
        value = unpackb(
            tree,
            ext_hook=decoder.special,
            list_hook=_list_or_tuple,
            # memory for so many is allocated at once; a tuple has one more; no list has more items
            # than the tree has bytes
            max_array_len=min(MAX_ITEMS + 1, len(tree)),
            max_map_len=min(MAX_ITEMS, len(tree)),
            unicode_errors=SURROGATES,
        )
        if not trusted:
            _require_plain(value, 0)
    except (ValueError, TypeError, OverflowError, RecursionError, OSError, struct.error) as error:
        raise WireError(f"a frame can't be read ({type(error).__name__})") from None
    if decoder.position != decoder.size:
        raise WireError("a frame holds bytes that belong to no array")
    return value


def require_affordable(tree: bytes | bytearray) -> None:
    """Raise WireError if a tree holds too many values or nests them too deep; builds no value.

    Only the first bytes of each value are read. They say how long the value is and how many other
    values it holds.
    """
    position, values, to_come = 0, 0, [1]  # to_come: the number of values left on each level
    while to_come:
        if not to_come[-1]:
            to_come.pop()
            continue
        to_come[-1] -= 1
        values += 1
        if position >= len(tree):
            raise WireError("a frame ends too early")
        length_bytes, constant, held = _FORMS[tree[position]]
        position += 1
        length = int.from_bytes(tree[position : position + length_bytes])
        position += length_bytes
        if held:
            to_come.append(held * (length + constant))
            if len(to_come) > MAX_DEPTH + 2:
                raise WireError(f"a value is nested deeper than {MAX_DEPTH} levels")
            if values + sum(to_come) > MAX_VALUES:
                raise WireError(f"a reply holds more than {MAX_VALUES:,} values")
        else:
            position += length + constant


def _forms() -> list[tuple[int, int, int]]:
    """For each first byte of a value, the data that follows it by MessagePack's specification.

    A form is: the number of bytes that hold a length, a constant added to that length, and whether
    the length counts the bytes of the value (0), other values (1) or pairs of values (2).
    """
    forms = [(0, 0, 0)] * 256  # small ints, nil, booleans
    for size in range(16):
        forms[0x80 + size], forms[0x90 + size] = (0, size, 2), (0, size, 1)
    for size in range(32):
        forms[0xA0 + size] = (0, size, 0)
    for place, length_bytes in enumerate((1, 2, 4)):
        forms[0xC4 + place] = forms[0xD9 + place] = (length_bytes, 0, 0)  # bytes, text
        forms[0xC7 + place] = (length_bytes, 1, 0)  # extensions
    for place, length_bytes in enumerate((2, 4)):
        forms[0xDC + place], forms[0xDE + place] = (length_bytes, 0, 1), (length_bytes, 0, 2)
    forms[0xCA], forms[0xCB] = (0, 4, 0), (0, 8, 0)  # floats
    for place, size in enumerate((1, 2, 4, 8)):
        forms[0xCC + place] = forms[0xD0 + place] = (0, size, 0)  # ints
    for place, size in enumerate((1, 2, 4, 8, 16)):
        forms[0xD4 + place] = (0, 1 + size, 0)  # extensions of a fixed size
    return forms


_FORMS = _forms()


def _list_or_tuple(values: list[Any]) -> list[Any] | tuple[Any, ...]:
    if values and type(values[0]) is _Tuple:
        return tuple(values[1:])
    return values


class _Tuple:
    """Stands first in a list that becomes a tuple."""


def _require_plain(value: Any, depth: int) -> None:
    """Raise WireError if MessagePack let through a value that ``encode`` never writes."""
    kind = type(value)
    if kind is dict:
        if not _STRINGS.issuperset(map(type, value)):
            raise WireError("a dict in a frame has keys that are not strings")
        inner: Iterable[Any] = value.values()
    elif kind is list or kind is tuple:
        inner = value
    elif kind is _Tuple or kind is Timestamp:
        raise WireError("a frame holds a value that is not allowed there")
    else:
        return
    _require_room(len(value), depth)
    if not _SINGLE.issuperset(map(type, inner)):
        for item in inner:
            if type(item) not in _SINGLE:
                _require_plain(item, depth + 1)


class _Decoder:
    """Gives the values of extensions; takes array bytes from the block in order."""

    def __init__(
        self, block: bytearray, files: Sequence[int], revive: Revive, *, trusted: bool
    ) -> None:
        self.trusted = trusted
        self.block = block
        self.size = len(block)
        self.files = files
        self.revive = revive
        self.position = 0

    def special(self, letter: int, data: bytes) -> Any:
        """The value of the extension ``letter`` with ``data``."""
        if letter == _ARRAY:
            return self._array(data)
        if letter == _TUPLE:
            return _Tuple()
        if letter == _SCALAR:
            return _scalar(data)
        if letter == _TYPE:
            return _dtype(data).newbyteorder("=").type
        if letter == _REMOTE:
            number = _number_of(data)
            return self.revive(Remote(number, data[_NUMBER.size :].decode("utf-8", SURROGATES)))
        if self.trusted and letter == _MAPPED:
            return self._mapped(data)
        if self.trusted and letter == _EARLIER:
            rest = data[_NUMBER.size :]
            return self.revive(Earlier(_number_of(data), _number_of(rest) if rest else None))
        raise WireError("a frame holds an extension that is not allowed there")

    def _array(self, data: bytes) -> np.ndarray:
        dtype, shape, size = _specified(data)
        begin, end = self.position, self.position + size
        if end > self.size:
            raise WireError("an array is larger than the bytes that came with it")
        self.position = end + -end % ALIGNMENT
        array: np.ndarray = np.ndarray(shape, dtype, self.block, begin)
        if data[0] == _BOOL and size and array.view(np.uint8).max() > 1:
            raise WireError("an array of bool holds other values")
        return array

    def _mapped(self, data: bytes) -> np.ndarray:
        number, offset = _TWO_NUMBERS.unpack_from(data)
        dtype, shape, size = _specified(data[_TWO_NUMBERS.size :])
        if number >= len(self.files):
            raise WireError("a mapped array comes without its file")
        area = mmap.mmap(self.files[number], offset + size, mmap.MAP_SHARED, mmap.PROT_READ)
        return np.frombuffer(area, dtype, math.prod(shape), offset).reshape(shape)


def _number_of(data: bytes) -> int:
    """The number that ``data`` begins with."""
    number: int = _NUMBER.unpack_from(data)[0]
    if number >= 2**63:
        raise WireError("a number in a frame is too large")
    return number


def _dtype(data: bytes) -> np.dtype[Any]:
    if not data or data[0] >= len(_BY_CODE):
        raise WireError("an array has a type that is not allowed")
    return _BY_CODE[data[0]]


def _scalar(data: bytes) -> np.generic:
    dtype = _dtype(data)
    if len(data) != 1 + dtype.itemsize or (data[0] == _BOOL and data[1] > 1):
        raise WireError("a NumPy scalar in a frame is invalid")
    scalar: np.generic = np.frombuffer(data, dtype, 1, 1)[0]
    return scalar


@lru_cache(maxsize=1024)
def _specified(data: bytes) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """The dtype and shape in ``data``, and the size of such an array in bytes."""
    dtype, dimensions = _dtype(data), len(data) // _NUMBER.size
    if dimensions > MAX_DIMENSIONS:
        raise WireError("an array has an impossible shape")
    _, *shape = _SHAPES[dimensions].unpack(data)
    size = dtype.itemsize
    for length in shape:
        if length > MAX_SIZE:
            raise WireError("an array has an impossible shape")
        size *= length
    return dtype, tuple(shape), size
