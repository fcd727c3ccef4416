"""What travels between tester and worker: data, whole and unchanged, or a WireError."""

from __future__ import annotations

import contextlib
import json
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fuzz_wire import fuzz, fuzz_headers
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import wire


def there_and_back(value: Any, keep: Callable[[Any], wire.Remote] | None = None) -> Any:
    frame = wire.encode(value, keep)
    data = frame.to_bytes()
    sizes = wire.read_header(data[: wire.HEADER.size])
    tree = data[wire.HEADER.size : wire.HEADER.size + sizes.tree]
    block = bytearray(data[wire.HEADER.size + sizes.tree :])
    assert len(block) == sizes.block
    return wire.decode(tree, block)


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

    def test_other_objects_are_kept_and_known_by_number(self) -> None:
        back = there_and_back([object()], keep=lambda _: wire.Remote(7, "object"))
        assert back == [wire.Remote(7, "object")]


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
            "",
            "[1",
            '{"t": 1}',
            '{"t": [], "d": []}',
            "{}",
            '{"pickle": "x"}',
            '{"a": ["object", 1]}',
            '{"a": ["float64", -1]}',
            '{"a": ["float64", 1, 1.5]}',
            '{"a": ["float64", 9999999]}',
            '{"a": ["float64", 9223372036854775807, 9223372036854775807]}',
            '{"a": ["float64", 0, 17000000000, 17000000000, 17000000000, 17000000000]}',
            '{"a": [["float64"], 1]}',
            '{"s": null}',
            '{"b": -1}',
            '{"d": [["a", 1]]}',
            '{"d": null}',
            '{"e": [0]}',
            '{"e": [0, -1]}',
            '{"e": [true, null]}',
            '{"h": [-1, "x"]}',
            '{"h": [true, "x"]}',
            '{"m": [0, "float64", [1], 0]}',
            "18446744073709551616",
            "9" * 5000,
            "[" * 100_000,
            "[" * 40 + "]" * 40,
            "\xff",
        ],
    )
    def test_a_malformed_tree_is_a_wire_error(self, tree: str) -> None:
        with pytest.raises(wire.WireError):
            wire.decode(tree.encode("latin-1"), bytearray(wire.ALIGNMENT))

    def test_bytes_that_belong_to_no_array_are_refused(self) -> None:
        with pytest.raises(wire.WireError, match="belong to no array"):
            wire.decode(b"1", bytearray(wire.ALIGNMENT))

    def test_a_bool_that_is_neither_is_refused(self) -> None:
        block = bytearray(wire.ALIGNMENT)
        block[0] = 2
        with pytest.raises(wire.WireError, match="bool"):
            wire.decode(b'{"a": ["bool", 1]}', block)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*wire.DTYPES]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("tasbdhmyx"), inner, max_size=2)
    ),
)


class TestMemory:
    """What a frame makes the tester allocate is bounded by what arrived."""

    @pytest.mark.parametrize(
        "tree",
        [
            b"[" + b"[]," * (wire.MAX_TREE_BYTES // 3 - 2) + b"[]]",
            b"[" + b"{}," * (wire.MAX_TREE_BYTES // 3 - 2) + b"{}]",
            b"[" + b"0," * (wire.MAX_TREE_BYTES // 2 - 2) + b"0]",
            b'"' + b"\\ud800" * (wire.MAX_TREE_BYTES // 6 - 2) + b'"',
            b"[" + b'{"t":[]},' * (wire.MAX_TREE_BYTES // 9 - 2) + b"0]",
            b"[" + b'{"a":["bool",0]},' * (wire.MAX_TREE_BYTES // 17 - 2) + b"0]",
        ],
        ids=["lists", "dicts", "numbers", "text", "tuples", "arrays"],
    )
    def test_the_worst_tree_costs_a_bounded_multiple_of_itself(self, tree: bytes) -> None:
        assert len(tree) <= wire.MAX_TREE_BYTES
        tracemalloc.start()
        with contextlib.suppress(wire.WireError):
            wire.decode(tree, bytearray())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 150 * wire.MAX_TREE_BYTES


class TestFuzz:
    """Whatever bytes arrive, the decoder returns a plain value or raises WireError."""

    @settings(max_examples=2000, deadline=None)
    @given(tree=st.binary(max_size=200), block=st.binary(max_size=200))
    def test_random_bytes(self, tree: bytes, block: bytes) -> None:
        self._decode(tree, block)

    @settings(max_examples=2000, deadline=None)
    @given(tree=JSON, block=st.sampled_from([0, 64, 128]))
    def test_random_trees(self, tree: Any, block: int) -> None:
        self._decode(json.dumps(tree).encode(), bytes(block))

    def test_a_hundred_thousand_damaged_frames(self) -> None:
        whole = fuzz(100_000, seed=1)
        assert 0 < whole < 100_000  # some are still frames, so the damage is not too coarse

    def test_a_hundred_thousand_damaged_headers(self) -> None:
        assert fuzz_headers(100_000, seed=1) > 0

    def _decode(self, tree: bytes, block: bytes) -> None:
        try:
            value = wire.decode(tree, bytearray(block))
        except wire.WireError:
            return
        plain = (
            bool | int | float | str | bytes | list | tuple | dict | np.ndarray | np.generic | type
        )
        assert value is None or isinstance(value, plain)
