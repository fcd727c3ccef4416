"""The layers of nndl/layers.py and nndl/layer_utils.py: values, gradients and shapes."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

FEATURES = [(6,), (2, 1, 3)]
"""Shapes of one example: six numbers as a vector, as an image."""


def where(x):
    """How messages name the case: by the shape of its input."""
    return f"for x of shape {x.shape}"


@pytest.fixture
def cases(draw, rng):
    """An affine layer (x, w, b) with unseen sizes and numbers for each shape of an example."""

    def case(shape):
        # never as many units as examples or features: a transposed result has another shape
        examples, units = (int(size) for size in rng.permutation([2, 3, 4, 5])[:2])
        return draw((examples, *shape)), draw((6, units)), draw((units,))

    return [case(shape) for shape in FEATURES]


def check_gradients(expect, names, got, expected, x):
    """Every gradient that a backward function returned, dx in the shape of x."""
    expected = dict(zip(("dx", "dw", "db"), expected, strict=True))
    expected["dx"] = expected["dx"].reshape(x.shape)
    returned = dict(zip(("dx", "dw", "db"), got, strict=True))
    for name in names:
        expect.close(returned[name], expected[name], name, where=where(x))


class TestAffineForward:
    @pytest.mark.task("affine_forward", points=1, documented=True)
    def test_documented(self, student, expect, documented):
        """`out = x·w + b`, with the numbers of the notebook's test: x of shape (2, 4, 5, 6)."""
        case = documented("affine_forward")
        reply = student.layers.affine_forward(**case.inputs)
        out, _ = expect.pair(reply, "affine_forward", ("out", "cache"))
        expect.close(out, case.expected["out"], "out", **case.tolerance)

    @pytest.mark.task("affine_forward", points=1)
    def test_vectors(self, student, expect, cases):
        """`out = x·w + b`: (N, D)·(D, M) + (M,) gives (N, M)."""
        self.check(student, expect, *cases[0])

    @pytest.mark.task("affine_forward", points=1)
    def test_images(self, student, expect, cases):
        """Each example is flattened to one row of D numbers first, whatever its dimensions."""
        self.check(student, expect, *cases[1])

    @pytest.mark.task("affine_forward", points=1)
    def test_cache(self, student, expect, cases):
        """`cache = (x, w, b)`, as they were passed in: x is not flattened there."""
        given = cases[1]
        kept = [value.copy() for value in given]
        reply = student.layers.affine_forward(*given)
        _, cache = expect.pair(reply, "affine_forward", ("out", "cache"))
        parts = expect.pair(cache, "affine_forward", ("x", "w", "b"), "in its cache")
        for name, got, value in zip("xwb", parts, kept, strict=True):
            expect.close(got, value, name, where=f"in the cache {where(kept[0])}")

    def check(self, student, expect, x, w, b):
        expected = oracle.affine(oracle.rows(x), w, b)
        reply = student.layers.affine_forward(x, w, b)
        out, _ = expect.pair(reply, "affine_forward", ("out", "cache"))
        expect.close(out, expected, "out", where=where(x))


class TestAffineBackward:
    @pytest.mark.task("affine_backward", points=2)
    def test_dx(self, student, expect, draw, cases):
        """`dx = dout·wᵀ`, in the shape of x."""
        self.check(student, expect, draw, cases, "dx")

    @pytest.mark.task("affine_backward", points=2)
    def test_dw(self, student, expect, draw, cases):
        """`dw = xᵀ·dout`, with each example of x flattened to one row."""
        self.check(student, expect, draw, cases, "dw")

    @pytest.mark.task("affine_backward", points=2)
    def test_db(self, student, expect, draw, cases):
        """`db = Σₙ dout`: the sum over the examples, of shape (M,) like b."""
        self.check(student, expect, draw, cases, "db")

    def check(self, student, expect, draw, cases, name):
        for x, w, b in cases:
            dout = draw((len(x), len(b)))
            expected = oracle.backward(oracle.affine, dout, oracle.rows(x), w, b)
            reply = student.layers.affine_backward(dout, (x, w, b))
            got = expect.pair(reply, "affine_backward", ("dx", "dw", "db"))
            check_gradients(expect, [name], got, expected, x)


class TestReluForward:
    @pytest.mark.task("relu_forward", points=1, documented=True)
    def test_documented(self, student, expect, documented):
        """`out = max(0, x)` by element, with the numbers of the notebook's test."""
        case = documented("relu_forward")
        reply = student.layers.relu_forward(**case.inputs)
        out, _ = expect.pair(reply, "relu_forward", ("out", "cache"))
        expect.close(out, case.expected["out"], "out", **case.tolerance)

    @pytest.mark.task("relu_forward", points=1)
    def test_shapes(self, student, expect, draw):
        """`out = max(0, x)` by element, for arrays of any number of dimensions."""
        for shape in [(9,), (5, 4), (2, 3, 2, 2)]:
            x = 10 * draw(shape)
            expected = oracle.relu(x)
            reply = student.layers.relu_forward(x)
            out, _ = expect.pair(reply, "relu_forward", ("out", "cache"))
            expect.close(out, expected, "out", where=where(x))

    @pytest.mark.task("relu_forward", points=1)
    def test_cache(self, student, expect, draw):
        """`cache = x`, as it was passed in."""
        x = draw((5, 4))
        kept = x.copy()
        reply = student.layers.relu_forward(x)
        _, cache = expect.pair(reply, "relu_forward", ("out", "cache"))
        expect.close(cache, kept, "cache", where=where(kept))


class TestReluBackward:
    @pytest.mark.task("relu_backward", points=2)
    def test_shapes(self, student, expect, draw):
        """`dx = dout` where x > 0, else 0: the sign of x decides, not that of dout."""
        for shape in [(9,), (5, 4), (2, 3, 4)]:
            x, dout = draw(shape), draw(shape)
            (expected,) = oracle.backward(oracle.relu, dout, x)
            dx = student.layers.relu_backward(dout, x)
            expect.close(dx, expected, "dx", where=where(x))

    @pytest.mark.task("relu_backward", points=1)
    def test_arguments(self, student, expect, draw):
        """dx is a new array: dout, which other layers may still need, is only read."""
        x, dout = draw((5, 4)), draw((5, 4))
        kept = dout.copy()
        (expected,) = oracle.backward(oracle.relu, dout, x)
        expect.close(student.layers.relu_backward(dout, x), expected, "dx", where=where(x))
        expect.that(
            np.array_equal(dout, kept),
            "`relu_backward` changed dout, which it was given. Compute dx in a new array.",
        )


class TestAffineRelu:
    @pytest.mark.task("affine_relu", points=1)
    def test_forward(self, student, expect, cases):
        """`out = max(0, x·w + b)`."""
        for x, w, b in cases:
            expected = oracle.affine_relu(oracle.rows(x), w, b)
            reply = student.layer_utils.affine_relu_forward(x, w, b)
            out, _ = expect.pair(reply, "affine_relu_forward", ("out", "cache"))
            expect.close(out, expected, "out", where=where(x))

    @pytest.mark.task("affine_relu", points=3)
    def test_backward(self, student, expect, draw, cases):
        """Backwards through the ReLU first, then the affine layer: dx, dw and db."""
        for x, w, b in cases:
            dout = draw((len(x), len(b)))
            expected = oracle.backward(oracle.affine_relu, dout, oracle.rows(x), w, b)
            reply = student.layer_utils.affine_relu_forward(x, w, b)
            _, cache = expect.pair(reply, "affine_relu_forward", ("out", "cache"))
            reply = student.layer_utils.affine_relu_backward(dout, cache)
            got = expect.pair(reply, "affine_relu_backward", ("dx", "dw", "db"))
            check_gradients(expect, ("dx", "dw", "db"), got, expected, x)
