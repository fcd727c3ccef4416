"""FullyConnectedNet of nndl/fc_net.py: parameters, scores, loss and every gradient."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import oracle
import pytest

IMAGE = (2, 1, 3)
"""The shape of one example; a net flattens it to six features."""


@pytest.fixture(scope="session")
def cases(rng, student, expect):
    """``cases(hidden_layers, reg=0)``: nets with unseen sizes and parameters.

    Yields (answer, batch, where): what the ``loss`` of the net returned for a batch of images, and
    the oracle's arguments for it: params, X as rows, y and reg. Without ``labels`` it is called
    without y.
    """

    def make(hidden_layers, reg=0.0, labels=True):
        drawn = [draw_case(rng, hidden, reg) for hidden in hidden_layers]
        answers = run_nets(student, drawn, labels)
        for (hidden_dims, X, batch), answer in zip(drawn, answers, strict=True):
            where = f"with hidden_dims={hidden_dims}, reg={reg:.3g}"
            yield answer, batch | {"X": oracle.rows(X)}, where

    return make


def draw_case(rng, hidden, reg):
    """The hidden_dims of a net, images X and the oracle's further arguments."""
    hidden_dims = [int(size) for size in rng.integers(3, 6, size=hidden)]
    classes, examples = (int(size) for size in rng.integers(3, 6, size=2))
    params = draw_params(rng, [6, *hidden_dims, classes])
    X = rng.standard_normal((examples, *IMAGE))
    return hidden_dims, X, {"params": params, "y": rng.integers(classes, size=examples), "reg": reg}


def run_nets(student, drawn, labels):
    """What each of the ``drawn`` nets answers, in their order.

    They are run at once: one after another they would make grading a tenth slower.
    """
    with student.together():
        made = [run_net(student, *case, labels) for case in drawn]
    for net, given, answer in made:
        for needed in (net, given):
            needed.value  # noqa: B018 - raises where there is no net or it took no params
        yield answer.value


def run_net(student, hidden_dims, X, batch, labels):
    """Have a net made and given its parameters, and ask for its scores or its loss."""
    params, y = batch["params"], batch["y"]
    classes = len(params[f"b{len(hidden_dims) + 1}"])
    net = student.fc_net.FullyConnectedNet(
        hidden_dims, input_dim=6, num_classes=classes, reg=batch["reg"], dtype=np.float64, seed=0
    )
    given = net.set("params", params)
    return net, given, net.loss(X, y) if labels else net.loss(X)


def draw_params(rng, sizes):
    """Parameters of the layers between ``sizes``, float64, large enough that every bias counts."""
    params = {}
    for layer, shape in enumerate(pairwise(sizes), start=1):
        params[f"W{layer}"] = rng.standard_normal(shape)
        params[f"b{layer}"] = rng.standard_normal(shape[1])
    return params


def check_shapes(expect, params, shapes):
    """The net's ``params`` are arrays of the expected names and shapes."""
    expect.that(
        isinstance(params, dict) and set(params) == set(shapes),
        f"`params` must be a dictionary with exactly {', '.join(shapes)}; it is {shown(params)}.",
    )
    for name, shape in shapes.items():
        value = expect.array(params[name], name)
        expect.that(value.shape == shape, f"{name} must have shape {shape}, not {value.shape}.")


def shown(params):
    """What a dictionary holds, or what the value is instead."""
    if isinstance(params, dict):
        return f"one with {', '.join(params) or 'nothing'}"
    return f"a {type(params).__name__}"


def check_loss(expect, answer, batch, where):
    """The loss that the net returned for a batch is the oracle's."""
    expected = oracle.loss(**batch)
    loss, _ = expect.pair(answer, "loss", ("loss", "grads"))
    expect.close(loss, expected, "loss", where=where)


def check_gradients(expect, answer, batch, where):
    """Every gradient that the net returned for a batch is the oracle's."""
    expected = oracle.loss_gradients(**batch)
    _, grads = expect.pair(answer, "loss", ("loss", "grads"))
    expect.that(
        isinstance(grads, dict),
        f"`loss` must return grads, a dictionary, as its second value; it is {shown(grads)}.",
    )
    for name, value in expected.items():
        got = expect.entry(grads, name, f"of gradients {where}")
        expect.close(got, value, f"grads[{name!r}]", where=where)


class TestParameters:
    @pytest.mark.task("fc_net", points=2)
    def test_names_and_shapes(self, student, expect):
        """`params` holds W1, b1, ..., WL, bL: `Wi` (inputs, outputs), `bi` (outputs,), of dtype."""
        shapes = {"W1": (6, 4), "b1": (4,), "W2": (4, 3), "b2": (3,), "W3": (3, 5), "b3": (5,)}
        for dtype in (np.float32, np.float64):
            net = student.fc_net.FullyConnectedNet([4, 3], input_dim=6, num_classes=5, dtype=dtype)
            params = net.get("params")
            check_shapes(expect, params, shapes)
            for name, value in params.items():
                expect.that(
                    value.dtype == dtype,
                    f"{name} must have the dtype of the net, {dtype.__name__}, not {value.dtype}.",
                )

    @pytest.mark.task("fc_net", points=1)
    def test_initial_values(self, student, expect, rng):
        """Biases start at 0; weights are drawn around 0 with standard deviation weight_scale."""
        scale = rng.uniform(0.02, 0.5)
        net = student.fc_net.FullyConnectedNet(
            [100], input_dim=60, num_classes=50, weight_scale=scale, dtype=np.float64
        )
        params = net.get("params")
        shapes = {"W1": (60, 100), "b1": (100,), "W2": (100, 50), "b2": (50,)}
        check_shapes(expect, params, shapes)
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
        for answer, batch, where in cases((1, 2, 3), labels=False):
            expected = oracle.scores(batch["params"], batch["X"])
            expect.close(answer, expected, "scores", where=where)

    @pytest.mark.task("fc_net", points=2)
    def test_loss(self, cases, expect):
        """`loss = mean of −log softmax(scores)[y]`."""
        for case in cases((1, 3)):
            check_loss(expect, *case)

    @pytest.mark.task("fc_net", points=1)
    def test_regularized_loss(self, cases, expect, rng):
        """`loss += reg/2 · Σ W²` over the weights of every layer; biases do not count."""
        for case in cases((1, 2), reg=rng.uniform(0.2, 0.9)):
            check_loss(expect, *case)


class TestGradients:
    @pytest.mark.task("fc_net", points=4)
    def test_gradients(self, cases, expect):
        """`grads` holds the derivative of the loss by each W and b, in the parameter's shape."""
        for case in cases((1, 2, 3)):
            check_gradients(expect, *case)

    @pytest.mark.task("fc_net", points=2)
    def test_regularized_gradients(self, cases, expect, rng):
        """`grads["Wi"] += reg · Wi`, for weights only."""
        for case in cases((1, 2), reg=rng.uniform(1.5, 4)):
            check_gradients(expect, *case)
