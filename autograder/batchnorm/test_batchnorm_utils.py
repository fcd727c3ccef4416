"""Affine layer, batch normalization and ReLU as one layer, nndl/batchnorm_utils.py."""

from __future__ import annotations

import oracle
import pytest
from cases import AVERAGES, check_averages, draw_param, of

from kit.checks import derivatives

IMAGES = [(5, 6), (4, 2, 1, 3)]
"""Shapes of x: examples of six numbers as a vector, as an image."""
UNITS = 3
GRADIENTS = ("dx", "dw", "db", "dgamma", "dbeta")


def draw_case(rng, shape):
    """The arguments x, w, b, gamma, beta, and a bn_param in train mode."""
    layer = [rng.normal(size=size) for size in ((6, UNITS), UNITS, UNITS, UNITS)]
    return [rng.normal(size=shape), *layer], draw_param(rng, UNITS)


def where(x):
    """How messages name the case: by the shape of its input."""
    return f"for x of shape {x.shape}"


def go_forward(student, expect, layer, bn_param):
    """The output and the cache."""
    reply = student.batchnorm_utils.affine_batchnorm_relu_forward(*layer, bn_param)
    return expect.pair(reply, "affine_batchnorm_relu_forward", ("out", "cache"))


class TestForward:
    @pytest.mark.task("affine_batchnorm_relu", points=2)
    def test_train_mode(self, student, expect, rng):
        """`out = max(0, batch normalization of x·w + b)`, by the batch in train mode."""
        for shape in IMAGES:
            (x, *layer), bn_param = draw_case(rng, shape)
            out, _ = go_forward(student, expect, [x, *layer], bn_param)
            right = oracle.affine_batchnorm_relu(oracle.rows(x), *layer, eps=bn_param["eps"])
            expect.close(out, right, "out", where=f"in train mode {where(x)}")

    @pytest.mark.task("affine_batchnorm_relu", points=1)
    def test_averages(self, student, expect, rng):
        """bn_param holds the new running averages of `x·w + b` afterwards."""
        (x, *layer), start = draw_case(rng, IMAGES[1])
        bn_param = student.place(start)
        go_forward(student, expect, [x, *layer], bn_param)
        hidden = oracle.affine(oracle.rows(x), *layer[:2])
        expected = oracle.running([hidden], start["momentum"], **of(start))
        check_averages(expect, bn_param.fetch(), expected, "after one batch")

    @pytest.mark.task("affine_batchnorm_relu", points=1)
    def test_test_mode(self, student, expect, rng):
        """In test mode the same by the running averages."""
        (x, *layer), bn_param = draw_case(rng, IMAGES[1])
        out, _ = go_forward(student, expect, [x, *layer], bn_param | {"mode": "test"})
        hidden = oracle.affine(oracle.rows(x), *layer[:2])
        averages = (bn_param[name] for name in AVERAGES)
        right = oracle.normalized(hidden, *layer[2:], *averages, eps=bn_param["eps"])
        expect.close(out, oracle.relu(right), "out", where="in test mode")


class TestBackward:
    @pytest.mark.task("affine_batchnorm_relu", points=3)
    def test_affine(self, student, expect, rng):
        """dx, dw and db: backwards through ReLU, batch normalization and the affine layer."""
        self.check(student, expect, rng, GRADIENTS[:3])

    @pytest.mark.task("affine_batchnorm_relu", points=1)
    def test_scale_and_shift(self, student, expect, rng):
        """dgamma and dbeta: backwards through ReLU and batch normalization."""
        self.check(student, expect, rng, GRADIENTS[3:])

    def check(self, student, expect, rng, names):
        for shape in IMAGES:
            (x, *layer), bn_param = draw_case(rng, shape)
            _, cache = go_forward(student, expect, [x, *layer], bn_param)
            dout = rng.normal(size=(len(x), UNITS))
            reply = student.batchnorm_utils.affine_batchnorm_relu_backward(dout, cache)
            got = expect.pair(reply, "affine_batchnorm_relu_backward", GRADIENTS)
            right = derivatives.backward(
                lambda *inputs, eps=bn_param["eps"]: oracle.affine_batchnorm_relu(*inputs, eps=eps),
                dout,
                oracle.rows(x),
                *layer,
            )
            for name, value, expected, given in zip(
                GRADIENTS, got, right, (x, *layer), strict=True
            ):
                if name in names:
                    expect.close(value, expected.reshape(given.shape), name, where=where(x))
