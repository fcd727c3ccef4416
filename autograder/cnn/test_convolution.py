"""The convolution of nndl/conv_layers.py: values, gradients and shapes, for odd sizes."""

from __future__ import annotations

from functools import partial

import numpy as np
import oracle
import pytest
from geometry import PADDED, PLAIN, STRIDED, UNCOVERED

from kit.checks import derivatives

GRADIENTS = ("dx", "dw", "db")


def read_out(expect, reply):
    """The output, of what the forward pass returned."""
    return expect.pair(reply, "conv_forward_naive", ("out", "cache"))[0]


class TestForward:
    @pytest.mark.task("conv_forward_naive", points=2, documented=True)
    def test_documented(self, student, expect, documented):
        """`out[n, f, i, j] = b[f] + Σ padded · w[f]`, with the numbers that the notebook shows."""
        case = documented("conv_forward_naive")
        out = read_out(expect, student.conv_layers.conv_forward_naive(**case.inputs))
        where = "in the notebook's example"
        expect.close(out, case.expected["out"], "out", where=where, **case.tolerance)

    @pytest.mark.task("conv_forward_naive", points=3)
    def test_plain(self, student, expect, draw):
        """`out[n, f, i, j] = b[f] + Σ x[n, c, i + k, j + l] · w[f, c, k, l]`: pad 0, stride 1."""
        self.check(student, expect, draw, PLAIN)

    @pytest.mark.task("conv_forward_naive", points=3)
    def test_padding(self, student, expect, draw):
        """`pad` rows and columns of zeros lie around the image, on all four sides."""
        self.check(student, expect, draw, PADDED)

    @pytest.mark.task("conv_forward_naive", points=3)
    def test_stride(self, student, expect, draw):
        """The filter begins at row `i·stride` and column `j·stride`."""
        self.check(student, expect, draw, STRIDED)

    @pytest.mark.task("conv_forward_naive", points=1)
    def test_edges(self, student, expect, draw):
        """`H' = 1 + ⌊(H + 2·pad − HH) / stride⌋`: no filter reaches over the edge."""
        self.check(student, expect, draw, UNCOVERED)

    def check(self, student, expect, draw, cases):
        for case in cases:
            x, w, b = case.draw(draw)
            reply = student.conv_layers.conv_forward_naive(x, w, b, case.param)
            expected = oracle.convolution(x, w, b, **case.param)
            expect.close(read_out(expect, reply), expected, "out", where=case.where)

    @pytest.mark.task("conv_forward_naive", points=1)
    def test_cache(self, student, expect, draw):
        """`cache = (x, w, b, conv_param)`, as they were passed in: x is not padded there.

        More may follow them, for the student's own conv_backward_naive.
        """
        case = PADDED[0]
        given = case.draw(draw)
        reply = student.conv_layers.conv_forward_naive(*given, case.param)
        _, cache = expect.pair(reply, "conv_forward_naive", ("out", "cache"))
        parts = cache[:4] if isinstance(cache, tuple | list) else cache
        names = ("x", "w", "b", "conv_param")
        *arrays, _ = expect.pair(parts, "conv_forward_naive", names, "in its cache")
        for name, got, value in zip("xwb", arrays, given, strict=True):
            expect.close(got, value, name, where=f"in the cache {case.where}")

    @pytest.mark.task("conv_forward_naive", points=1)
    def test_arguments(self, student, expect, draw):
        """x, w, b and conv_param are only read. float32 is welcome as well."""
        case = PLAIN[1]
        x, w, b = (value.astype(np.float32) for value in case.draw(draw))
        given = [student.place(value) for value in (x, w, b, case.param)]
        expected = oracle.convolution(*(v.astype(np.float64) for v in (x, w, b)), **case.param)
        for where in ("for float32 arrays", "in a second call with the same arguments"):
            out = read_out(expect, student.conv_layers.conv_forward_naive(*given))
            expect.close(out, expected, "out", where=where, rtol=1e-4, atol=1e-4)


class TestBackward:
    @pytest.mark.task("conv_backward_naive", points=3)
    def test_dx(self, student, expect, draw):
        """`dx = Σ dout · w[f]` over the places that cover a pixel: pad 0, stride 1."""
        self.check(student, expect, draw, PLAIN, "dx")

    @pytest.mark.task("conv_backward_naive", points=2)
    def test_dx_with_padding(self, student, expect, draw):
        """`dx` has the shape of x: what belongs to the padding is left out."""
        self.check(student, expect, draw, PADDED, "dx")

    @pytest.mark.task("conv_backward_naive", points=2)
    def test_dx_with_stride(self, student, expect, draw):
        """`dx` where the filter begins at row `i·stride` and column `j·stride`."""
        self.check(student, expect, draw, STRIDED, "dx")

    @pytest.mark.task("conv_backward_naive", points=1)
    def test_dx_at_the_edges(self, student, expect, draw):
        """`dx` is 0 for pixels that no place of the filter covers."""
        self.check(student, expect, draw, UNCOVERED, "dx")

    @pytest.mark.task("conv_backward_naive", points=3)
    def test_dw(self, student, expect, draw):
        """`dw[f] = Σ dout · window` over all images and places."""
        self.check(student, expect, draw, [*PLAIN, *PADDED], "dw")

    @pytest.mark.task("conv_backward_naive", points=2)
    def test_dw_with_stride(self, student, expect, draw):
        """`dw` where the filter begins at row `i·stride` and column `j·stride`."""
        self.check(student, expect, draw, [*STRIDED, *UNCOVERED], "dw")

    @pytest.mark.task("conv_backward_naive", points=4)
    def test_db(self, student, expect, draw):
        """`db[f] = Σ dout[:, f]`: the sum over images, rows and columns, of shape (F,)."""
        self.check(student, expect, draw, [*PLAIN, *STRIDED], "db")

    def check(self, student, expect, draw, cases, *names):
        """With the cache that the text names, or with that of the student's own forward pass."""
        drawn = []
        for case in cases:
            inputs = case.draw(draw)
            shape = oracle.convolution(*inputs, **case.param).shape
            drawn.append((case, inputs, draw(shape)))

        def named(case, inputs):
            return (*inputs, case.param)

        def own(case, inputs):
            return student.conv_layers.conv_forward_naive(*inputs, case.param)[1]

        def judge(cache_of):
            for case, inputs, dout in drawn:
                reply = student.conv_layers.conv_backward_naive(dout, cache_of(case, inputs))
                check_gradients(expect, reply, case, names, inputs=inputs, dout=dout)

        expect.one_of(partial(judge, named), partial(judge, own))

    @pytest.mark.task("conv_backward_naive", points=1)
    def test_arguments(self, student, expect, draw):
        """dout, which other layers may still need, and the cache are only read."""
        case = PLAIN[0]
        inputs = case.draw(draw)
        dout = draw(oracle.convolution(*inputs, **case.param).shape)

        def judge(cache):
            given = student.place(dout)
            for where in ("in a first call", "in a second call with the same arguments"):
                reply = student.conv_layers.conv_backward_naive(given, cache)
                check_gradients(
                    expect, reply, case, GRADIENTS, inputs=inputs, dout=dout, where=where
                )

        def with_named():
            judge(student.place((*inputs, case.param)))

        def with_own():
            judge(student.conv_layers.conv_forward_naive(*inputs, case.param)[1])

        expect.one_of(with_named, with_own)


def check_gradients(expect, reply, case, names, *, inputs, dout, where=None):
    """Those of the three gradients that are called ``names`` are the oracle's."""
    got = dict(zip(GRADIENTS, expect.pair(reply, "conv_backward_naive", GRADIENTS), strict=True))
    forward = partial(oracle.convolution, **case.param)
    for name in names:
        expected = derivatives.derivative(forward, dout, inputs, GRADIENTS.index(name))
        expect.close(got[name], expected, name, where=where or case.where)
