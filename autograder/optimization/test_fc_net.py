"""FullyConnectedNet of nndl/fc_net.py: parameters, scores, loss and every gradient."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import oracle
import pytest

IMAGE = (2, 1, 3)
"""The shape of one example; a net flattens it to six features."""


@pytest.fixture
def build(student, expect):
    """``build(hidden_dims, ...)``: a net of the student's, made by its constructor."""

    def make(hidden_dims, **options):
        net = student.fc_net.FullyConnectedNet(hidden_dims, **options)
        expect.that(
            hasattr(net, "loss"),
            f"`FullyConnectedNet({hidden_dims}, ...)` must make an object with a method `loss`.",
        )
        return net

    return make


@pytest.fixture
def cases(rng, build):
    """``cases(hidden_layers, reg)``: nets with unseen sizes and parameters, each with a batch.

    Yields (net, X, batch, where), X being images and batch the oracle's arguments: params, X as
    rows, y and reg.
    """

    def make(hidden_layers, reg=0.0):
        for hidden in hidden_layers:
            hidden_dims = [int(size) for size in rng.integers(3, 6, size=hidden)]
            classes, examples = (int(size) for size in rng.integers(3, 6, size=2))
            sizes = {"input_dim": 6, "num_classes": classes}
            net = build(hidden_dims, **sizes, reg=reg, dtype=np.float64, seed=0)
            params = draw_params(rng, [6, *hidden_dims, classes])
            net.set("params", params)
            X = rng.standard_normal((examples, *IMAGE))
            y = rng.integers(classes, size=examples)
            batch = {"params": params, "X": oracle.rows(X), "y": y, "reg": reg}
            yield net, X, batch, f"with hidden_dims={hidden_dims}, reg={reg:.3g}"

    return make


def draw_params(rng, sizes):
    """Parameters of the layers between ``sizes``, float64, large enough that every bias counts."""
    params = {}
    for layer, shape in enumerate(pairwise(sizes), start=1):
        params[f"W{layer}"] = rng.standard_normal(shape)
        params[f"b{layer}"] = rng.standard_normal(shape[1])
    return params


def read_params(expect, net, shapes):
    """The net's ``params``, as arrays of the expected names and shapes."""
    params = net.get("params")
    expect.that(
        isinstance(params, dict) and set(params) == set(shapes),
        f"`params` must be a dictionary with exactly {', '.join(shapes)}; it is {shown(params)}.",
    )
    for name, shape in shapes.items():
        value = expect.array(params[name], name)
        expect.that(value.shape == shape, f"{name} must have shape {shape}, not {value.shape}.")
    return params


def shown(params):
    """What a dictionary holds, or what the value is instead."""
    if isinstance(params, dict):
        return f"one with {', '.join(params) or 'nothing'}"
    return f"a {type(params).__name__}"


def check_loss(expect, net, X, batch, where):
    """The loss that the net returns for a batch is the oracle's."""
    expected = oracle.loss(**batch)
    loss, _ = expect.pair(net.loss(X, batch["y"]), "loss", ("loss", "grads"))
    expect.close(loss, expected, "loss", where=where)


def check_gradients(expect, net, X, batch, where):
    """Every gradient that the net returns for a batch is the oracle's."""
    expected = oracle.loss_gradients(**batch)
    _, grads = expect.pair(net.loss(X, batch["y"]), "loss", ("loss", "grads"))
    expect.that(
        isinstance(grads, dict),
        f"`loss` must return grads, a dictionary, as its second value; it is {shown(grads)}.",
    )
    for name, value in expected.items():
        got = expect.entry(grads, name, f"of gradients {where}")
        expect.close(got, value, f"grads[{name!r}]", where=where)


class TestParameters:
    @pytest.mark.task("fc_net", points=2)
    def test_names_and_shapes(self, build, expect):
        """`params` holds W1, b1, ..., WL, bL: `Wi` (inputs, outputs), `bi` (outputs,), of dtype."""
        for dtype in (np.float32, np.float64):
            net = build([4, 3], input_dim=6, num_classes=5, dtype=dtype)
            shapes = {"W1": (6, 4), "b1": (4,), "W2": (4, 3), "b2": (3,), "W3": (3, 5), "b3": (5,)}
            for name, value in read_params(expect, net, shapes).items():
                expect.that(
                    value.dtype == dtype,
                    f"{name} must have the dtype of the net, {dtype.__name__}, not {value.dtype}.",
                )

    @pytest.mark.task("fc_net", points=1)
    def test_initial_values(self, build, expect, rng):
        """Biases start at 0; weights are drawn around 0 with standard deviation weight_scale."""
        scale = rng.uniform(0.02, 0.5)
        net = build([100], input_dim=60, num_classes=50, weight_scale=scale, dtype=np.float64)
        params = read_params(
            expect, net, {"W1": (60, 100), "b1": (100,), "W2": (100, 50), "b2": (50,)}
        )
        where = f"with weight_scale={scale:.3g}"
        for name in ("b1", "b2"):
            expect.close(params[name], np.zeros(params[name].shape), name, where=where)
        for name in ("W1", "W2"):
            weights = params[name]
            # no draw is eight deviations from 0, and std can't overflow on what passes this
            expect.close(weights, np.zeros(weights.shape), name, where=where, atol=8 * scale)
            # of 5000 draws the deviation is right within 1%, the mean within 0.014 scale
            expect.close(np.std(weights), scale, f"{name}.std()", where=where, rtol=0.1)
            expect.close(np.mean(weights), 0.0, f"{name}.mean()", where=where, atol=0.1 * scale)


class TestLoss:
    @pytest.mark.task("fc_net", points=3)
    def test_scores(self, cases, expect):
        """`net.loss(X)` without y: affine and ReLU in turn, an affine layer last, no softmax."""
        for net, X, batch, where in cases((1, 2, 3)):
            expected = oracle.scores(batch["params"], batch["X"])
            expect.close(net.loss(X), expected, "scores", where=where)

    @pytest.mark.task("fc_net", points=2)
    def test_loss(self, cases, expect):
        """`loss = mean of −log softmax(scores)[y]`."""
        for net, X, batch, where in cases((1, 3)):
            check_loss(expect, net, X, batch, where)

    @pytest.mark.task("fc_net", points=1)
    def test_regularized_loss(self, cases, expect, rng):
        """`loss += reg/2 · Σ W²` over the weights of every layer; biases do not count."""
        for net, X, batch, where in cases((1, 2), reg=rng.uniform(0.5, 4)):
            check_loss(expect, net, X, batch, where)

    @pytest.mark.task("fc_net", points=1)
    def test_large_scores(self, cases, expect):
        """The loss stays finite and right when scores are in the thousands."""
        for net, X, batch, where in cases((1,)):
            large = batch | {"X": 1e3 * batch["X"]}
            check_loss(expect, net, 1e3 * X, large, f"{where} and X in the thousands")


class TestGradients:
    @pytest.mark.task("fc_net", points=3)
    def test_gradients(self, cases, expect):
        """`grads` holds the derivative of the loss by each W and b, in the parameter's shape."""
        for net, X, batch, where in cases((1, 2, 3)):
            check_gradients(expect, net, X, batch, where)

    @pytest.mark.task("fc_net", points=2)
    def test_regularized_gradients(self, cases, expect, rng):
        """`grads["Wi"] += reg · Wi`, for weights only."""
        for net, X, batch, where in cases((1, 2), reg=rng.uniform(0.5, 4)):
            check_gradients(expect, net, X, batch, where)
