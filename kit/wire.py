"""The frames that tester and worker exchange: data only, sized before it is read, never pickled.

A frame is a header, a JSON tree and a block of raw array bytes. In the tree every JSON object has
exactly one key, the tag of a value that JSON does not have:

    {"t": [...]}               tuple            {"d": {key: value, ...}}     dict with str keys
    {"a": [dtype, size, ...]}  ndarray          {"s": dtype}                 NumPy scalar
    {"b": length}              bytes            {"y": dtype}                 a NumPy scalar type
    {"h": [id, type name]}     an object that stays in the worker
    {"m": [n, dtype, shape, offset]}   ndarray mapped from the n-th file sent along with the frame
    {"r": n}                   in a reply: the n-th argument itself, as it is after the call
    {"e": [n, item or null]}   in a request: what the n-th of the same batch gave, or an item of it

Array bytes follow each other in the order in which the tree names them, each padded to ALIGNMENT.
``decode`` is called on bytes that a student's code may have written: it returns plain values or
raises WireError, and never allocates more than a constant factor of what it was given.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from kit.limits import REPLY_BLOCK_BYTES, REPLY_TREE_BYTES

HEADER = struct.Struct("!4sIQB")
"""Magic, bytes of the tree, bytes of the arrays, number of files sent along."""
MAGIC = b"kit1"
MAX_TREE_BYTES = REPLY_TREE_BYTES
MAX_BLOCK_BYTES = REPLY_BLOCK_BYTES
MAX_FILES = 16
MAX_DEPTH = 32
MAX_DIMENSIONS = 32
MAX_SIZE = MAX_BLOCK_BYTES * 64
"""Of one dimension: an array of no elements may still be long in another one."""
ALIGNMENT = 64
SMALL_BYTES = 64 * 1024
"""A frame up to this size is sent, and received, by one call."""

DTYPES = {
    name: np.dtype(np.dtype(name).newbyteorder("<").str)  # by its name, it is NumPy's own object
    for name in (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
    )
}


class WireError(Exception):
    """What was to be sent or was received is not a frame; the text says in which way."""


class Remote(NamedTuple):
    """An object that stayed in the worker, by the number it is known under there."""

    id: int
    type_name: str


class Argument(NamedTuple):
    """What a call returned was the very object that it was given as its n-th argument."""

    number: int


class Earlier(NamedTuple):
    """What request ``number`` of the same batch gave; item ``item`` of it, unless that is None."""

    number: int
    item: int | None


Reference = Remote | Argument | Earlier
Revive = Callable[[Reference], Any]
"""Gives the object that a reference in a frame stands for."""


class Mapped(NamedTuple):
    """An array that is a part of a file: sent as an open file, never copied."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


class Header(NamedTuple):
    """How many bytes of tree and of arrays follow, and how many files came along."""

    tree: int
    block: int
    files: int


class Frame:
    """A value in the form in which it travels."""

    __slots__ = ("block", "chunks", "files", "tree")

    def __init__(self) -> None:
        self.tree = b""
        self.chunks: list[bytes | memoryview] = []
        self.block = 0
        """How many bytes the chunks are."""
        self.files: list[str] = []

    @property
    def size(self) -> int:
        """Of tree and arrays, in bytes."""
        return len(self.tree) + self.block

    def require_size(self) -> None:
        """Raise WireError where the frame is too large to be sent."""
        if len(self.tree) > MAX_TREE_BYTES or self.block > MAX_BLOCK_BYTES:
            raise WireError(f"the value is too large to be sent ({self.size:,} bytes)")

    @property
    def header(self) -> bytes:
        """The header that goes before the tree; WireError where the frame is too large."""
        self.require_size()
        return HEADER.pack(MAGIC, len(self.tree), self.block, len(self.files))

    def to_bytes(self) -> bytes:
        """All that is sent, in one piece."""
        return b"".join([self.header, self.tree, *self.chunks])


def parts(frames: Collection[Frame]) -> list[bytes | memoryview]:
    """All that is sent of ``frames``, in order: in one piece if it is small, to be sent at once."""
    pieces = [piece for frame in frames for piece in (frame.header, frame.tree, *frame.chunks)]
    small = sum(HEADER.size + frame.size for frame in frames) <= SMALL_BYTES
    return [b"".join(pieces)] if small else pieces


MOST = Header(MAX_TREE_BYTES, MAX_BLOCK_BYTES, MAX_FILES)
"""What a frame may hold."""


def read_header(data: bytes | bytearray, most: Header = MOST) -> Header:
    """The sizes that a header announces; WireError where it is none or announces over ``most``."""
    if len(data) != HEADER.size:
        raise WireError("a frame ended within its header")
    magic, tree, block, files = HEADER.unpack(data)
    if magic != MAGIC:
        raise WireError("a frame does not begin as one")
    if tree > most.tree or block > most.block or files > most.files:
        raise WireError(f"a frame is too large ({tree + block:,} bytes)")
    return Header(tree, block, files)


class Inbox:
    """Takes whole frames out of a stream, of which each ``pull`` brings what has come.

    ``pull`` puts at least one byte into the room it is given and says how many.
    """

    def __init__(self, pull: Callable[[memoryview], int]) -> None:
        self._pull = pull
        self._room = memoryview(bytearray(SMALL_BYTES))
        self._begin = self._end = 0

    @property
    def waiting(self) -> bool:
        """Whether bytes have come that belong to no frame that was taken out."""
        return self._begin < self._end

    def frame(self, most: Header = MOST) -> tuple[bytearray, bytearray, int]:
        """The next frame, of at most ``most``: its tree, its arrays, how many files came along."""
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


def encode(value: Any, keep: Callable[[Any], Remote] | None = None) -> Frame:
    """``value`` as a frame.

    ``keep`` is asked for a Remote in place of every object that can't travel; without it such an
    object is a WireError. So is a value nested deeper than MAX_DEPTH.
    """
    frame = Frame()
    tree = _Encoder(frame, keep).tree(value, 0)
    frame.tree = _JSON.encode(tree).encode("ascii")
    return frame


_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_PLAIN = frozenset({type(None), bool, float, str})
"""The types that JSON has as Python has them; an int may be too large for the other side."""
_LEAST, _MOST = -(2**63), 2**64 - 1
"""The ints that both sides take."""


@lru_cache(maxsize=64)
def _name(dtype: np.dtype[Any]) -> str | None:
    """The name under which arrays of ``dtype`` travel; None where they don't."""
    return dtype.name if dtype.name in DTYPES else None


class _Encoder:
    """Builds the tree of one frame and collects its arrays and files."""

    def __init__(self, frame: Frame, keep: Callable[[Any], Remote] | None) -> None:
        self.frame = frame
        self.keep = keep

    def tree(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _PLAIN or (kind is int and _LEAST <= value <= _MOST):
            return value
        if kind is np.ndarray and (name := _name(value.dtype)) is not None:
            self._append(value, name)
            return {"a": [name, *value.shape]}
        if depth >= MAX_DEPTH:
            raise WireError(f"a value is nested deeper than {MAX_DEPTH} levels")
        if kind is tuple:
            return {"t": self._items(value, depth)}
        if kind is list:
            return self._items(value, depth)
        if kind is dict and _STRINGS.issuperset(map(type, value)):
            return {"d": self._entries(value, depth)}
        if kind in _REFERENCES:
            return self._reference(value)
        return self._rare(value, depth)

    def _items(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [
            item if type(item) in _PLAIN else self.tree(item, depth + 1)  # calls cost most of it
            for item in values
        ]

    def _entries(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        return {
            str(key): item if type(item) in _PLAIN else self.tree(item, depth + 1)
            for key, item in value.items()
        }

    def _rare(self, value: Any, depth: int) -> Any:
        """What is not of the commonest types themselves, but of types derived from them or rare."""
        if isinstance(value, str):
            return str(value)
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, int):
            if not _LEAST <= value <= _MOST:
                raise WireError("an int does not fit into 64 bits")
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, np.ndarray):
            return self._derived(value, depth)
        if isinstance(value, list):
            return self._items(value, depth)
        if isinstance(value, tuple):
            return {"t": self._items(value, depth)}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {"d": self._entries(value, depth)}
        if isinstance(value, bytes):
            self._append(np.frombuffer(value, np.uint8), "uint8")
            return {"b": len(value)}
        if isinstance(value, type) and issubclass(value, np.generic) and value.__name__ in DTYPES:
            return {"y": value.__name__}
        return self._other(value)

    def _derived(self, value: np.ndarray, depth: int) -> Any:
        """An array of a type of its own, whose attributes may say what they like."""
        plain = np.asarray(value)
        if type(plain) is np.ndarray and _name(plain.dtype) is not None:
            return self.tree(plain, depth)
        return self._other(value)

    def _reference(self, value: Reference | Mapped) -> Any:
        if isinstance(value, Remote):
            return {"h": [value.id, value.type_name]}
        if isinstance(value, Argument):
            return {"r": value.number}
        if isinstance(value, Earlier):
            return {"e": [value.number, value.item]}
        self.frame.files.append(value.path)
        number = len(self.frame.files) - 1
        return {"m": [number, value.dtype, list(value.shape), value.offset]}

    def _scalar(self, value: np.generic) -> Any:
        name = _name(value.dtype)
        if name is None:
            return self._other(value)
        self._append(np.asarray(value), name)
        return {"s": name}

    def _other(self, value: Any) -> Any:
        if self.keep is None:
            raise WireError(f"a {type(value).__name__} can't be sent")
        return self._reference(self.keep(value))

    def _append(self, array: np.ndarray, name: str) -> None:
        size, chunks = array.nbytes, self.frame.chunks
        if size > SMALL_BYTES:
            plain = np.ascontiguousarray(array, dtype=DTYPES[name])
            chunks.append(plain.reshape(-1).view(np.uint8).data)
        elif array.dtype is DTYPES[name]:
            chunks.append(array.tobytes())
        else:
            chunks.append(array.astype(DTYPES[name]).tobytes())
        self.frame.block += size
        if over := size % ALIGNMENT:
            chunks.append(_PADDING[over])
            self.frame.block += ALIGNMENT - over


_STRINGS = frozenset({str})
_REFERENCES = frozenset({Remote, Argument, Earlier, Mapped})
_PADDING = [bytes(ALIGNMENT - over) for over in range(ALIGNMENT)]


# -- decoding ------------------------------------------------------------------------------------


def decode(
    tree: bytes | bytearray,
    block: bytearray,
    files: Sequence[int] = (),
    revive: Revive | None = None,
) -> Any:
    """The value that a frame holds; arrays are views of ``block``.

    ``files`` are the open files that came along. ``revive`` gives the objects that Remotes and
    Arguments stand for. Raises WireError, and nothing else but what ``revive`` raises, where the
    bytes are not what ``encode`` writes.
    """
    try:
        decoder = _Decoder(block, files, revive or (lambda reference: reference))
        text = str(tree, "utf-8")
        parsed, end = _PARSER.raw_decode(text)
        value = decoder.value(parsed, 0)
    except (ValueError, TypeError, OverflowError, RecursionError, OSError) as error:
        raise WireError(f"a frame can't be read ({type(error).__name__})") from None
    if end != len(text):
        raise WireError("a frame holds more than one value")
    if decoder.position != len(block):
        raise WireError("a frame holds bytes that belong to no array")
    return value


_PARSER = json.JSONDecoder()


class _Decoder:
    """Turns a parsed tree into values, taking array bytes from the block in order."""

    def __init__(self, block: bytearray, files: Sequence[int], revive: Revive) -> None:
        self.block = block
        self.size = len(block)
        self.files = files
        self.revive = revive
        self.position = 0

    def value(self, node: Any, depth: int) -> Any:
        kind = type(node)
        if kind is dict:
            return self._tagged(node, depth)
        if kind is list:
            return self._items(node, depth)
        if kind is int and not _LEAST <= node <= _MOST:
            raise WireError("an int does not fit into 64 bits")
        return node

    def _items(self, nodes: Any, depth: int) -> list[Any]:
        if type(nodes) is not list:
            raise WireError("a tag in a frame has the wrong content")
        if depth >= MAX_DEPTH:
            raise WireError(f"a frame is nested deeper than {MAX_DEPTH} levels")
        return [
            node if type(node) in _PLAIN else self.value(node, depth + 1)  # calls cost most of it
            for node in nodes
        ]

    def _tagged(self, node: dict[str, Any], depth: int) -> Any:
        if len(node) != 1:
            raise WireError("an object in a frame has more than its tag")
        ((tag, body),) = node.items()
        if tag == "a":
            dtype, *shape = _list(body)
            return self._array(dtype, shape)
        if tag == "t":
            return tuple(self._items(body, depth))
        if tag == "d":
            return self._entries(body, depth)
        if tag == "s":
            return self._array(body, [])[()]
        if tag == "b":
            return self._array("uint8", [body]).tobytes()
        if tag == "y":
            return _dtype(body).newbyteorder("=").type
        if tag == "m":
            return self._mapped(*_list(body, 4))
        return self.revive(_reference(tag, body))

    def _entries(self, nodes: Any, depth: int) -> dict[str, Any]:
        if type(nodes) is not dict:
            raise WireError("a tag in a frame has the wrong content")
        if depth >= MAX_DEPTH:
            raise WireError(f"a frame is nested deeper than {MAX_DEPTH} levels")
        return {
            key: node if type(node) in _PLAIN else self.value(node, depth + 1)
            for key, node in nodes.items()
        }

    def _array(self, name: Any, shape: list[Any]) -> np.ndarray:
        dtype, begin = _dtype(name), self.position
        size = math.prod(_sizes(shape)) * dtype.itemsize
        self.position = begin + size + -size % ALIGNMENT
        if self.position > self.size:
            raise WireError("an array is larger than the bytes that came with it")
        array: np.ndarray = np.ndarray(shape, dtype, self.block, begin)
        if name == "bool" and size and array.view(np.uint8).max() > 1:
            raise WireError("an array of bool holds something else")
        return array

    def _mapped(self, number: Any, dtype: Any, shape: Any, offset: Any) -> np.ndarray:
        if _natural(number) >= len(self.files):
            raise WireError("a mapped array comes without its file")
        kind, sizes, start = _dtype(dtype), _sizes(_list(shape)), _natural(offset)
        count = math.prod(sizes)
        area = mmap.mmap(
            self.files[number], start + count * kind.itemsize, mmap.MAP_SHARED, mmap.PROT_READ
        )
        return np.frombuffer(area, kind, count, start).reshape(sizes)


def _reference(tag: str, body: Any) -> Reference:
    if tag == "h":
        number, type_name = _list(body, 2)
        return Remote(_natural(number), _string(type_name))
    if tag == "r":
        return Argument(_natural(body))
    if tag == "e":
        number, item = _list(body, 2)
        return Earlier(_natural(number), None if item is None else _natural(item))
    raise WireError("a frame holds an unknown tag")


def _list(body: Any, length: int | None = None) -> list[Any]:
    if not isinstance(body, list) or (length is not None and len(body) != length):
        raise WireError("a tag in a frame has the wrong content")
    return body


def _string(body: Any) -> str:
    if not isinstance(body, str):
        raise WireError("a name in a frame is not a string")
    return body


def _natural(body: Any) -> int:
    if type(body) is not int or not 0 <= body < 2**63:
        raise WireError("a size in a frame is not one")
    return body


def _dtype(name: Any) -> np.dtype[Any]:
    if not isinstance(name, str) or name not in DTYPES:
        raise WireError("an array has a type that may not travel")
    return DTYPES[name]


def _sizes(shape: list[Any]) -> list[int]:
    if len(shape) > MAX_DIMENSIONS:
        raise WireError("an array has an impossible shape")
    for size in shape:
        if type(size) is not int or not 0 <= size <= MAX_SIZE:
            raise WireError("an array has an impossible shape")
    return shape
