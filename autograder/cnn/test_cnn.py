"""ThreeLayerConvNet of nndl/cnn.py: parameters, scores, loss and every gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import oracle
import pytest

AVERAGES = ("running_mean", "running_var")


class Net(NamedTuple):
    """The sizes of a net: images (C, H, W), filters and their size, hidden units, classes."""

    image: tuple[int, int, int]
    filters: int
    size: int
    hidden: int
    classes: int

    def shapes(self, batchnorm=False):
        """The shape of each parameter by its name."""
        channels, height, width = self.image
        pooled = self.filters * (height // 2) * (width // 2)
        shapes = {
            "W1": (self.filters, channels, self.size, self.size),
            "b1": (self.filters,),
            "W2": (pooled, self.hidden),
            "b2": (self.hidden,),
            "W3": (self.hidden, self.classes),
            "b3": (self.classes,),
        }
        if batchnorm:
            for layer, units in ((1, self.filters), (2, self.hidden)):
                shapes |= {f"gamma{layer}": (units,), f"beta{layer}": (units,)}
        return shapes

    def make(self, student, **settings):
        """The student's net of these sizes; float64 unless ``settings`` say otherwise."""
        sizes = {
            "num_filters": self.filters,
            "filter_size": self.size,
            "hidden_dim": self.hidden,
            "num_classes": self.classes,
        }
        settings = {"dtype": np.float64, "seed": 0, **settings}
        return student.cnn.ThreeLayerConvNet(input_dim=self.image, **sizes, **settings)

    @property
    def where(self):
        """How messages name the net."""
        return (
            f"with input_dim={self.image}, num_filters={self.filters}, filter_size={self.size}, "
            f"hidden_dim={self.hidden}"
        )


NETS = [Net((2, 4, 6), 3, 3, 4, 5), Net((1, 6, 4), 2, 5, 3, 4)]


class Case(NamedTuple):
    """A net with unseen parameters, a batch for it, and the student's net with them."""

    net: Net
    params: dict[str, np.ndarray]
    X: np.ndarray
    y: np.ndarray
    reg: float
    own: object

    @property
    def where(self):
        """How messages name the case."""
        return f"{self.net.where}, reg={self.reg:.3g}"

    @property
    def batch(self):
        """The oracle's arguments for the loss."""
        return {"params": self.params, "X": self.X, "y": self.y, "reg": self.reg}


@pytest.fixture(scope="session")
def cases(rng, student):
    """``cases(reg=0.0, batchnorm=False)``: yields a ``Case`` for each of the nets."""

    def make(reg=0.0, batchnorm=False):
        for net in NETS:
            params = {
                name: rng.standard_normal(shape) for name, shape in net.shapes(batchnorm).items()
            }
            X, y = rng.standard_normal((4, *net.image)), rng.integers(net.classes, size=4)
            own = net.make(student, reg=reg, use_batchnorm=batchnorm)
            own.set("params", params)
            yield Case(net, params, X, y, reg, own)

    return make


def check_shapes(expect, params, shapes):
    """The net's ``params`` are arrays of the expected names and shapes."""
    held = ", ".join(map(str, params)) if isinstance(params, dict) else type(params).__name__
    expect.that(
        isinstance(params, dict) and set(params) == set(shapes),
        f"`params` must be a dictionary with exactly {', '.join(shapes)}; yours: {held}.",
    )
    for name, shape in shapes.items():
        value = expect.array(params[name], name)
        expect.that(value.shape == shape, f"{name} must have shape {shape}, not {value.shape}.")


def check_loss(expect, case):
    """The loss is the oracle's."""
    loss, _ = expect.pair(case.own.loss(case.X, case.y), "loss", ("loss", "grads"))
    expect.close(loss, oracle.net_loss(**case.batch), "loss", where=case.where)


def check_gradients(expect, case, but=""):
    """Every gradient is the oracle's, but for those whose names begin with ``but``."""
    _, grads = expect.pair(case.own.loss(case.X, case.y), "loss", ("loss", "grads"))
    for name, value in oracle.net_gradients(**case.batch).items():
        if but and name.startswith(but):
            continue
        got = expect.entry(grads, name, f"of gradients {case.where}")
        expect.close(got, value, f"grads[{name!r}]", where=case.where, rtol=1e-6, atol=1e-8)


ANY = 1e300
"""A tolerance that takes every finite number."""
ON_TOP = "beside what yours is without reg,"


def without_and_with_reg(expect, case):
    """What the loss returns, a pair, for a net with reg = 0 and for the same net with ``case.reg``.

    So that regularization can be right where the rest is not.
    """
    case.own.set("reg", 0.0)
    plain = case.own.loss(case.X, case.y)
    case.own.set("reg", case.reg)
    answers = (plain, case.own.loss(case.X, case.y))
    return [expect.pair(answer, "loss", ("loss", "grads")) for answer in answers]


class TestParameters:
    @pytest.mark.task("conv_net", points=2)
    def test_names_and_shapes(self, student, expect):
        """`params` holds W1, b1, W2, b2, W3, b3 and, with batch normalization, gammas and betas."""
        for dtype, batchnorm in ((np.float32, False), (np.float64, True)):
            net = NETS[0]
            params = net.make(student, dtype=dtype, use_batchnorm=batchnorm).get("params")
            check_shapes(expect, params, net.shapes(batchnorm))
            for name, value in params.items():
                expect.that(
                    value.dtype == dtype,
                    f"{name} must have the dtype of the net, {dtype.__name__}, not {value.dtype}.",
                )

    @pytest.mark.task("conv_net", points=1)
    def test_initial_values(self, student, expect, rng):
        """Weights are drawn around 0 with standard deviation weight_scale; biases and betas are 0.

        Gammas are 1.
        """
        scale, net = rng.uniform(0.02, 0.5), Net((4, 10, 10), 20, 5, 50, 40)
        params = net.make(student, weight_scale=scale, use_batchnorm=True).get("params")
        check_shapes(expect, params, net.shapes(batchnorm=True))
        where = f"with weight_scale={scale:.3g}"
        for name, value in params.items():
            if not name.startswith("W"):
                start = np.full(value.shape, float(name.startswith("gamma")))
                expect.close(value, start, name, where=where)
                continue
            # no draw is eight deviations from 0, and std can't overflow on what passes this
            expect.close(value, np.zeros(value.shape), name, where=where, atol=8 * scale)
            # of 2000 draws the deviation is right within 2%, the mean within 0.03 scale
            expect.close(np.std(value), scale, f"{name}.std()", where=where, rtol=0.15)
            expect.close(np.mean(value), 0.0, f"{name}.mean()", where=where, atol=0.15 * scale)


class TestLoss:
    @pytest.mark.task("conv_net", points=2)
    def test_scores(self, cases, expect):
        """`net.loss(X)` without y: conv, ReLU, pooling, affine, ReLU, affine; no softmax."""
        for case in cases():
            expected = oracle.scores(case.params, case.X)
            expect.close(case.own.loss(case.X), expected, "scores", where=case.where)

    @pytest.mark.task("conv_net", points=1)
    def test_loss(self, cases, expect):
        """`loss = mean of −log softmax(scores)[y]`."""
        for case in cases():
            check_loss(expect, case)

    @pytest.mark.task("conv_net", points=1)
    def test_regularized_loss(self, cases, expect, rng):
        """`loss += reg/2 · Σ W²` over W1, W2 and W3; biases do not count."""
        for case in cases(reg=rng.uniform(0.5, 4)):
            plain, regularized = (part[0] for part in without_and_with_reg(expect, case))
            expect.close(plain, 0.0, "loss", where=case.where, atol=ANY)
            squares = sum((case.params[name] ** 2).sum() for name in ("W1", "W2", "W3"))
            expected = plain + 0.5 * case.reg * squares
            expect.close(regularized, expected, "loss", where=f"{case.where}, {ON_TOP}", rtol=1e-6)


class TestGradients:
    @pytest.mark.task("conv_net", points=3)
    def test_gradients(self, cases, expect):
        """`grads` holds the derivative of the loss by each W and b, in the parameter's shape."""
        for case in cases():
            check_gradients(expect, case)

    @pytest.mark.task("conv_net", points=1)
    def test_regularized_gradients(self, cases, expect, rng):
        """`grads["Wi"] += reg · Wi`, for weights only."""
        for case in cases(reg=rng.uniform(0.5, 4)):
            plain, regularized = (part[1] for part in without_and_with_reg(expect, case))
            for name, value in case.params.items():
                what, where = f"grads[{name!r}]", f"{case.where}, {ON_TOP}"
                before = expect.entry(plain, name, f"of gradients {case.where}")
                after = expect.entry(regularized, name, f"of gradients {case.where}")
                expect.close(before, np.zeros(value.shape), what, where=case.where, atol=ANY)
                expected = before + case.reg * value * name.startswith("W")
                expect.close(after, expected, what, where=where, rtol=1e-6, atol=1e-8)


class TestBatchNormalization:
    @pytest.mark.task("conv_net", points=2)
    def test_normalized_gradients(self, cases, expect, rng):
        """With `use_batchnorm` there is a batch normalization before each ReLU.

        Loss and gradients, in mode "train".
        """
        for case in cases(batchnorm=True):
            check_loss(expect, case)
            check_gradients(expect, case)
        for case in cases(reg=rng.uniform(0.5, 4), batchnorm=True):
            check_gradients(expect, case, but="W")  # gammas and betas are not regularized

    @pytest.mark.task("conv_net", points=1)
    def test_normalized_scores(self, cases, expect, rng):
        """`net.loss(X)` normalizes by the running averages in `bn_params`: mode "test"."""
        for case in cases(batchnorm=True):
            known = [
                {"running_mean": rng.normal(size=units), "running_var": rng.uniform(1, 4, units)}
                for units in (case.net.filters, case.net.hidden)
            ]
            case.own.set("bn_params", [{"mode": "train", **each} for each in known])
            expected = oracle.scores(case.params, case.X, known)
            where = f'in mode "test" {case.where}'
            expect.close(case.own.loss(case.X), expected, "scores", where=where, rtol=1e-6)
