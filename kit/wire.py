"""The frames that tester and worker exchange: data only, sized before it is read, never pickled.

A frame is a header, a JSON tree and a block of raw array bytes. In the tree every JSON object has
exactly one key, the tag of a value that JSON does not have:

    {"t": [...]}               tuple            {"d": [[key, value], ...]}   dict with str keys
    {"a": [dtype, shape]}      ndarray          {"s": dtype}                 NumPy scalar
    {"b": length}              bytes            {"y": dtype}                 a NumPy scalar type
    {"h": [id, type name]}     an object that stays in the worker
    {"m": [n, dtype, shape, offset]}   ndarray mapped from the n-th file sent along with the frame
    {"r": n}                   in a reply: the n-th argument itself, as it is after the call

Array bytes follow each other in the order in which the tree names them, each padded to ALIGNMENT.
``decode`` is called on bytes that a student's code may have written: it returns plain values or
raises WireError, and never allocates more than a constant factor of what it was given.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
ALIGNMENT = 64
SMALL_BYTES = 64 * 1024
"""A frame up to this size is sent, and received, by one call."""

DTYPES = {
    name: np.dtype(name).newbyteorder("<")
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


Revive = Callable[[Remote | Argument], Any]
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


@dataclass
class Frame:
    """A value in the form in which it travels."""

    tree: bytes = b""
    chunks: list[bytes | memoryview] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def header(self) -> bytes:
        """The header that goes before the tree."""
        block = sum(len(chunk) for chunk in self.chunks)
        if len(self.tree) > MAX_TREE_BYTES or block > MAX_BLOCK_BYTES:
            raise WireError(f"the value is too large to be sent ({block + len(self.tree):,} bytes)")
        return HEADER.pack(MAGIC, len(self.tree), block, len(self.files))

    @property
    def parts(self) -> list[memoryview]:
        """All that is sent, in order: a small frame in one piece, so that one call sends it."""
        parts = [self.header, self.tree, *self.chunks]
        if sum(map(len, parts)) <= SMALL_BYTES:
            parts = [b"".join(parts)]
        return [memoryview(part) for part in parts]

    def to_bytes(self) -> bytes:
        """All that is sent, in one piece."""
        return b"".join(self.parts)


def read_header(data: bytes) -> Header:
    """The sizes that a header announces; WireError where it is none or announces too much."""
    if len(data) != HEADER.size:
        raise WireError("a frame ended within its header")
    magic, tree, block, files = HEADER.unpack(data)
    if magic != MAGIC:
        raise WireError("a frame does not begin as one")
    if tree > MAX_TREE_BYTES or block > MAX_BLOCK_BYTES or files > MAX_FILES:
        raise WireError(f"a frame is too large ({tree + block:,} bytes)")
    return Header(tree, block, files)


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
        if depth > MAX_DEPTH:
            raise WireError(f"a value is nested deeper than {MAX_DEPTH} levels")
        if type(value) is np.ndarray:  # the commonest, and slow to find by elimination
            return self._compound(value, depth)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, int | float):
            return self._number(value)
        return self._compound(value, depth)

    @staticmethod
    def _number(value: float) -> float:
        if not isinstance(value, int):
            return float(value)
        if not -(2**63) <= value < 2**64:
            raise WireError("an int does not fit into 64 bits")
        return int(value)

    def _scalar(self, value: np.generic) -> Any:
        name = _name(value.dtype)
        if name is None:
            return self._other(value)
        self._append(np.asarray(value), name)
        return {"s": name}

    def _compound(self, value: Any, depth: int) -> Any:
        if isinstance(value, np.ndarray):
            array = value if type(value) is np.ndarray else np.asarray(value)
            if name := _name(array.dtype):
                self._append(array, name)
                return {"a": [name, list(array.shape)]}
        if isinstance(value, Remote):
            return {"h": [value.id, value.type_name]}
        if isinstance(value, Argument):
            return {"r": value.number}
        if isinstance(value, Mapped):
            self.frame.files.append(value.path)
            number = len(self.frame.files) - 1
            return {"m": [number, value.dtype, list(value.shape), value.offset]}
        if isinstance(value, list):
            return [self.tree(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return {"t": [self.tree(item, depth + 1) for item in value]}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {"d": [[str(key), self.tree(item, depth + 1)] for key, item in value.items()]}
        if isinstance(value, bytes):
            self._append(np.frombuffer(value, np.uint8), "uint8")
            return {"b": len(value)}
        if isinstance(value, type) and issubclass(value, np.generic) and value.__name__ in DTYPES:
            return {"y": value.__name__}
        return self._other(value)

    def _other(self, value: Any) -> Any:
        if self.keep is None:
            raise WireError(f"a {type(value).__name__} can't be sent")
        return self._compound(self.keep(value), 0)

    def _append(self, array: np.ndarray, name: str) -> None:
        size, chunks = array.nbytes, self.frame.chunks
        if size <= SMALL_BYTES:
            chunks.append(array.astype(DTYPES[name], copy=False).tobytes())
        else:
            plain = np.ascontiguousarray(array, dtype=DTYPES[name])
            chunks.append(plain.reshape(-1).view(np.uint8).data)
        if size % ALIGNMENT:
            chunks.append(bytes(-size % ALIGNMENT))


# -- decoding ------------------------------------------------------------------------------------


def decode(
    tree: bytes,
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
        parsed = json.loads(tree)
        decoder = _Decoder(block, files, revive or (lambda reference: reference))
        value = decoder.value(parsed, 0)
    except (ValueError, TypeError, OverflowError, RecursionError, OSError) as error:
        raise WireError(f"a frame can't be read ({type(error).__name__})") from None
    if decoder.position != len(block):
        raise WireError("a frame holds bytes that belong to no array")
    return value


class _Decoder:
    """Turns a parsed tree into values, taking array bytes from the block in order."""

    def __init__(self, block: bytearray, files: Sequence[int], revive: Revive) -> None:
        self.block = block
        self.files = files
        self.revive = revive
        self.position = 0

    def value(self, node: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise WireError(f"a frame is nested deeper than {MAX_DEPTH} levels")
        if isinstance(node, list):
            return [self.value(item, depth + 1) for item in node]
        if isinstance(node, dict):
            return self._tagged(node, depth)
        if isinstance(node, int) and not -(2**63) <= node < 2**64:
            raise WireError("an int does not fit into 64 bits")
        return node

    def _tagged(self, node: dict[str, Any], depth: int) -> Any:
        if len(node) != 1:
            raise WireError("an object in a frame has more than its tag")
        ((tag, body),) = node.items()
        if tag == "a":
            dtype, shape = _list(body, 2)
            return self._array(_dtype(dtype), _shape(shape))
        if tag == "d":
            return self._dict(body, depth)
        if tag == "t":
            return tuple([self.value(item, depth + 1) for item in _list(body)])
        if tag == "s":
            return self._array(_dtype(body), ())[()]
        if tag == "b":
            return self._array(DTYPES["uint8"], _shape([body])).tobytes()
        if tag == "y":
            return _dtype(body).newbyteorder("=").type
        if tag == "h":
            number, type_name = _list(body, 2)
            return self.revive(Remote(_natural(number), _string(type_name)))
        if tag == "r":
            return self.revive(Argument(_natural(body)))
        if tag == "m":
            return self._mapped(*_list(body, 4))
        raise WireError("a frame holds an unknown tag")

    def _dict(self, body: Any, depth: int) -> dict[str, Any]:
        pairs = [_list(pair, 2) for pair in _list(body)]
        found = {_string(key): self.value(item, depth + 1) for key, item in pairs}
        if len(found) != len(pairs):
            raise WireError("a dict in a frame names a key twice")
        return found

    def _array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
        count = math.prod(shape)
        size = count * dtype.itemsize
        padded = size + -size % ALIGNMENT
        if padded > len(self.block) - self.position:
            raise WireError("an array is larger than the bytes that came with it")
        array = np.frombuffer(self.block, dtype, count, self.position).reshape(shape)
        self.position += padded
        if dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
            raise WireError("an array of bool holds something else")
        return array

    def _mapped(self, number: Any, dtype: Any, shape: Any, offset: Any) -> np.ndarray:
        if _natural(number) >= len(self.files):
            raise WireError("a mapped array comes without its file")
        kind, sizes, start = _dtype(dtype), _shape(shape), _natural(offset)
        count = math.prod(sizes)
        area = mmap.mmap(
            self.files[number], start + count * kind.itemsize, mmap.MAP_SHARED, mmap.PROT_READ
        )
        return np.frombuffer(area, kind, count, start).reshape(sizes)


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


def _dtype(body: Any) -> np.dtype[Any]:
    if not isinstance(body, str) or body not in DTYPES:
        raise WireError("an array has a type that may not travel")
    return DTYPES[body]


def _shape(body: Any) -> tuple[int, ...]:
    sizes = tuple([_natural(size) for size in _list(body)])
    if len(sizes) > MAX_DIMENSIONS or max(sizes, default=0) > MAX_BLOCK_BYTES * 64:
        raise WireError("an array has an impossible shape")
    return sizes
