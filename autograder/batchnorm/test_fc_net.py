"""FullyConnectedNet of nndl/fc_net.py, with batch normalization, with dropout, with both.

A net is judged in float64, with unseen parameters put into it. Where it has dropout it has a seed:
its layers then drop what the student's own `dropout_forward` drops with that seed and shape, so
the oracle can be given the masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import oracle
import pytest
from cases import check_averages

IMAGE = (2, 1, 3)
FEATURES = 6


@dataclass(frozen=True)
class Case:
    """A net to be made, the parameters to be put into it, and a batch."""

    hidden_dims: list[int]
    params: dict[str, np.ndarray]
    X: np.ndarray
    y: np.ndarray
    reg: float = 0.0
    dropout: float = 0.0
    seed: int = 0

    @property
    def use_batchnorm(self) -> bool:
        """Whether the net has batch normalization."""
        return "gamma1" in self.params

    @property
    def where(self) -> str:
        """How messages name the case."""
        parts = [f"with hidden_dims={self.hidden_dims}"]
        parts += ["use_batchnorm=True"] if self.use_batchnorm else []
        parts += [f"dropout={self.dropout:.3g}"] if self.dropout else []
        parts += [f"reg={self.reg:.3g}"] if self.reg else []
        return ", ".join(parts)

    def batch(self, masks=()) -> dict[str, Any]:
        """The arguments of the oracle's loss."""
        X = oracle.rows(self.X)
        return {"params": self.params, "X": X, "y": self.y, "reg": self.reg, "masks": masks}


def draw_case(rng, hidden, *, batchnorm=False, dropout=False, reg=0.0):
    """A case with so many hidden layers: with dropout of different widths, else of the same.

    Layers of one width drop the same elements, by the same seed. Without dropout different widths
    would only let a net fail in more checks whose layers share running averages.
    """
    widths = [int(size) for size in rng.permutation([3, 4, 5])]
    hidden_dims = widths[:hidden] if dropout else widths[:1] * hidden
    classes, examples = int(rng.integers(3, 6)), int(rng.integers(5, 8))
    params = {}
    for layer, shape in enumerate(pairwise([FEATURES, *hidden_dims, classes]), start=1):
        params[f"W{layer}"] = rng.standard_normal(shape)
        params[f"b{layer}"] = rng.standard_normal(shape[1])
        if batchnorm and layer <= hidden:
            params[f"gamma{layer}"] = rng.standard_normal(shape[1])
            params[f"beta{layer}"] = rng.standard_normal(shape[1])
    return Case(
        hidden_dims,
        params,
        rng.standard_normal((examples, *IMAGE)),
        rng.integers(classes, size=examples),
        reg,
        rng.uniform(0.3, 0.6) if dropout else 0.0,
        int(rng.integers(2**31)),
    )


def make(student, case):
    """The student's net for a case."""
    net = student.fc_net.FullyConnectedNet(
        case.hidden_dims,
        input_dim=FEATURES,
        num_classes=case.params[f"b{len(case.hidden_dims) + 1}"].size,
        dropout=case.dropout,
        use_batchnorm=case.use_batchnorm,
        reg=case.reg,
        dtype=np.float64,
        seed=case.seed,
    )
    net.set("params", case.params)
    return net


def masks_of(student, expect, case):
    """What the student's dropout multiplies the outputs of each hidden layer of a case by."""
    masks = []
    for units in case.hidden_dims:
        shape = (len(case.X), units)
        param = {"mode": "train", "p": case.dropout, "seed": case.seed}
        reply = student.dropout.dropout_forward(np.ones(shape), param)
        mask, _ = expect.pair(reply, "dropout_forward", ("out", "cache"))
        mask = expect.array(mask, "out")
        usable = mask.shape == shape and mask.dtype.kind == "f" and np.isfinite(mask).all()
        expect.that(usable, f"`dropout_forward` must return floats in shape {shape}.")
        masks.append(mask)
    dropped = np.concatenate([mask.ravel() for mask in masks]) == 0
    expect.that(
        dropped.any() and not dropped.all(),
        "Your `dropout_forward` must drop some elements and keep others.",
    )
    return masks


def check_loss(expect, reply, case, masks=()):
    """The loss that the net returned is the oracle's."""
    loss, _ = expect.pair(reply, "loss", ("loss", "grads"))
    expect.close(loss, oracle.loss(**case.batch(masks)), "loss", where=case.where)


def check_gradients(expect, reply, case, masks=()):
    """Every gradient that the net returned is the oracle's."""
    _, grads = expect.pair(reply, "loss", ("loss", "grads"))
    for name, value in oracle.loss_gradients(**case.batch(masks)).items():
        got = expect.entry(grads, name, f"of gradients {case.where}")
        expect.close(got, value, f"grads[{name!r}]", where=case.where)


def shapes_of(hidden_dims, classes, *, batchnorm):
    """The shape of every parameter of a net."""
    shapes = {}
    for layer, (inputs, units) in enumerate(pairwise([FEATURES, *hidden_dims, classes]), start=1):
        shapes |= {f"W{layer}": (inputs, units), f"b{layer}": (units,)}
        if batchnorm and layer <= len(hidden_dims):
            shapes |= {f"gamma{layer}": (units,), f"beta{layer}": (units,)}
    return shapes


def check_shapes(expect, params, shapes, dtype, place):
    """``params`` holds arrays of these names, shapes and dtype, and no others."""
    held = ", ".join(map(str, params)) if isinstance(params, dict) else f"a {type(params).__name__}"
    expect.that(
        isinstance(params, dict) and set(params) == set(shapes),
        f"`params` {place} must be a dictionary with exactly {', '.join(shapes)}; "
        f"it holds {held or 'nothing'}.",
    )
    for name, shape in shapes.items():
        value = expect.array(params[name], name)
        expect.that(
            value.shape == shape and value.dtype == dtype,
            f"{name} {place} must be {dtype.__name__} of shape {shape}; "
            f"it is {value.dtype} of shape {value.shape}.",
        )


class TestParameters:
    @pytest.mark.task("fc_net", points=2)
    def test_names_and_shapes(self, student, expect):
        """`params` holds every `W` and `b`; with batch normalization also `gamma` and `beta`.

        Those there are for the hidden layers and not for the last one.
        """
        for batchnorm, dtype in ((False, np.float32), (True, np.float64)):
            net = student.fc_net.FullyConnectedNet(
                [4, 3], FEATURES, 5, use_batchnorm=batchnorm, dtype=dtype
            )
            shapes = shapes_of([4, 3], 5, batchnorm=batchnorm)
            place = f"with use_batchnorm={batchnorm}"
            check_shapes(expect, net.get("params"), shapes, dtype, place)

    @pytest.mark.task("fc_net", points=1)
    def test_initial_values(self, student, expect, rng):
        """Biases and `beta` start at 0, `gamma` at 1, weights around 0 with weight_scale."""
        scale = rng.uniform(0.02, 0.5)
        net = student.fc_net.FullyConnectedNet(
            [100], FEATURES, 50, use_batchnorm=True, weight_scale=scale, dtype=np.float64
        )
        params, shapes = net.get("params"), shapes_of([100], 50, batchnorm=True)
        place = f"with weight_scale={scale:.3g}"
        check_shapes(expect, params, shapes, np.float64, place)
        for name, value in {"b1": 0, "b2": 0, "gamma1": 1, "beta1": 0}.items():
            expect.close(params[name], np.full(shapes[name], value), name, where=place)
        for name in ("W1", "W2"):
            weights, error = params[name], scale / np.sqrt(params[name].size)
            # no draw is eight deviations from 0, and std can't overflow on what passes this
            expect.close(weights, np.zeros(weights.shape), name, where=place, atol=8 * scale)
            # of n draws the mean is right within scale/√n, the deviation within scale/√2n
            expect.close(np.std(weights), scale, f"{name}.std()", where=place, atol=5 * error)
            expect.close(np.mean(weights), 0.0, f"{name}.mean()", where=place, atol=7 * error)


class TestPlain:
    @pytest.mark.task("fc_net", points=1)
    def test_plain(self, student, expect, rng):
        """Without batch normalization and dropout the net is that of the first homework."""
        case = draw_case(rng, 2)
        net = make(student, case)
        expect.close(net.loss(case.X), oracle.forward(case.params, case.X), "scores")
        reply = net.loss(case.X, case.y)
        check_loss(expect, reply, case)
        check_gradients(expect, reply, case)


class TestBatchnorm:
    @pytest.mark.task("fc_net", points=1)
    def test_batchnorm_loss(self, student, expect, rng):
        """With y every hidden layer is affine, batch normalization in train mode, ReLU."""
        for hidden in (1, 3):
            case = draw_case(rng, hidden, batchnorm=True)
            check_loss(expect, make(student, case).loss(case.X, case.y), case)

    @pytest.mark.task("fc_net", points=2)
    def test_batchnorm_gradients(self, student, expect, rng):
        """`grads` holds the derivative of the loss by every W, b, gamma and beta."""
        for hidden in (1, 2):
            case = draw_case(rng, hidden, batchnorm=True)
            check_gradients(expect, make(student, case).loss(case.X, case.y), case)

    @pytest.mark.task("fc_net", points=1)
    def test_averages(self, student, expect, rng):
        """Each hidden layer has running averages of its own, in its dictionary of bn_params."""
        case = draw_case(rng, 2, batchnorm=True)
        net, batches = make(student, case), []
        for number in (1, 2):
            X = rng.standard_normal(case.X.shape)
            net.loss(X, case.y)
            batches.append(oracle.hidden_inputs(case.params, oracle.rows(X)))
            held = net.get("bn_params")
            expect.that(
                isinstance(held, list | tuple) and len(held) == len(case.hidden_dims),
                "`bn_params` must be a list with a dictionary for each hidden layer.",
            )
            for layer, bn_param in enumerate(held):
                expected = oracle.running([of_layers[layer] for of_layers in batches])
                place = f"of layer {layer + 1} after batch {number} of 2 {case.where}"
                check_averages(expect, bn_param, expected, place)

    @pytest.mark.task("fc_net", points=2)
    def test_batchnorm_scores(self, student, expect, rng):
        """Without y batch normalization works in test mode: by the running averages."""
        for hidden in (1, 2):
            case = draw_case(rng, hidden, batchnorm=True)
            net = make(student, case)
            bn_params = [
                {
                    "mode": "train",
                    "running_mean": rng.standard_normal(units),
                    "running_var": rng.uniform(0.5, 4, units),
                }
                for units in case.hidden_dims
            ]
            net.set("bn_params", bn_params)
            expected = oracle.forward(case.params, case.X, bn_params)
            expect.close(net.loss(case.X), expected, "scores", where=case.where)


class TestDropout:
    @pytest.mark.task("fc_net", points=1)
    def test_dropout_loss(self, student, expect, rng):
        """With y there is dropout after the ReLU of every hidden layer, and not at the end."""
        for hidden in (1, 3):
            case = draw_case(rng, hidden, dropout=True)
            masks = masks_of(student, expect, case)
            check_loss(expect, make(student, case).loss(case.X, case.y), case, masks)

    @pytest.mark.task("fc_net", points=2)
    def test_dropout_gradients(self, student, expect, rng):
        """The gradients pass backwards through the dropout layers, by the same masks."""
        for hidden in (1, 2):
            case = draw_case(rng, hidden, dropout=True)
            masks = masks_of(student, expect, case)
            check_gradients(expect, make(student, case).loss(case.X, case.y), case, masks)

    @pytest.mark.task("fc_net", points=1)
    def test_dropout_scores(self, student, expect, rng):
        """Without y nothing is dropped."""
        case = draw_case(rng, 2, dropout=True)
        scores = make(student, case).loss(case.X)
        expect.close(scores, oracle.forward(case.params, case.X), "scores", where=case.where)

    @pytest.mark.task("fc_net", points=1)
    def test_both(self, student, expect, rng):
        """With both, a hidden layer is affine, batch normalization, ReLU, dropout."""
        case = draw_case(rng, 2, batchnorm=True, dropout=True)
        masks = masks_of(student, expect, case)
        reply = make(student, case).loss(case.X, case.y)
        check_loss(expect, reply, case, masks)
        check_gradients(expect, reply, case, masks)


class TestRegularization:
    @pytest.mark.task("fc_net", points=1)
    def test_regularization(self, student, expect, rng):
        """`loss += reg/2 · Σ W²`, `grads["Wi"] += reg · Wi`: not for b, gamma and beta."""
        for reg in (rng.uniform(1.5, 4), rng.uniform(0.2, 0.9)):
            case = draw_case(rng, 2, batchnorm=True, reg=reg)
            reply = make(student, case).loss(case.X, case.y)
            check_loss(expect, reply, case)
            check_gradients(expect, reply, case)
