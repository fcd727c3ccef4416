"""The layers of nndl/layers.py and nndl/layer_utils.py: values, gradients and shapes."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from kit.checks import derivatives

FEATURES = [(6,), (2, 1, 3)]
"""Shapes of one example: six numbers as a vector, as an image."""
GRADIENTS = ("dx", "dw", "db")


def where(x):
    """How messages name the case: by the shape of its input."""
    return f"for x of shape {x.shape}"


@pytest.fixture(scope="session")
def draw_layers(draw, rng):
    """``draw_layers()``: an affine layer (x, w, b) of unseen sizes for each shape of an example."""

    def layer(shape):
        # never as many units as examples or features: a transposed result has another shape
        examples, units = (int(size) for size in rng.permutation([2, 3, 4, 5])[:2])
        return draw((examples, *shape)), draw((6, units)), draw((units,))

    return lambda: [layer(shape) for shape in FEATURES]


class TestAffineForward:
    @pytest.mark.task("affine_forward", points=1, documented=True)
    def test_documented(self, student, expect, documented):
        """`out = x·w + b`, with the numbers of the notebook's test: x of shape (2, 4, 5, 6)."""
        case = documented("affine_forward")
        reply = student.layers.affine_forward(**case.inputs)
        out, _ = expect.pair(reply, "affine_forward", ("out", "cache"))
        expect.close(out, case.expected["out"], "out", **case.tolerance)

    @pytest.mark.task("affine_forward", points=1)
    def test_vectors(self, student, expect, draw_layers):
        """`out = x·w + b`: (N, D)·(D, M) + (M,) gives (N, M)."""
        self.check(student, expect, *draw_layers()[0])

    @pytest.mark.task("affine_forward", points=1)
    def test_images(self, student, expect, draw_layers):
        """Each example is flattened to one row of D numbers first, whatever its dimensions."""
        self.check(student, expect, *draw_layers()[1])

    @pytest.mark.task("affine_forward", points=1)
    def test_cache(self, student, expect, draw_layers):
        """`cache = (x, w, b)`, as they were passed in: x is not flattened there.

        More may follow them, for the student's own affine_backward.
        """
        given = draw_layers()[1]
        reply = student.layers.affine_forward(*given)
        _, cache = expect.pair(reply, "affine_forward", ("out", "cache"))
        parts = cache[:3] if isinstance(cache, tuple | list) else cache
        parts = expect.pair(parts, "affine_forward", ("x", "w", "b"), "in its cache")
        for name, got, value in zip("xwb", parts, given, strict=True):
            expect.close(got, value, name, where=f"in the cache {where(given[0])}")

    def check(self, student, expect, x, w, b):
        expected = oracle.affine(oracle.rows(x), w, b)
        reply = student.layers.affine_forward(x, w, b)
        out, _ = expect.pair(reply, "affine_forward", ("out", "cache"))
        expect.close(out, expected, "out", where=where(x))


class TestAffineBackward:
    @pytest.mark.task("affine_backward", points=2)
    def test_dx(self, student, expect, draw, draw_layers):
        """`dx = dout·wᵀ`, in the shape of x."""
        self.check(student, expect, draw, draw_layers(), "dx")

    @pytest.mark.task("affine_backward", points=2)
    def test_dw(self, student, expect, draw, draw_layers):
        """`dw = xᵀ·dout`, with each example of x flattened to one row."""
        self.check(student, expect, draw, draw_layers(), "dw")

    @pytest.mark.task("affine_backward", points=2)
    def test_db(self, student, expect, draw, draw_layers):
        """`db = Σₙ dout`: the sum over the examples, of shape (M,) like b."""
        self.check(student, expect, draw, draw_layers(), "db")

    def check(self, student, expect, draw, cases, name):
        """With the cache that the text names, or with that of the student's own forward pass."""
        douts = [draw((len(x), len(b))) for x, _, b in cases]

        def with_ours():
            for dout, case in zip(douts, cases, strict=True):
                reply = student.layers.affine_backward(dout, case)
                self.compare(expect, name, case, dout, reply)

        def with_theirs():
            for dout, case in zip(douts, cases, strict=True):
                forward = student.layers.affine_forward(*case)
                _, cache = expect.pair(forward, "affine_forward", ("out", "cache"))
                reply = student.layers.affine_backward(dout, cache)
                self.compare(expect, name, case, dout, reply)

        expect.one_of(with_ours, with_theirs)

    def compare(self, expect, name, case, dout, reply):
        x, w, b = case
        number = GRADIENTS.index(name)
        expected = derivatives.derivative(oracle.affine, dout, (oracle.rows(x), w, b), number)
        got = expect.pair(reply, "affine_backward", GRADIENTS)
        expect.close(got[number], expected.reshape(case[number].shape), name, where=where(x))


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
            out, _ = expect.pair(student.layers.relu_forward(x), "relu_forward", ("out", "cache"))
            expect.close(out, oracle.relu(x), "out", where=where(x))

    @pytest.mark.task("relu_forward", points=1)
    def test_cache(self, student, expect, draw):
        """`cache = x`, as it was passed in."""
        x = draw((5, 4))
        reply = student.layers.relu_forward(x)
        out, cache = expect.pair(reply, "relu_forward", ("out", "cache"))
        expect.close(out, oracle.relu(x), "out", where=where(x))
        expect.close(cache, x, "cache", where=where(x))


class TestReluBackward:
    @pytest.mark.task("relu_backward", points=1)
    def test_shapes(self, student, expect, draw):
        """`dx = dout` where x > 0, else 0: the sign of x decides, not that of dout."""
        self.check(student, expect, draw, [(5, 4), (2, 3, 4)])

    @pytest.mark.task("relu_backward", points=1)
    def test_vector(self, student, expect, draw):
        """`dx = dout` where x > 0, else 0, also for an x of one dimension."""
        self.check(student, expect, draw, [(9,)])

    def check(self, student, expect, draw, shapes):
        for shape in shapes:
            x, dout = draw(shape), draw(shape)
            x *= np.resize([1, 0.01], shape)  # small numbers have a sign, too
            (expected,) = derivatives.backward(oracle.relu, dout, x)
            expect.close(student.layers.relu_backward(dout, x), expected, "dx", where=where(x))

    @pytest.mark.task("relu_backward", points=1)
    def test_arguments(self, student, expect, draw):
        """dx is a new array: dout, which other layers may still need, is only read."""
        x, dout = draw((5, 4)), draw((5, 4))
        given = student.place(dout)  # one array for both calls: the second gets what the first left
        situations = (where(x), "in a second call with the same dout, which must only be read,")
        for cache, situation in zip((x, -x), situations, strict=True):
            (expected,) = derivatives.backward(oracle.relu, dout, cache)
            expect.close(
                student.layers.relu_backward(given, cache), expected, "dx", where=situation
            )


class TestAffineRelu:
    @pytest.mark.task("affine_relu", points=1)
    def test_forward(self, student, expect, draw_layers):
        """`out = max(0, x·w + b)`."""
        for x, w, b in draw_layers():
            expected = oracle.affine_relu(oracle.rows(x), w, b)
            reply = student.layer_utils.affine_relu_forward(x, w, b)
            out, _ = expect.pair(reply, "affine_relu_forward", ("out", "cache"))
            expect.close(out, expected, "out", where=where(x))

    @pytest.mark.task("affine_relu", points=3)
    def test_backward(self, student, expect, draw, draw_layers):
        """Backwards through the ReLU first, then the affine layer: dx, dw and db."""
        for x, w, b in draw_layers():
            dout = draw((len(x), len(b)))
            forward = student.layer_utils.affine_relu_forward(x, w, b)
            _, cache = expect.pair(forward, "affine_relu_forward", ("out", "cache"))
            reply = student.layer_utils.affine_relu_backward(dout, cache)
            got = expect.pair(reply, "affine_relu_backward", GRADIENTS)
            expected = derivatives.backward(oracle.affine_relu, dout, oracle.rows(x), w, b)
            for name, value, right, given in zip(GRADIENTS, got, expected, (x, w, b), strict=True):
                expect.close(value, right.reshape(given.shape), name, where=where(x))
