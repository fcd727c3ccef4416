"""Batch normalization, nndl/batchnorm.py: both modes, the running averages, and the gradients.

What is right earns its share: the output of each mode, the averages whatever the output is, each
gradient. A bn_param is whole, with every setting and both averages, unless a check is about what it
lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest
from cases import AVERAGES, check_averages, draw_batch, draw_param, of

from kit.checks import derivatives

SHAPES = [(6, 4), (3, 5), (7, 1)]
"""Batches; never as many examples as features: a mean over the wrong axis has another shape."""
GRADIENTS = ("dx", "dgamma", "dbeta")


def where(x):
    """How messages name the case: by the shape of its input."""
    return f"for x of shape {x.shape}"


def draw_layer(rng, shape):
    """A batch, gamma and beta."""
    gamma = rng.uniform(0.5, 2, shape[1]) * rng.choice([-1, 1], shape[1])
    return draw_batch(rng, shape), gamma, rng.normal(size=shape[1])


def output(student, expect, *given):
    """What ``batchnorm_forward`` puts out."""
    reply = student.batchnorm.batchnorm_forward(*given)
    return expect.pair(reply, "batchnorm_forward", ("out", "cache"))[0]


class TestForward:
    @pytest.mark.task("batchnorm_forward", points=1, documented=True)
    def test_documented(self, student, expect, documented):
        """`out = gamma (x − μ)/√(σ² + ε) + beta`, with the numbers that the notebook shows."""
        case = documented("batchnorm_forward")
        bn_param = student.place(case.inputs["bn_param"])
        out = output(student, expect, *(case.inputs[k] for k in ("x", "gamma", "beta")), bn_param)
        place = "in the notebook's example"
        expect.close(out, case.expected["out"], "out", where=place, **case.tolerance)
        averages = {name: case.expected[name] for name in AVERAGES}
        check_averages(expect, bn_param.fetch(), averages, place, **case.tolerance)

    @pytest.mark.task("batchnorm_forward", points=4)
    def test_train_mode(self, student, expect, rng):
        """In train mode `out = gamma (x − μ)/√(σ² + ε) + beta`, with μ and σ² of this batch."""
        for shape in SHAPES:
            x, gamma, beta = draw_layer(rng, shape)
            bn_param = draw_param(rng, shape[1])
            expected = oracle.batchnorm(x, gamma, beta, eps=bn_param["eps"])
            out = output(student, expect, x, gamma, beta, bn_param)
            expect.close(out, expected, "out", where=f"in train mode {where(x)}")

    @pytest.mark.task("batchnorm_forward", points=2)
    def test_running_mean(self, student, expect, rng):
        """`running_mean ← momentum · running_mean + (1 − momentum) · μ`."""
        self.check_average(student, expect, rng, "running_mean")

    @pytest.mark.task("batchnorm_forward", points=2)
    def test_running_var(self, student, expect, rng):
        """`running_var ← momentum · running_var + (1 − momentum) · σ²`."""
        self.check_average(student, expect, rng, "running_var")

    @pytest.mark.task("batchnorm_forward", points=2)
    def test_mean_of_batches(self, student, expect, rng):
        """running_mean goes on from batch to batch in bn_param; it starts at zero."""
        self.check_batches(student, expect, rng, "running_mean")

    @pytest.mark.task("batchnorm_forward", points=1)
    def test_var_of_batches(self, student, expect, rng):
        """running_var goes on from batch to batch in bn_param; it starts at zero."""
        self.check_batches(student, expect, rng, "running_var")

    def check_average(self, student, expect, rng, name):
        for shape in SHAPES:
            x, gamma, beta = draw_layer(rng, shape)
            start = draw_param(rng, shape[1])
            bn_param = student.place(start)
            student.batchnorm.batchnorm_forward(x, gamma, beta, bn_param)
            expected = {name: oracle.running([x], start["momentum"], **of(start))[name]}
            check_averages(expect, bn_param.fetch(), expected, f"after one batch {where(x)}")

    def check_batches(self, student, expect, rng, name):
        settings = {"mode": "train", "momentum": rng.uniform(0.3, 0.8)}
        bn_param, batches = student.place(settings), []
        for count in (6, 3, 5):
            x, gamma, beta = draw_layer(rng, (count, 4))
            batches.append(x)
            student.batchnorm.batchnorm_forward(x, gamma, beta, bn_param)
            expected = {name: oracle.running(batches, settings["momentum"])[name]}
            place = f"after batch {len(batches)} of 3, without averages before the first,"
            check_averages(expect, bn_param.fetch(), expected, place)

    @pytest.mark.task("batchnorm_forward", points=4)
    def test_test_mode(self, student, expect, rng):
        """In test mode `out = gamma (x − running_mean)/√(running_var + ε) + beta`."""
        for shape in [*SHAPES, (1, 4)]:
            x, gamma, beta = draw_layer(rng, shape)
            bn_param = draw_param(rng, shape[1], "test")
            expected = oracle.normalized(
                x, gamma, beta, *of(bn_param).values(), eps=bn_param["eps"]
            )
            out = output(student, expect, x, gamma, beta, bn_param)
            expect.close(out, expected, "out", where=f"in test mode {where(x)}")

    @pytest.mark.task("batchnorm_forward", points=1)
    def test_test_mode_keeps_averages(self, student, expect, rng):
        """In test mode the running averages are used and not changed."""
        x, gamma, beta = draw_layer(rng, (6, 4))
        start = draw_param(rng, 4, "test")
        bn_param = student.place(start)
        student.batchnorm.batchnorm_forward(x, gamma, beta, bn_param)
        check_averages(expect, bn_param.fetch(), of(start), "after a call in test mode")

    @pytest.mark.task("batchnorm_forward", points=2)
    def test_train_then_test(self, student, expect, rng):
        """What train mode leaves in bn_param, right or not, is what test mode normalizes by."""
        x, gamma, beta = draw_layer(rng, (6, 4))
        start = draw_param(rng, 4)
        bn_param = student.place(start)
        student.batchnorm.batchnorm_forward(x, gamma, beta, bn_param)
        left = {name: usable_average(expect, bn_param.fetch(), name) for name in AVERAGES}
        expect.that(
            not any(np.allclose(left[name], start[name]) for name in AVERAGES),
            "After a call in train mode both running averages must be others than before.",
        )
        unseen = draw_batch(rng, (3, 4))
        out = output(student, expect, unseen, gamma, beta, start | left | {"mode": "test"})
        expected = oracle.normalized(unseen, gamma, beta, *left.values(), eps=start["eps"])
        expect.close(out, expected, "out", where="in test mode after one batch in train mode")

    @pytest.mark.task("batchnorm_forward", points=1)
    def test_defaults(self, student, expect, rng):
        """Where bn_param has only a mode, eps is 1e-5 and momentum 0.9."""
        x, gamma, beta = draw_layer(rng, (6, 4))
        x = x / 500  # a variance of the size of eps
        bn_param = student.place({"mode": "train"})
        out = output(student, expect, x, gamma, beta, bn_param)
        place = "where bn_param has only a mode"
        expect.close(out, oracle.batchnorm(x, gamma, beta), "out", where=place)
        expected = {"running_mean": oracle.running([x])["running_mean"]}
        check_averages(expect, bn_param.fetch(), expected, place)

    @pytest.mark.task("batchnorm_forward", points=1)
    def test_float32(self, student, expect, rng):
        """float32 in, float32 out: the output of both modes and the running averages."""
        x, gamma, beta = (each.astype(np.float32) for each in draw_layer(rng, (6, 4)))
        bn_param = student.place({"mode": "train"})
        results = {"out": output(student, expect, x, gamma, beta, bn_param)}
        left = bn_param.fetch()
        results |= {name: expect.entry(left, name, "bn_param") for name in AVERAGES}
        tested = {"mode": "test", "running_mean": beta, "running_var": gamma**2}
        results["out in test mode"] = output(student, expect, x, gamma, beta, tested)
        for name, got in results.items():
            kind = expect.array(got, name).dtype
            expect.that(
                kind == np.float32, f"`{name}` must be float32 as the inputs are, it is {kind}."
            )

    @pytest.mark.task("batchnorm_forward", points=1)
    def test_arguments(self, student, expect, rng):
        """x, gamma and beta are only read, in both modes."""
        given = dict(zip(("x", "gamma", "beta"), draw_layer(rng, (6, 4)), strict=True))
        for mode in ("train", "test"):
            placed = {name: student.place(value) for name, value in given.items()}
            student.batchnorm.batchnorm_forward(*placed.values(), draw_param(rng, 4, mode))
            for name, value in placed.items():
                place = f"after a call in {mode} mode, which must only read it,"
                expect.close(value.fetch(), given[name], name, where=place)


def usable_average(expect, bn_param, name):
    """A running average as a call has left it: finite numbers, one for each of four features."""
    value = expect.array(expect.entry(bn_param, name, "bn_param"), name)
    usable = value.shape == (4,) and value.dtype.kind == "f" and np.isfinite(value).all()
    expect.that(
        usable and (name == "running_mean" or (value > 0).all()),
        f"`{name}` must hold a number for each feature, and a variance is positive.",
    )
    return value


class Passed(NamedTuple):
    """A forward pass in train mode: the layer (x, gamma, beta), eps, and what was returned."""

    layer: Sequence[np.ndarray]
    eps: float
    out: Any
    cache: Any


def pass_forward(student, expect, layer, eps):
    """Have ``batchnorm_forward`` called in train mode."""
    reply = student.batchnorm.batchnorm_forward(*layer, {"mode": "train", "eps": eps})
    return Passed(layer, eps, *expect.pair(reply, "batchnorm_forward", ("out", "cache")))


def pass_backward(student, expect, dout, cache):
    """The three gradients that ``batchnorm_backward`` returns."""
    reply = student.batchnorm.batchnorm_backward(dout, cache)
    return expect.pair(reply, "batchnorm_backward", GRADIENTS)


def check_gradients(expect, passed, dout, got, names, *, place):
    """Those of the gradients that are named are the derivatives of the right forward pass.

    A forward pass that is wrong costs no points here. So right is as well what the usual formula
    gives with the x̂ of the forward pass that was seen, and the derivative of that pass where it
    divides by something else.
    """

    def are(right):
        for name, value, expected in zip(GRADIENTS, got, right, strict=True):
            if name in names:
                expect.close(value, expected, name, where=place)

    def are_derivatives():
        are(derivatives.backward(partial(oracle.batchnorm, eps=passed.eps), dout, *passed.layer))

    def are_of(divisor):
        forward = partial(oracle.other_batchnorm, eps=passed.eps, divisor=divisor)
        expect.close(passed.out, forward(*passed.layer), "out", where=place)
        are(derivatives.backward(forward, dout, *passed.layer))

    def are_by_formula(scale_of):
        x, gamma, beta = passed.layer
        out = expect.array(passed.out, "out")
        usable = out.shape == x.shape and out.dtype.kind == "f" and np.isfinite(out).all()
        expect.that(usable, f"`out` {place} must hold finite numbers in shape {x.shape}.")
        with np.errstate(all="ignore"):  # where it overflows nothing is close to it
            x_hat = (out - beta) / gamma
            right = oracle.by_formula(dout, gamma, x_hat, scale_of(x_hat, x))
        are(right)

    expect.one_of(
        are_derivatives,
        *(partial(are_of, divisor) for divisor in oracle.OTHER_DIVISORS.values()),
        *(partial(are_by_formula, partial(slope, axis=axis)) for axis in (0, 1)),
        partial(are_by_formula, lambda _, x: 1 / np.sqrt(oracle.variance(x) + passed.eps)),
    )


def slope(x_hat, x, axis):
    """By what x̂ grows with x along an axis: 1/√(σ² + ε), whatever a forward pass takes for it."""
    grown, by = (each.take([-1], axis) - each.take([0], axis) for each in (x_hat, x))
    return grown / by


class TestBackward:
    """The cache is the student's own, so each check begins with a forward pass of theirs."""

    @pytest.mark.task("batchnorm_backward", points=7)
    def test_dx(self, student, expect, rng):
        """dx is the derivative by x, on which μ and σ² depend too."""
        self.check(student, expect, rng, "dx")

    @pytest.mark.task("batchnorm_backward", points=3)
    def test_dgamma(self, student, expect, rng):
        """`dgamma = Σₙ dout · x̂`, of the shape of gamma."""
        self.check(student, expect, rng, "dgamma")

    @pytest.mark.task("batchnorm_backward", points=2)
    def test_dbeta(self, student, expect, rng):
        """`dbeta = Σₙ dout`, of the shape of beta."""
        self.check(student, expect, rng, "dbeta")

    @pytest.mark.task("batchnorm_backward", points=1)
    def test_arguments(self, student, expect, rng):
        """dout is only read."""
        dout = rng.normal(size=(6, 4))
        passed, given = (
            pass_forward(student, expect, draw_layer(rng, (6, 4)), 0.5),
            student.place(dout),
        )
        pass_backward(student, expect, given, passed.cache)
        expect.close(given.fetch(), dout, "dout", where="after the call, which must only read it,")

    @pytest.mark.task("batchnorm_backward", points=1)
    def test_float32(self, student, expect, rng):
        """float32 in, float32 out."""
        layer = [each.astype(np.float32) for each in draw_layer(rng, (6, 4))]
        dout = rng.normal(size=(6, 4)).astype(np.float32)
        passed = pass_forward(student, expect, layer, 0.5)
        for name, value in zip(
            GRADIENTS, pass_backward(student, expect, dout, passed.cache), strict=True
        ):
            kind = expect.array(value, name).dtype
            expect.that(
                kind == np.float32, f"`{name}` must be float32 as the inputs are, it is {kind}."
            )

    def check(self, student, expect, rng, name):
        for shape in [(6, 4), (3, 5), (7, 2)]:
            layer, dout = draw_layer(rng, shape), rng.normal(size=shape)
            passed = pass_forward(student, expect, layer, rng.uniform(0.1, 1))
            got = pass_backward(student, expect, dout, passed.cache)
            check_gradients(expect, passed, dout, got, [name], place=where(layer[0]))
