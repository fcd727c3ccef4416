"""Tests of the layers and the network that students can run: each prints its errors and judges.

A test compares with documented values or with numerical gradients, on inputs that are the same
each time and for everyone. It raises Wrong, an AssertionError with a sentence on what is wrong,
when an error is too large.
"""

import numpy as np
from utils.feedback import Wrong, check, parts, without_our_lines
from utils.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array

from nndl.fc_net import FullyConnectedNet
from nndl.layer_utils import affine_relu_backward, affine_relu_forward
from nndl.layers import affine_backward, affine_forward, relu_backward, relu_forward

GRADIENT_LIMIT = 1e-8
"""Relative error below which a layer's gradient agrees with its numerical gradient."""

NET_GRADIENT_LIMIT = 1e-4
"""The same for a network: its gradients are smaller, so differences of losses resolve them less."""


@without_our_lines
def affine_forward_test():
    """Compare `affine_forward` with documented values."""
    x = np.linspace(-0.1, 0.5, num=2 * 4 * 5 * 6).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, num=120 * 3).reshape(120, 3)
    b = np.linspace(-0.3, 0.1, num=3)
    expected = np.array(
        [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]],
    )
    out, _ = parts("affine_forward", affine_forward(x, w, b), ("out", "cache"))
    print("If affine_forward works, the difference is less than 1e-8:")
    line = {"out": "difference"}
    check("affine_forward", {"out": out}, {"out": expected}, limit=1e-8, printed=line)


@without_our_lines
def affine_backward_test():
    """Compare `affine_backward` with numerical gradients."""
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(10, 2, 3)), rng.normal(size=(6, 5)), rng.normal(size=5)
    dout = rng.normal(size=(10, 5))
    _, cache = parts("affine_forward", affine_forward(x, w, b), ("out", "cache"))
    reply = affine_backward(dout, cache)
    dx, dw, db = parts("affine_backward", reply, ("dx", "dw", "db"))
    print(f"If affine_backward works, the errors are less than {GRADIENT_LIMIT}:")
    expected = _numerical(affine_forward, {"dx": x, "dw": w, "db": b}, dout)
    check("affine_backward", {"dx": dx, "dw": dw, "db": db}, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def relu_forward_test():
    """Compare `relu_forward` with documented values."""
    x = np.linspace(-0.5, 0.5, num=12).reshape(3, 4)
    expected = np.array(
        [
            [0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.04545455, 0.13636364],
            [0.22727273, 0.31818182, 0.40909091, 0.5],
        ]
    )
    out, _ = parts("relu_forward", relu_forward(x), ("out", "cache"))
    print("If relu_forward works, the difference is less than 1e-7:")
    line = {"out": "difference"}
    check("relu_forward", {"out": out}, {"out": expected}, limit=1e-7, printed=line)


@without_our_lines
def relu_backward_test():
    """Compare `relu_backward` with numerical gradients."""
    rng = np.random.default_rng(2)
    x, dout = rng.normal(size=(10, 10)), rng.normal(size=(10, 10))
    _, cache = parts("relu_forward", relu_forward(x), ("out", "cache"))
    dx = relu_backward(dout, cache)
    print(f"If relu_backward works, the error is less than {GRADIENT_LIMIT}:")
    expected = _numerical(relu_forward, {"dx": x}, dout)
    check("relu_backward", {"dx": dx}, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def affine_relu_test():
    """Compare `affine_relu_backward` with numerical gradients of `affine_relu_forward`."""
    rng = np.random.default_rng(3)
    x, w, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(12, 10)), rng.normal(size=10)
    dout = rng.normal(size=(2, 10))
    reply = affine_relu_forward(x, w, b)
    out, cache = parts("affine_relu_forward", reply, ("out", "cache"))
    reply = affine_relu_backward(dout, cache)
    dx, dw, db = parts("affine_relu_backward", reply, ("dx", "dw", "db"))
    print(
        "If affine_relu_forward and affine_relu_backward work, the errors are less than "
        f"{GRADIENT_LIMIT}:"
    )
    if not isinstance(out, np.ndarray) or out.shape != dout.shape:
        raise Wrong(f"affine_relu: out must be an array of shape {dout.shape}.")
    # the sum tells a forward pass that leaves out the ReLU: its gradients would still agree
    got = {"sum of out": np.sum(out), "dx": dx, "dw": dw, "db": db}
    expected = {"sum of out": 30.840975899293532}
    expected |= _numerical(affine_relu_forward, {"dx": x, "dw": w, "db": b}, dout)
    check("affine_relu", got, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def fc_net_test():
    """Compare the loss of `FullyConnectedNet` with known values, its gradients numerically."""
    rng = np.random.default_rng(4)
    N, D, H1, H2, C = 2, 15, 20, 30, 10
    X, y = rng.normal(size=(N, D)), rng.integers(C, size=N)
    shapes = {"W1": (D, H1), "W2": (H1, H2), "W3": (H2, C), "b1": (H1,), "b2": (H2,), "b3": (C,)}
    params = {name: rng.normal(scale=5e-2, size=shape) for name, shape in shapes.items()}

    # the losses come from a plain sum over examples and units, without the layers under test
    for reg, expected_loss in ((0, 2.329588375203698), (3.14, 7.2789375171970505)):
        model = FullyConnectedNet([H1, H2], input_dim=D, num_classes=C, reg=reg, dtype=np.float64)
        _check_shapes(model.params, shapes)
        model.params = {name: values.copy() for name, values in params.items()}
        loss, grads = parts("loss", model.loss(X, y), ("loss", "grads"))
        print("Running check with reg =", reg)
        print("Initial loss:", loss)
        if not abs(loss - expected_loss) < 1e-6:
            raise Wrong(
                f"FullyConnectedNet: with reg = {reg} the loss must be {expected_loss:.6f}, it is "
                f"{loss}. See where loss() adds up the softmax loss and the regularization."
            )
        expected = {
            name: eval_numerical_gradient(lambda _, net=model: net.loss(X, y)[0], values)
            for name, values in model.params.items()
        }
        lines = {name: f"{name} relative error" for name in expected}
        task = f"fc_net with reg = {reg}"
        check(task, grads, expected, limit=NET_GRADIENT_LIMIT, printed=lines)


def _numerical(forward, inputs, dout):
    """The numerical gradients of a layer.

    ``inputs`` are what ``forward`` takes, in order, each under the name of its gradient.
    """
    return {
        name: eval_numerical_gradient_array(lambda _: forward(*inputs.values())[0], value, dout)
        for name, value in inputs.items()
    }


def _check_shapes(params, shapes):
    found = {name: np.shape(values) for name, values in params.items()}
    if found != shapes:
        raise Wrong(
            f"FullyConnectedNet: params must hold arrays of the shapes {shapes}; it holds {found}."
        )
