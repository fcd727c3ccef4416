"""Tests of this homework's layers and network that students can run: each prints its errors.

A test compares with known values or with numerical gradients, on inputs that are the same each
time and for everyone. It raises Wrong, an AssertionError with a sentence on what is wrong, when an
error is too large.
"""

import numpy as np
from nndl.batchnorm import batchnorm_backward, batchnorm_forward
from nndl.batchnorm_utils import affine_batchnorm_relu_backward, affine_batchnorm_relu_forward
from nndl.dropout import dropout_backward, dropout_forward
from nndl.fc_net import FullyConnectedNet
from utils.feedback import Wrong, check, parts, without_our_lines, works
from utils.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array

GRADIENT_LIMIT = 1e-7
"""Relative error below which a layer's gradient agrees with its numerical gradient."""

NET_GRADIENT_LIMIT = 1e-4
"""The same for a network: its gradients are smaller, so differences of losses resolve them less."""

DROPOUT_LIMIT = 0.02
"""How far the mean of 250000 elements, and their share of zeros, may lie from what is right."""


NET_LOSSES = (
    ({"use_batchnorm": True, "dropout": 0, "reg": 0.0}, 2.333598621959482),
    ({"use_batchnorm": True, "dropout": 0, "reg": 3.14}, 19.792511592210122),
    ({"use_batchnorm": False, "dropout": 0.25, "reg": 0.0}, None),
    ({"use_batchnorm": True, "dropout": 0.25, "reg": 0.0}, None),
)
"""Settings of a network, and its loss where that doesn't depend on what is dropped.

The losses come from the definitions, without the layers under test.
"""
SUM_OF_OUT = 15.04241898740162
"""Of the affine layer with batch normalization and ReLU, likewise."""


@without_our_lines
def batchnorm_backward_test():
    """Compare `batchnorm_backward` with numerical gradients of `batchnorm_forward`."""
    rng = np.random.default_rng(11)
    x, gamma, beta = 5 * rng.normal(size=(4, 5)) + 12, rng.normal(size=5), rng.normal(size=5)
    dout = rng.normal(size=(4, 5))
    _, cache = parts(
        "batchnorm_forward", batchnorm_forward(x, gamma, beta, {"mode": "train"}), ("out", "cache")
    )
    dx, dgamma, dbeta = parts(
        "batchnorm_backward", batchnorm_backward(dout, cache), ("dx", "dgamma", "dbeta")
    )
    print(f"If batchnorm_backward works, the errors are less than {GRADIENT_LIMIT}:")
    inputs = {"dx": x, "dgamma": gamma, "dbeta": beta}
    expected = _numerical(
        lambda: batchnorm_forward(x, gamma, beta, {"mode": "train"})[0], inputs, dout
    )
    got = {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
    check("batchnorm_backward", got, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def dropout_forward_test():
    """Compare the mean and the share of zeros of `dropout_forward` with what they should be."""
    x = np.random.default_rng(12).normal(loc=10, size=(500, 500))
    for p in (0.25, 0.4, 0.7):
        out, _ = parts(
            "dropout_forward", dropout_forward(x, {"mode": "train", "p": p}), ("out", "cache")
        )
        tested, _ = parts(
            "dropout_forward", dropout_forward(x, {"mode": "test", "p": p}), ("out", "cache")
        )
        print(f"p = {p}: of x the mean is {x.mean():.3f}")
        for mode, values in (("train", out), ("test", tested)):
            zeros = np.mean(values == 0)
            print(f"  {mode} mode: the mean of out is {values.mean():.3f}, {zeros:.1%} are 0")
        _require(p, "the share of zeros in train mode", np.mean(out == 0), p)
        _require(p, "the share of zeros in test mode", np.mean(tested == 0), 0)
        _require(p, "the mean in train mode", out.mean() / x.mean(), 1, " times that of x")
        _require(p, "the mean in test mode", tested.mean() / x.mean(), 1, " times that of x")
    print(works("dropout_forward"))


def _require(p, what, value, right, unit=""):
    if not abs(value - right) < DROPOUT_LIMIT:
        raise Wrong(
            f"dropout_forward with p = {p}: {what} is {value:.3f}{unit}; it must be about "
            f"{right:g}{unit}."
        )


@without_our_lines
def dropout_backward_test():
    """Compare `dropout_backward` with numerical gradients of `dropout_forward`."""
    rng = np.random.default_rng(13)
    x, dout = rng.normal(loc=10, size=(10, 10)), rng.normal(size=(10, 10))
    dropout_param = {"mode": "train", "p": 0.3, "seed": 123}
    _, cache = parts("dropout_forward", dropout_forward(x, dropout_param), ("out", "cache"))
    dx = dropout_backward(dout, cache)
    print(f"If dropout_backward works, the error is less than {GRADIENT_LIMIT}:")
    expected = _numerical(lambda: dropout_forward(x, dropout_param)[0], {"dx": x}, dout)
    check("dropout_backward", {"dx": dx}, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def affine_batchnorm_relu_test():
    """Compare `affine_batchnorm_relu_backward` with numerical gradients of the forward pass."""
    rng = np.random.default_rng(14)
    x, w, b = rng.normal(size=(5, 3, 4)), rng.normal(size=(12, 6)), rng.normal(size=6)
    gamma, beta, dout = rng.normal(size=6), rng.normal(size=6), rng.normal(size=(5, 6))

    def forward():
        return affine_batchnorm_relu_forward(x, w, b, gamma, beta, {"mode": "train"})

    out, cache = forward()
    dx, dw, db, dgamma, dbeta = parts(
        "affine_batchnorm_relu_backward",
        affine_batchnorm_relu_backward(dout, cache),
        ("dx", "dw", "db", "dgamma", "dbeta"),
    )
    print(
        "If affine_batchnorm_relu_forward and affine_batchnorm_relu_backward work, the errors are "
        f"less than {GRADIENT_LIMIT}:"
    )
    if not isinstance(out, np.ndarray) or out.shape != dout.shape:
        raise Wrong(f"affine_batchnorm_relu: out must be an array of shape {dout.shape}.")
    # the sum tells a forward pass that leaves out a layer: its gradients would still agree
    got = {"sum of out": np.sum(out), "dx": dx, "dw": dw, "dgamma": dgamma, "dbeta": dbeta}
    expected = {"sum of out": SUM_OF_OUT}
    inputs = {"dx": x, "dw": w, "dgamma": gamma, "dbeta": beta}
    expected |= _numerical(lambda: forward()[0], inputs, dout)
    check("affine_batchnorm_relu", got, expected, limit=GRADIENT_LIMIT)
    if not (np.shape(db) == b.shape and np.max(np.abs(db)) < 1e-9):
        raise Wrong(
            f"affine_batchnorm_relu: db must be an array of shape {b.shape} that is zero but for "
            "rounding, since batch normalization takes away what b adds."
        )


@without_our_lines
def fc_net_test():
    """Compare the loss of `FullyConnectedNet` with known values, its gradients numerically."""
    rng = np.random.default_rng(15)
    N, D, H1, H2, C = 6, 15, 20, 30, 10
    X, y = rng.normal(size=(N, D)), rng.integers(C, size=N)
    shapes = {"W1": (D, H1), "W2": (H1, H2), "W3": (H2, C), "b1": (H1,), "b2": (H2,), "b3": (C,)}
    shapes |= {"gamma1": (H1,), "beta1": (H1,), "gamma2": (H2,), "beta2": (H2,)}
    values = {name: rng.normal(scale=0.1, size=shape) for name, shape in shapes.items()}
    for settings, expected_loss in NET_LOSSES:
        print("Running check with", ", ".join(f"{k} = {v}" for k, v in settings.items()))
        model = FullyConnectedNet(
            [H1, H2], input_dim=D, num_classes=C, dtype=np.float64, seed=123, **settings
        )
        wanted = {
            name: shape
            for name, shape in shapes.items()
            if settings["use_batchnorm"] or (name[0] in "Wb" and not name.startswith("beta"))
        }
        _check_shapes(model.params, wanted)
        model.params = {name: values[name].copy() for name in wanted}
        loss, grads = parts("loss", model.loss(X, y), ("loss", "grads"))
        print("Loss:", loss)
        if expected_loss is not None and not abs(loss - expected_loss) < 1e-6:
            raise Wrong(
                f"FullyConnectedNet: with {settings} the loss must be {expected_loss:.6f}, it is "
                f"{loss}."
            )
        # db1 and db2 are zero but for rounding beside batch normalization
        compared = [n for n in wanted if not (settings["use_batchnorm"] and n in {"b1", "b2"})]
        expected = {
            name: eval_numerical_gradient(
                lambda _, net=model: net.loss(X, y)[0], model.params[name]
            )
            for name in compared
        }
        lines = {name: f"{name} relative error" for name in expected}
        check("fc_net", grads, expected, limit=NET_GRADIENT_LIMIT, printed=lines)


def _numerical(forward, inputs, dout):
    """The numerical gradients of ``forward()``, which reads ``inputs``, by each of those."""
    return {
        name: eval_numerical_gradient_array(lambda _: forward(), value, dout)
        for name, value in inputs.items()
    }


def _check_shapes(params, shapes):
    found = {name: np.shape(values) for name, values in params.items()}
    if found != shapes:
        raise Wrong(
            f"FullyConnectedNet: params must hold arrays of the shapes {shapes}; it holds {found}."
        )
