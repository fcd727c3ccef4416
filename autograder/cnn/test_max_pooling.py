"""The max pooling of nndl/conv_layers.py: values and gradients, also for ties and odd sizes."""

from __future__ import annotations

from functools import partial

import numpy as np
import oracle
import pytest
from geometry import APART, EDGES, MOVING, OBLONG, OBLONG_APART, OVERLAPPING, SQUARE, Pooling

from kit.checks import derivatives


def read_out(expect, reply):
    """The output, of what the forward pass returned."""
    return expect.pair(reply, "max_pool_forward_naive", ("out", "cache"))[0]


class TestForward:
    @pytest.mark.task("max_pool_forward_naive", points=1, documented=True)
    def test_documented(self, student, expect, documented):
        """`out[n, c, i, j]` is the largest element of a window, with the notebook's numbers."""
        case = documented("max_pool_forward_naive")
        out = read_out(expect, student.conv_layers.max_pool_forward_naive(**case.inputs))
        where = "in the notebook's example"
        expect.close(out, case.expected["out"], "out", where=where, **case.tolerance)

    @pytest.mark.task("max_pool_forward_naive", points=2)
    def test_square(self, student, expect, draw):
        """`out[n, c, i, j]` is the largest element of a window; square windows, stride 1."""
        self.check(student, expect, draw, SQUARE)

    @pytest.mark.task("max_pool_forward_naive", points=1)
    def test_oblong(self, student, expect, draw):
        """A window is `pool_height` high and `pool_width` wide."""
        self.check(student, expect, draw, OBLONG)

    @pytest.mark.task("max_pool_forward_naive", points=1)
    def test_stride(self, student, expect, draw):
        """A window begins at row `i·stride` and column `j·stride`; some overlap, some are apart."""
        self.check(student, expect, draw, MOVING)

    @pytest.mark.task("max_pool_forward_naive", points=1)
    def test_edges(self, student, expect, draw):
        """`H' = 1 + ⌊(H − pool_height) / stride⌋`: no window reaches over the edge."""
        self.check(student, expect, draw, EDGES)

    @pytest.mark.task("max_pool_forward_naive", points=1)
    def test_negative(self, student, expect, draw):
        """The largest of negative elements is the one nearest to 0."""
        self.check(student, expect, lambda shape: -abs(draw(shape)), SQUARE)

    def check(self, student, expect, draw, cases):
        for case in cases:
            x = draw(case.x)
            reply = student.conv_layers.max_pool_forward_naive(x, case.param)
            expected = oracle.max_pool(x, **case.param)
            expect.close(read_out(expect, reply), expected, "out", where=case.where)

    @pytest.mark.task("max_pool_forward_naive", points=1)
    def test_arguments(self, student, expect, draw):
        """x and pool_param are only read. float32 is welcome as well."""
        case = SQUARE[0]
        x = draw(case.x).astype(np.float32)
        given = student.place(x), student.place(case.param)
        expected = oracle.max_pool(x.astype(np.float64), **case.param)
        for where in ("for a float32 array", "in a second call with the same arguments"):
            out = read_out(expect, student.conv_layers.max_pool_forward_naive(*given))
            expect.close(out, expected, "out", where=where)


class TestBackward:
    @pytest.mark.task("max_pool_backward_naive", points=3)
    def test_apart(self, student, expect, draw):
        """The largest element of a window gets its `dout`; square windows, side by side."""
        self.check(student, expect, draw, APART)

    @pytest.mark.task("max_pool_backward_naive", points=1)
    def test_oblong(self, student, expect, draw):
        """The largest element gets `dout`, in a window of `pool_height` x `pool_width`."""
        self.check(student, expect, draw, OBLONG_APART)

    @pytest.mark.task("max_pool_backward_naive", points=2)
    def test_overlapping(self, student, expect, draw):
        """An element that is the largest of several windows gets the sum of their `dout`."""
        self.check(student, expect, draw, OVERLAPPING)

    @pytest.mark.task("max_pool_backward_naive", points=1)
    def test_edges(self, student, expect, draw):
        """`dx` is 0 for elements that lie in no window."""
        self.check(student, expect, draw, EDGES)

    def check(self, student, expect, draw, cases):
        drawn = [(case, draw(case.x)) for case in cases]
        drawn = [(case, x, draw(oracle.max_pool(x, **case.param).shape)) for case, x in drawn]

        def judge(cache_of):
            answers = [
                student.conv_layers.max_pool_backward_naive(dout, cache_of(case, x))
                for case, x, dout in drawn
            ]
            for (case, x, dout), dx in zip(drawn, answers, strict=True):
                check_dx(expect, dx, case, x, dout)

        self.with_either_cache(student, expect, judge)

    def with_either_cache(self, student, expect, judge):
        """With the cache that the text names, or with that of the student's own forward pass."""

        def named(case, x):
            return x, case.param

        def own(case, x):
            return student.conv_layers.max_pool_forward_naive(x, case.param)[1]

        expect.one_of(partial(judge, named), partial(judge, own))

    @pytest.mark.task("max_pool_backward_naive", points=2)
    def test_ties(self, student, expect, rng, draw):
        """Of several largest elements one gets `dout`, or each does, or they share it equally."""
        case = Pooling((2, 2, 5, 6), (2, 3), stride=3)
        window = draw((1, 1, 2, 3))
        largest = abs(window).max() + 1
        window.reshape(-1)[rng.permutation(6)[:2]] = largest
        x = np.full(case.x, -largest)
        for i in range(2):
            for j in range(2):
                x[:, :, 3 * i : 3 * i + 2, 3 * j : 3 * j + 3] = window
        dout = draw((2, 2, 2, 2))

        def judge(cache_of):
            dx = student.conv_layers.max_pool_backward_naive(dout, cache_of(case, x))
            dx = expect.array(dx, "dx")
            expect.that(dx.shape == x.shape, f"`dx` must have shape {x.shape}, not {dx.shape}.")
            for n, c, i, j in np.ndindex(dout.shape):
                rows, columns = slice(3 * i, 3 * i + 2), slice(3 * j, 3 * j + 3)
                got, seen = dx[n, c, rows, columns], x[n, c, rows, columns]
                check_shares(expect, got, seen == largest, dout[n, c, i, j], (n, c, i, j))

        self.with_either_cache(student, expect, judge)

    @pytest.mark.task("max_pool_backward_naive", points=1)
    def test_arguments(self, student, expect, draw):
        """dout and x, which other layers may still need, are only read."""
        case = APART[0]
        x = draw(case.x)
        dout = draw(oracle.max_pool(x, **case.param).shape)

        def judge(cache_of):
            given, cache = student.place(dout), cache_of(case, x)
            cache = student.place(cache) if isinstance(cache, tuple) else cache
            for where in ("in a first call", "in a second call with the same arguments"):
                dx = student.conv_layers.max_pool_backward_naive(given, cache)
                check_dx(expect, dx, case, x, dout, where=where)

        self.with_either_cache(student, expect, judge)


def check_dx(expect, dx, case, x, dout, *, where=None):
    """The gradient is the oracle's; no two elements of a window are the same."""
    expected = derivatives.derivative(partial(oracle.max_pool, **case.param), dout, (x,), 0)
    expect.close(dx, expected, "dx", where=where or case.where)


def check_shares(expect, got, largest, dout, place):
    """The elements of a window where it is ``largest`` got ``dout`` in one of the ways that count.

    One of them got all of it, each got all of it, or each got an equal share; others got nothing.
    """
    one_each = [
        largest * (np.arange(largest.size) == k).reshape(largest.shape)
        for k in np.flatnonzero(largest)
    ]
    ways = [dout * share for share in (*one_each, largest, largest / largest.sum())]
    with np.errstate(all="ignore"):
        accepted = any(np.allclose(got, way, rtol=1e-7, atol=1e-9) for way in ways)
    expect.that(
        accepted,
        f"`dx` is wrong where {largest.sum()} elements of a window are the largest: the window of "
        f"dout{list(place)} must give one of them its dout, or each of them, or each an equal "
        "share, and nothing to the others.",
    )
