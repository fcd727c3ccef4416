"""What travels between tester and worker: data, whole and unchanged, or a WireError."""

from __future__ import annotations

import contextlib
import enum
import math
import struct
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgpack import ExtType, packb

from kit.sandbox import wire
from tests.support.fuzz_wire import fuzz, fuzz_headers


def there_and_back(value: Any, keep: Callable[[Any], wire.Remote] | None = None) -> Any:
    frame = wire.encode(value, keep)
    data = frame.to_bytes()
    sizes = wire.read_header(data[: wire.HEADER.size])
    tree = data[wire.HEADER.size : wire.HEADER.size + sizes.tree]
    block = bytearray(data[wire.HEADER.size + sizes.tree :])
    assert len(block) == sizes.block
    return wire.decode(tree, block)


class Color(enum.IntEnum):
    RED = 1


class Pair(NamedTuple):
    left: Any
    right: Any


class Items(list):  # type: ignore[type-arg]
    pass


def shaped(dtype: int, *sizes: int, letter: str = "a", before: bytes = b"") -> ExtType:
    """The extension that announces an array."""
    return ExtType(ord(letter), before + struct.pack(f"<B{len(sizes)}Q", dtype, *sizes))


FLOAT64 = list(wire.DTYPES).index("float64")
BOOL = list(wire.DTYPES).index("bool")


class TestValues:
    """Every value that may travel arrives as it was sent."""

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            False,
            0,
            -(2**63),
            2**64 - 1,
            0.1,
            -0.0,
            math.inf,
            "",
            "ε\n\0",
            "\ud800",
            b"",
            b"\0\xff",
        ],
    )
    def test_plain_values(self, value: Any) -> None:
        back = there_and_back(value)
        assert back == value
        assert type(back) is type(value)

    def test_nan_arrives_as_nan(self) -> None:
        assert math.isnan(there_and_back(math.nan))

    def test_containers_keep_their_kind_and_order(self) -> None:
        value = [(1, [2]), {"b": (), "a": {"c": [None]}}, []]
        back = there_and_back(value)
        assert back == value
        assert list(back[1]) == ["b", "a"]

    @pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
    @pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (0, 4), (1, 1, 2)])
    def test_arrays_keep_bytes_shape_and_dtype(self, dtype: str, shape: tuple[int, ...]) -> None:
        array = (np.arange(math.prod(shape)) % 2).reshape(shape).astype(dtype)
        back = there_and_back(array)
        assert back.dtype == array.dtype
        assert back.shape == array.shape
        assert back.tobytes() == array.tobytes()

    def test_views_arrive_as_what_they_show(self) -> None:
        array = np.arange(24.0).reshape(4, 6)[::2, ::-3].T
        np.testing.assert_array_equal(there_and_back(array), array)

    def test_several_arrays_do_not_mix(self) -> None:
        sent = {"a": np.arange(5, dtype=np.int8), "b": [np.ones((2, 2)), np.float32(0.1)]}
        back = there_and_back(sent)
        np.testing.assert_array_equal(back["a"], sent["a"])
        np.testing.assert_array_equal(back["b"][0], sent["b"][0])
        assert back["b"][1] == np.float32(0.1)
        assert type(back["b"][1]) is np.float32

    def test_arrays_that_arrive_can_be_written(self) -> None:
        back = there_and_back(np.zeros(3))
        back += 1
        assert back.sum() == 3

    def test_a_numpy_type_travels_by_name(self) -> None:
        assert there_and_back(np.float32) is np.float32

    def test_values_of_derived_types_arrive_as_what_they_are_derived_from(self) -> None:
        class Text(str):
            pass

        sent = [OrderedDict(a=np.float64(0.5)), Pair((1,), Text("b")), Color.RED, Items([True])]
        back = there_and_back(sent)
        assert back == [{"a": 0.5}, ((1,), "b"), 1, [True]]
        assert [type(item) for item in back] == [dict, tuple, int, list]
        assert type(back[0]["a"]) is np.float64
        assert type(back[1][1]) is str

    def test_references_arrive_as_such(self) -> None:
        sent = [wire.Remote(3, "Nét"), wire.Earlier(1, None), wire.Earlier(1, 0)]
        back = wire.decode(wire.encode(sent).tree, bytearray(), trusted=True)
        assert back == sent
        assert [type(item) for item in back] == [type(item) for item in sent]

    def test_a_bundle_is_a_list_of_what_was_added(self) -> None:
        bundle = wire.Bundle()
        sizes = [bundle.add({"x": np.arange(3)}), bundle.add((1, np.ones(2, np.float32)))]
        frame = bundle.frame()
        first, second = wire.decode(frame.tree, bytearray(b"".join(frame.chunks)))
        np.testing.assert_array_equal(first["x"], np.arange(3))
        np.testing.assert_array_equal(second[1], np.ones(2))
        assert type(second) is tuple
        assert 0 < sum(sizes) < frame.size

    def test_what_could_not_be_added_to_a_bundle_is_not_in_it(self) -> None:
        bundle = wire.Bundle()
        bundle.add(np.arange(3))
        with pytest.raises(wire.WireError):
            bundle.add([np.arange(4), object()])
        bundle.add(np.arange(5))
        frame = bundle.frame()
        back = wire.decode(frame.tree, bytearray(b"".join(frame.chunks)))
        assert [len(array) for array in back] == [3, 5]

    def test_other_objects_are_kept_and_known_by_number(self) -> None:
        sent = [object(), ({1: 2},)]
        back = there_and_back(sent, keep=lambda value: wire.Remote(7, type(value).__name__))
        assert back == [wire.Remote(7, "object"), (wire.Remote(7, "dict"),)]


class TestRefusals:
    """What may not travel is refused on the sending side, what isn't a frame on the receiving."""

    @pytest.mark.parametrize(
        "value", [object(), {1: 2}, np.array([None]), np.array(["a"]), 1j, 2**64, {"a": {1}}]
    )
    def test_objects_cannot_be_sent(self, value: Any) -> None:
        with pytest.raises(wire.WireError):
            wire.encode(value)

    def test_a_list_that_holds_itself_cannot_be_sent(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(wire.WireError, match="nested deeper"):
            wire.encode(endless)

    @pytest.mark.parametrize("many", [[0], (0,)])
    def test_a_list_over_the_cap_cannot_be_sent(self, many: Any) -> None:
        assert there_and_back(many * wire.MAX_ITEMS) == many * wire.MAX_ITEMS
        with pytest.raises(wire.WireError, match="at most 65,536"):
            wire.encode(many * (wire.MAX_ITEMS + 1))

    def test_more_files_than_a_frame_takes_cannot_be_sent(self) -> None:
        part = wire.Mapped("data", "float32", (1,), 0)
        wire.encode([part] * wire.MAX_FILES)
        with pytest.raises(wire.WireError, match="files"):
            wire.encode([part] * (wire.MAX_FILES + 1))

    def test_a_value_over_the_cap_cannot_be_sent(self) -> None:
        frame = wire.encode(np.zeros(wire.MAX_BLOCK_BYTES // 8 + 1))
        with pytest.raises(wire.WireError, match="too large"):
            frame.to_bytes()

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"\0" * wire.HEADER.size,
            wire.HEADER.pack(wire.MAGIC, wire.MAX_TREE_BYTES + 1, 0, 0),
            wire.HEADER.pack(wire.MAGIC, 0, wire.MAX_BLOCK_BYTES + 1, 0),
            wire.HEADER.pack(wire.MAGIC, 0, 0, wire.MAX_FILES + 1),
        ],
    )
    def test_a_header_is_refused_before_anything_is_allocated(self, header: bytes) -> None:
        with pytest.raises(wire.WireError):
            wire.read_header(header)

    @pytest.mark.parametrize(
        "tree",
        [
            b"",
            b"\x91",  # a list of one item, and no item
            b"\xc1",  # what MessagePack never uses
            b"\x01\x01",  # two values
            b"\xa1\xff",  # text that is not UTF-8
            b"\x91" * 100_000,
            b"\x91" * 40 + b"\x00",
            b"\x91" * 500 + b"\x00",
            b"\xdd\xff\xff\xff\xff",  # a list of four billion items
            b"\xdf\xff\xff\xff\xff",
            b"\xdd" + struct.pack("!I", wire.MAX_ITEMS + 1) + bytes(wire.MAX_ITEMS + 1),
            b"\xdd" + struct.pack("!I", wire.MAX_ITEMS + 2) + bytes(wire.MAX_ITEMS + 2),
            packb({1: 2}, strict_types=True),
            packb({b"a": 1}),
            packb([{"a": {b"b": 1}}]),
            packb(ExtType(ord("p"), b"pickle")),
            packb(ExtType(ord("t"), b"")),  # a tuple's beginning outside of a list, and in one
            packb([1, ExtType(ord("t"), b"")]),
            packb({"a": ExtType(ord("t"), b"")}),
            packb(ExtType(ord("a"), b"")),
            packb(shaped(len(wire.DTYPES), 1)),
            packb(shaped(FLOAT64, 2**64 - 1)),
            packb(shaped(FLOAT64, 9999999)),
            packb(shaped(FLOAT64, 2**63 - 1, 2**63 - 1)),
            packb(shaped(FLOAT64, 0, *[17_000_000_000] * 4)),
            packb(shaped(FLOAT64, *[1] * (wire.MAX_DIMENSIONS + 1))),
            packb(ExtType(ord("a"), struct.pack("<BQB", FLOAT64, 1, 1))),
            packb(ExtType(ord("s"), b"")),
            packb(ExtType(ord("s"), bytes([FLOAT64, 0]))),
            packb(ExtType(ord("s"), bytes([FLOAT64, *[0] * 9]))),
            packb(ExtType(ord("s"), bytes([BOOL, 2]))),
            packb(ExtType(ord("y"), b"")),
            packb(ExtType(ord("y"), b"\xff")),
            packb(ExtType(ord("e"), b"")),
            packb(ExtType(ord("e"), bytes(9))),
            packb(ExtType(ord("r"), bytes(16))),
            packb(ExtType(ord("h"), b"x")),
            packb(ExtType(ord("h"), b"\xff" * 8 + b"x")),
            packb(ExtType(ord("h"), bytes(8) + b"\xff")),
            packb(shaped(FLOAT64, 1, letter="m", before=bytes(16))),  # without its file
            packb(ExtType(ord("m"), bytes(3))),
            b"\xd6\xff\x00\x00\x00\x00",  # MessagePack's own time
            packb([{"a": [b"", 1]}]).replace(b"\xc4\x00", b"\xd6\xff\x00\x00\x00\x00"),
            b"\xc7\x03\xffabc",
        ],
    )
    def test_a_malformed_tree_is_a_wire_error(self, tree: bytes) -> None:
        with pytest.raises(wire.WireError):
            wire.decode(tree, bytearray(wire.ALIGNMENT))
        with pytest.raises(wire.WireError):
            wire.decode(tree, bytearray())

    def test_bytes_that_belong_to_no_array_are_refused(self) -> None:
        with pytest.raises(wire.WireError, match="belong to no array"):
            wire.decode(packb(1), bytearray(wire.ALIGNMENT))

    def test_a_bool_that_is_neither_is_refused(self) -> None:
        block = bytearray(wire.ALIGNMENT)
        block[0] = 2
        with pytest.raises(wire.WireError, match="bool"):
            wire.decode(packb(shaped(BOOL, 1)), block)


EXTENSIONS = st.builds(
    ExtType,
    st.sampled_from(list(b"asytmhrex")),
    st.binary(max_size=3)
    | st.builds(struct.Struct("<BQ").pack, st.integers(0, 255), st.integers(0, 2**64 - 1))
    | st.builds(struct.Struct("<BQ").pack, st.integers(0, len(wire.DTYPES)), st.integers(0, 9))
    | st.builds(struct.Struct("<QQBQ").pack, *[st.integers(0, 9)] * 4),
)
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary()
    | EXTENSIONS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(lambda items: [ExtType(ord("t"), b""), *items], st.lists(inner, max_size=2))
        | st.dictionaries(st.sampled_from(["a", "é", b"", 1]), inner, max_size=2)
    ),
)


SIZE = 2**17
"""Bytes: of the smallest values a tree of that size holds about as many as a reply may."""


def many(item: bytes) -> bytes:
    """A list of lists of ``item``, of SIZE in all."""
    inner = b"\xdc\x03\xe8" + item * 1000
    number = SIZE // len(inner)
    return b"\xdd" + struct.pack("!I", number) + inner * number


class TestCounting:
    """What a reply would cost is counted before anything of it is built."""

    @given(tree=TREES)
    def test_whatever_messagepack_writes_is_walked_to_its_end(self, tree: Any) -> None:
        with contextlib.suppress(ValueError, OverflowError):
            packed = packb(tree, unicode_errors="surrogatepass")
            wire.require_affordable(packed)
            with pytest.raises(wire.WireError, match="ends too early"):
                wire.require_affordable(packed[:0])

    def test_too_many_values_are_refused(self) -> None:
        fits = packb([[0] * 1000] * 130)
        assert len(wire.decode(fits, bytearray())) == 130
        with pytest.raises(wire.WireError, match="more than 131,072 values"):
            wire.decode(packb([[0] * 1000] * 132), bytearray())

    def test_values_that_are_only_announced_are_refused(self) -> None:
        announced = b"\xdd" + struct.pack("!I", wire.MAX_ITEMS) + b"\xdd\0\1\0\0" * 1000
        with pytest.raises(wire.WireError, match="more than 131,072 values"):
            wire.decode(announced, bytearray())

    def test_deep_nesting_is_refused_before_it_is_built(self) -> None:
        with pytest.raises(wire.WireError, match="nested deeper than 32"):
            wire.decode(b"\x91" * 40 + b"\xda\x20\x00" + b"x" * 0x2000, bytearray())

    def test_a_reply_holds_no_reference_but_to_objects(self) -> None:
        for reference in (wire.Earlier(0, None), wire.Earlier(0, 1)):
            with pytest.raises(wire.WireError, match="is not allowed there"):
                there_and_back([reference])

    def test_a_reply_holds_no_array_of_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(bytes(8))
        frame = wire.encode([wire.Mapped(str(tmp_path / "file"), "uint8", (8,), 0)])
        with (
            open(tmp_path / "file", "rb") as file,
            pytest.raises(wire.WireError, match="not allowed there"),
        ):
            wire.decode(frame.tree, bytearray(), [file.fileno()])


class TestMemory:
    """What a frame makes the tester allocate is bounded by what arrived."""

    @pytest.mark.parametrize(
        "tree",
        [
            many(b"\x90"),
            many(b"\x80"),
            many(b"\x81\xa0\x00"),
            many(b"\xcb" + struct.pack("!d", 0.1)),
            many(b"\xa2\xc3\xa9"),
            b"\xdb" + struct.pack("!I", wire.MAX_TREE_BYTES - 5) + b"a" * (wire.MAX_TREE_BYTES - 5),
            many(b"\x91" + packb(ExtType(ord("t"), b""))),
            many(packb(shaped(BOOL, 0))),
            many(packb(ExtType(ord("s"), bytes(2)))),
            many(packb(ExtType(ord("h"), bytes(8)))),
            b"\xdd" + struct.pack("!I", wire.MAX_ITEMS) + b"\xdd\0\1\0\0" * 500 + bytes(9),
        ],
        ids=(
            "lists dicts entries numbers texts text tuples arrays scalars objects announced".split()
        ),
    )
    def test_the_worst_tree_costs_a_bounded_multiple_of_itself(self, tree: bytes) -> None:
        assert len(tree) <= wire.MAX_TREE_BYTES
        tracemalloc.start()
        with contextlib.suppress(wire.WireError):
            wire.decode(tree, bytearray())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 150 * max(len(tree), SIZE)


class TestFuzz:
    """Whatever bytes arrive, the decoder returns a plain value or raises WireError."""

    @given(tree=st.binary(max_size=200), block=st.binary(max_size=200))
    def test_random_bytes(self, tree: bytes, block: bytes) -> None:
        self._decode(tree, block)

    @given(tree=TREES, block=st.sampled_from([0, 64, 128]))
    def test_random_trees(self, tree: Any, block: int) -> None:
        self._decode(packb(tree, unicode_errors="surrogatepass"), bytes(block))

    def test_damaged_frames(self, thorough: bool) -> None:
        frames = 100_000 if thorough else 10_000
        whole = fuzz(frames, seed=1)
        assert 0 < whole < frames  # some are still frames, so the damage is not too coarse

    def test_damaged_headers(self, thorough: bool) -> None:
        assert fuzz_headers(100_000 if thorough else 10_000, seed=1) > 0

    def _decode(self, tree: bytes, block: bytes) -> None:
        try:
            value = wire.decode(tree, bytearray(block))
        except wire.WireError:
            return
        plain = (
            bool | int | float | str | bytes | list | tuple | dict | np.ndarray | np.generic | type
        )
        assert value is None or isinstance(value, plain)
