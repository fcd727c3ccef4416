"""The layers of nndl/layers.py and nndl/layer_utils.py: values, gradients and shapes."""

from __future__ import annotations

import oracle
import pytest

FEATURES = [(6,), (2, 3), (2, 1, 3)]
"""Shapes of one example: six numbers as a vector, as rows, as an image."""


def where(x):
    """How messages name the case: by the shape of its input."""
    return f"for x of shape {x.shape}"


@pytest.fixture
def cases(draw, rng):
    """An affine layer (x, w, b) with unseen sizes and numbers for each shape of an example."""

    def case(shape):
        examples, units = (int(size) for size in rng.integers(2, 6, size=2))
        return draw((examples, *shape)), draw((6, units)), draw((units,))

    return [case(shape) for shape in FEATURES]


class TestAffineForward:
    @pytest.mark.task("affine_forward", points=1)
    def test_documented(self, student, expect, documented):
        """`out = x·w + b`, with the numbers of the notebook's test: x of shape (2, 4, 5, 6)."""
        reply = student.layers.affine_forward(**documented.inputs)
        out, _ = expect.pair(reply, "affine_forward", ("out", "cache"))
        expect.close(out, documented.expected["out"], "out", **documented.tolerance)

    @pytest.mark.task("affine_forward", points=1)
    def test_vectors(self, student, expect, cases):
        """`out = x·w + b`: (N, D)·(D, M) + (M,) gives (N, M)."""
        self.check(student, expect, *cases[0])

    @pytest.mark.task("affine_forward", points=2)
    def test_images(self, student, expect, cases):
        """Each example is flattened to one row of D numbers first, whatever its dimensions."""
        for case in cases[1:]:
            self.check(student, expect, *case)

    def check(self, student, expect, x, w, b):
        expected = oracle.affine(x, w, b)
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

    @pytest.mark.task("affine_backward", points=1)
    def test_db(self, student, expect, draw, cases):
        """`db = Σₙ dout`: the sum over the examples, of shape (M,) like b."""
        self.check(student, expect, draw, cases, "db")

    @pytest.mark.task("affine_backward", points=1)
    def test_own_cache(self, student, expect, draw, cases):
        """affine_backward takes the cache that affine_forward returned."""
        x, w, b = cases[-1]
        dout = draw((len(x), len(b)))
        expected = oracle.backward(oracle.affine, dout, x, w, b)
        reply = student.layers.affine_forward(x, w, b)
        _, cache = expect.pair(reply, "affine_forward", ("out", "cache"))
        reply = student.layers.affine_backward(dout, cache)
        gradients = expect.pair(reply, "affine_backward", ("dx", "dw", "db"))
        for name, got, value in zip(("dx", "dw", "db"), gradients, expected, strict=True):
            expect.close(got, value, name, where=where(x))

    def check(self, student, expect, draw, cases, name):
        for x, w, b in cases:
            dout = draw((len(x), len(b)))
            position = ("dx", "dw", "db").index(name)
            expected = oracle.backward(oracle.affine, dout, x, w, b)[position]
            reply = student.layers.affine_backward(dout, (x, w, b))
            got = expect.pair(reply, "affine_backward", ("dx", "dw", "db"))[position]
            expect.close(got, expected, name, where=where(x))


class TestReluForward:
    @pytest.mark.task("relu_forward", points=1)
    def test_documented(self, student, expect, documented):
        """`out = max(0, x)` by element, with the numbers of the notebook's test."""
        reply = student.layers.relu_forward(**documented.inputs)
        out, _ = expect.pair(reply, "relu_forward", ("out", "cache"))
        expect.close(out, documented.expected["out"], "out", **documented.tolerance)

    @pytest.mark.task("relu_forward", points=2)
    def test_shapes(self, student, expect, draw):
        """`out = max(0, x)` by element, for arrays of any number of dimensions."""
        for shape in [(9,), (5, 4), (2, 3, 4), (2, 3, 2, 2)]:
            x = 10 * draw(shape)
            expected = oracle.relu(x)
            reply = student.layers.relu_forward(x)
            out, _ = expect.pair(reply, "relu_forward", ("out", "cache"))
            expect.close(out, expected, "out", where=where(x))


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
    def test_own_cache(self, student, expect, draw):
        """relu_backward takes the cache that relu_forward returned."""
        x, dout = draw((5, 4)), draw((5, 4))
        (expected,) = oracle.backward(oracle.relu, dout, x)
        reply = student.layers.relu_forward(x)
        _, cache = expect.pair(reply, "relu_forward", ("out", "cache"))
        dx = student.layers.relu_backward(dout, cache)
        expect.close(dx, expected, "dx", where=where(x))


class TestAffineRelu:
    @pytest.mark.task("affine_relu", points=1)
    def test_forward(self, student, expect, cases):
        """`out = max(0, x·w + b)`."""
        for x, w, b in cases:
            expected = oracle.affine_relu(x, w, b)
            reply = student.layer_utils.affine_relu_forward(x, w, b)
            out, _ = expect.pair(reply, "affine_relu_forward", ("out", "cache"))
            expect.close(out, expected, "out", where=where(x))

    @pytest.mark.task("affine_relu", points=3)
    def test_backward(self, student, expect, draw, cases):
        """Backwards through the ReLU first, then the affine layer: dx, dw and db."""
        for x, w, b in cases:
            dout = draw((len(x), len(b)))
            expected = oracle.backward(oracle.affine_relu, dout, x, w, b)
            reply = student.layer_utils.affine_relu_forward(x, w, b)
            _, cache = expect.pair(reply, "affine_relu_forward", ("out", "cache"))
            reply = student.layer_utils.affine_relu_backward(dout, cache)
            gradients = expect.pair(reply, "affine_relu_backward", ("dx", "dw", "db"))
            for name, got, value in zip(("dx", "dw", "db"), gradients, expected, strict=True):
                expect.close(got, value, name, where=where(x))
