"""Damaged frames for the decoder: `python -m tests.support.fuzz_wire --frames 5000000`.

Every frame starts as one that `kit.sandbox.wire` writes and is damaged in a few places, in the
ways that make decoders fall: flipped bytes, cut and repeated pieces, other numbers, other tags. The
decoder may return a value or raise WireError; anything else ends the program with the frame that
did it.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

import numpy as np
from msgpack import ExtType, packb

from kit.sandbox import wire

SEEDS = [
    {"nonce": "a" * 32, "number": 0, "ok": (np.ones((2, 3)), {"t": 1}, [np.arange(4), None])},
    {"nonce": "b" * 32, "error": {"type": "ValueError", "message": "x", "trace": []}},
    [
        np.zeros((0, 3), np.float32),
        np.float64(1.5),
        np.bool_(True),
        b"bytes",
        wire.Remote(3, "Net"),
        wire.Remote(2**40, "Net"),
    ],
    {"layers": ["uid", "seccomp"]},
    [[[[1.5, -2, None, True, "text\n"]]], (), {}, np.float32, np.array([True, False])],
    [[0.5] * 40, {"key": ("x" * 300, b"y" * 70_000)}] * 12,  # so large that it is counted first
]
PIECES = [
    *(bytes([byte]) for byte in (0x80, 0x81, 0x90, 0x91, 0xA0, 0xA1, *range(0xC0, 0xE0), 0xFF)),
    *(
        packb(ExtType(letter, data))
        for letter in b"asytmhre"
        for data in (b"", bytes(9), bytes(17))
    ),
    *(packb(ExtType(letter, bytes(size))) for letter in b"ehmr" for size in (1, 8, 16, 24, 300)),
    *(packb(number) for number in (-1, 2**31, 2**63, 2**64 - 1, 1e308, float("nan"))),
    *(
        b"\xdd\xff\xff\xff\xff",
        b"\xdc\xff\xff",
        b"\xd6\xff\0\0\0\0",
        b"\xa1\xff",
        b"\xa3\xed\xa0\x80",
    ),
]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """``data`` with one to four pieces flipped, cut, repeated or put in."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice((1, 1, 2, 8, 32)))
        kind = rng.randrange(4)
        if kind == 0:
            data = data[:at] + rng.randbytes(to - at) + data[to:]
        elif kind == 1:
            data = data[:at] + data[to:]
        elif kind == 2:
            data = data[:to] + data[at:to] * rng.randint(1, 3) + data[to:]
        else:
            data = data[:at] + rng.choice(PIECES) + data[at:]
    return data


def require_tree(value: Any) -> None:
    """Nothing in ``value`` is there twice, and it holds no more than a reply may."""
    waiting, seen = [value], set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, list | dict) or (isinstance(each, tuple) and each):
            assert id(each) not in seen or isinstance(each, wire.Remote)
            seen.add(id(each))
            waiting += each.values() if isinstance(each, dict) else each
        assert not isinstance(each, wire.Earlier | wire.Mapped)
        assert len(waiting) + len(seen) <= wire.MAX_VALUES


def fuzz(frames: int, seed: int) -> int:
    """Decode ``frames`` damaged frames; how many of them were still frames."""
    rng = random.Random(seed)
    seeds = [(frame.tree, b"".join(frame.chunks)) for frame in map(wire.encode, SEEDS)]
    whole = 0
    for _ in range(frames):
        tree, block = rng.choice(seeds)
        tree = damaged(tree, rng)
        if rng.random() < 0.2:
            block = damaged(block, rng)
        try:
            value = wire.decode(tree, bytearray(block))
            require_tree(value)
        except wire.WireError:
            continue
        except BaseException as error:
            raise AssertionError(f"{tree!r} with {len(block)} bytes gave {error!r}") from error
        whole += 1
    return whole


def fuzz_headers(frames: int, seed: int) -> int:
    """The same for headers; none that is accepted may announce more than the caps."""
    rng = random.Random(seed)
    good, whole = wire.encode(SEEDS[0]).header, 0
    for _ in range(frames):
        try:
            sizes = wire.read_header(damaged(good, rng))
        except wire.WireError:
            continue
        assert sizes.tree <= wire.MAX_TREE_BYTES
        assert sizes.block <= wire.MAX_BLOCK_BYTES
        assert sizes.files <= wire.MAX_FILES
        whole += 1
    return whole


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Decode damaged frames.")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"{given.frames:,} frames and as many headers, seed {given.seed}")
    whole = fuzz(given.frames, given.seed), fuzz_headers(given.frames, given.seed)
    print(f"still whole after the damage: {whole[0]:,} frames, {whole[1]:,} headers; nothing fell")


if __name__ == "__main__":
    main()
