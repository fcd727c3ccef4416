"""Spatial batch normalization of nndl/conv_layers.py: both modes, several batches, gradients."""

from __future__ import annotations

from functools import partial

import numpy as np
import oracle
import pytest

from kit.checks import derivatives

SHAPES = [(3, 2, 4, 3), (2, 3, 2, 5)]
AVERAGES = ("running_mean", "running_var")
GRADIENTS = ("dx", "dgamma", "dbeta")
SMALL = 1e-5
"""An ε that makes no difference within `NEARLY`, wherever it stands."""
NEARLY = {"rtol": 1e-4, "atol": 1e-4}


def draw_batch(rng, shape):
    """Images whose channels differ in mean and spread."""
    spread, mean = rng.uniform(1, 3, (shape[1], 1, 1)), rng.normal(0, 2, (shape[1], 1, 1))
    return rng.standard_normal(shape) * spread + mean


def draw_case(rng, draw, shape, mode="train"):
    """Unseen images, gamma, beta and a whole bn_param."""
    channels = shape[1]
    bn_param = {
        "mode": mode,
        "eps": SMALL,
        "momentum": rng.uniform(0.3, 0.8),
        "running_mean": rng.normal(0, 2, channels),
        "running_var": rng.uniform(1, 4, channels),
    }
    return draw_batch(rng, shape), draw((channels,)), draw((channels,)), bn_param


def read_out(expect, reply):
    """The output, of what the forward pass returned."""
    return expect.pair(reply, "spatial_batchnorm_forward", ("out", "cache"))[0]


def in_test_mode(x, gamma, beta, bn_param):
    """What mode "test" gives by a whole bn_param."""
    averages = tuple(bn_param[name] for name in AVERAGES)
    return oracle.normalized(x, gamma, beta, averages, bn_param["eps"])


class TestForward:
    @pytest.mark.task("spatial_batchnorm_forward", points=1, documented=True)
    def test_documented(self, student, expect, documented):
        """`out = gamma (x − μ) / √(σ² + ε) + beta`, with the numbers that the notebook shows."""
        case = documented("spatial_batchnorm_forward")
        out = read_out(expect, student.conv_layers.spatial_batchnorm_forward(**case.inputs))
        where = "in the notebook's example"
        expect.close(out, case.expected["out"], "out", where=where, **case.tolerance)

    @pytest.mark.task("spatial_batchnorm_forward", points=3)
    def test_train(self, student, expect, rng, draw):
        """Mode "train": μ and σ² are those of a channel, over images, rows and columns."""
        for shape in SHAPES:
            x, gamma, beta, bn_param = draw_case(rng, draw, shape)
            reply = student.conv_layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
            expected = oracle.spatial_batchnorm(x, gamma, beta, eps=SMALL)
            where = f'in mode "train" for x of shape {shape}'
            expect.close(read_out(expect, reply), expected, "out", where=where, **NEARLY)

    @pytest.mark.task("spatial_batchnorm_forward", points=2)
    def test_test(self, student, expect, rng, draw):
        """Mode "test": the running averages stand in the place of μ and σ², and do not change."""
        for shape in SHAPES:
            x, gamma, beta, bn_param = draw_case(rng, draw, shape, "test")
            given = student.place(bn_param)
            expected = in_test_mode(x, gamma, beta, bn_param)
            for call in ("", ", called again"):
                reply = student.conv_layers.spatial_batchnorm_forward(x, gamma, beta, given)
                where = f'in mode "test" for x of shape {shape}{call}'
                expect.close(read_out(expect, reply), expected, "out", where=where, **NEARLY)

    @pytest.mark.task("spatial_batchnorm_forward", points=2)
    def test_running_averages(self, student, expect, rng, draw):
        """`running ← momentum · running + (1 − momentum) · new`, in the bn_param that was given.

        Three batches in a row.
        """
        _, gamma, beta, bn_param = draw_case(rng, draw, SHAPES[0])
        batches = [draw_batch(rng, shape) for shape in (SHAPES[0], (1, 2, 5, 2), (4, 2, 3, 3))]
        options = {name: bn_param[name] for name in ("momentum", *AVERAGES)}
        given = student.place(bn_param)
        left = []
        for batch in batches:
            student.conv_layers.spatial_batchnorm_forward(batch, gamma, beta, given)
            left.append(given.fetch())
        check_averages(expect, left, batches, options)

    @pytest.mark.task("spatial_batchnorm_forward", points=1)
    def test_epsilon(self, student, expect, rng, draw):
        """ε is `bn_param["eps"]`, inside the root: `√(σ² + ε)`, in both modes."""
        for mode in ("train", "test"):
            x, gamma, beta, bn_param = draw_case(rng, draw, SHAPES[0], mode)
            bn_param["eps"] = eps = rng.uniform(0.2, 1)
            reply = student.conv_layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
            expected = oracle.spatial_batchnorm(x, gamma, beta, eps=eps)
            expected = expected if mode == "train" else in_test_mode(x, gamma, beta, bn_param)
            where = f'in mode "{mode}" with eps={eps:.3g}'
            expect.close(read_out(expect, reply), expected, "out", where=where)

    @pytest.mark.task("spatial_batchnorm_forward", points=2)
    def test_defaults(self, student, expect, rng, draw):
        """A bn_param with nothing but the mode: ε = 1e-5, momentum = 0.9, averages from 0."""
        _, gamma, beta, _ = draw_case(rng, draw, SHAPES[1])
        # ε is about as large as σ²
        batches = [3e-3 * draw_batch(rng, SHAPES[1]) for _ in range(2)]
        given = student.place({"mode": "train"})
        replies, left = [], []
        for x in batches:
            replies.append(student.conv_layers.spatial_batchnorm_forward(x, gamma, beta, given))
            left.append(given.fetch())
        where = 'for a bn_param that holds only the mode, "train"'
        for x, reply in zip(batches, replies, strict=True):
            expected = oracle.spatial_batchnorm(x, gamma, beta)
            expect.close(read_out(expect, reply), expected, "out", where=where, rtol=1e-6)
        check_averages(expect, left, batches, {}, atol=1e-12)

    @pytest.mark.task("spatial_batchnorm_forward", points=1)
    def test_arguments(self, student, expect, rng, draw):
        """x, gamma and beta are only read. float32 is welcome as well."""
        arrays = [value.astype(np.float32) for value in draw_case(rng, draw, SHAPES[0])[:3]]
        testing = draw_case(rng, draw, SHAPES[0], "test")[-1]
        given = [student.place(value) for value in arrays]
        x, gamma, beta = (value.astype(np.float64) for value in arrays)
        first = student.conv_layers.spatial_batchnorm_forward(*given, {"mode": "train"})
        expected = oracle.spatial_batchnorm(x, gamma, beta)
        expect.close(read_out(expect, first), expected, "out", where="for float32 arrays", **NEARLY)
        where = "in a second call with the same arrays, which must only be read,"
        second = student.conv_layers.spatial_batchnorm_forward(*given, testing)
        expected = in_test_mode(x, gamma, beta, testing)
        expect.close(read_out(expect, second), expected, "out", where=where, **NEARLY)


def check_averages(expect, left, batches, options, **tolerance):
    """What each batch has left in bn_param; running_var may be of biased or unbiased variances."""
    biased = oracle.running_averages(batches, **options)
    unbiased = oracle.running_averages(batches, **options, unbiased=True)
    for number, bn_param in enumerate(left):
        where = f"after batch {number + 1}"
        mean, variance = (expect.entry(bn_param, n, f"of bn_param {where}") for n in AVERAGES)
        expect.close(mean, biased[0][number], "running_mean", where=where, **tolerance)
        expect.one_of(
            *(
                partial(
                    expect.close, variance, way[1][number], "running_var", where=where, **tolerance
                )
                for way in (biased, unbiased)
            )
        )


class TestBackward:
    @pytest.mark.task("spatial_batchnorm_backward", points=4)
    def test_dx(self, student, expect, rng, draw):
        """`dx`, in the shape of x: μ and σ² depend on x as well."""
        self.check(student, expect, rng, draw, "dx")

    @pytest.mark.task("spatial_batchnorm_backward", points=2)
    def test_dgamma(self, student, expect, rng, draw):
        """`dgamma[c] = Σ dout · (x − μ) / √(σ² + ε)` over images, rows and columns."""
        self.check(student, expect, rng, draw, "dgamma")

    @pytest.mark.task("spatial_batchnorm_backward", points=2)
    def test_dbeta(self, student, expect, rng, draw):
        """`dbeta[c] = Σ dout` over images, rows and columns."""
        self.check(student, expect, rng, draw, "dbeta")

    def check(self, student, expect, rng, draw, name):
        for shape in SHAPES:
            *inputs, bn_param = draw_case(rng, draw, shape)
            forward = student.conv_layers.spatial_batchnorm_forward(*inputs, bn_param)
            dout = draw(shape)
            reply = student.conv_layers.spatial_batchnorm_backward(dout, forward[1])
            got = expect.pair(reply, "spatial_batchnorm_backward", GRADIENTS)
            number = GRADIENTS.index(name)
            layer = partial(oracle.spatial_batchnorm, eps=SMALL)
            expected = derivatives.derivative(layer, dout, tuple(inputs), number)
            where = f"for x of shape {shape}"
            expect.close(got[number], expected, name, where=where, **NEARLY)
