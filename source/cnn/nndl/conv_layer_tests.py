"""Tests of the layers and the network that students can run: each prints its errors and judges.

A test compares with documented values or with numerical gradients, on inputs that are the same
each time and for everyone. It raises Wrong, an AssertionError with a sentence on what is wrong,
when an error is too large.
"""

import numpy as np
from nndl.cnn import ThreeLayerConvNet
from nndl.conv_layers import (
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from utils.feedback import Wrong, check, parts, without_our_lines
from utils.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array

GRADIENT_LIMIT = 1e-6
"""Relative error below which a layer's gradient agrees with its numerical gradient."""

NET_GRADIENT_LIMIT = 1e-4
"""The same for a network: its gradients are smaller, so differences of losses resolve them less."""


@without_our_lines
def conv_forward_test():
    """Compare `conv_forward_naive` with documented values."""
    x = np.linspace(-0.5, 0.7, num=2 * 2 * 4 * 5).reshape(2, 2, 4, 5)
    w = np.linspace(-0.3, 0.4, num=2 * 2 * 3 * 2).reshape(2, 2, 3, 2)
    b = np.linspace(-0.1, 0.2, num=2)
    expected = np.array(
        [
            [
                [[0.06796918, 0.2559934, 0.23116125], [0.13990094, 0.38075949, 0.33241607]],
                [[-0.08508531, -0.2835443, -0.21961475], [0.00996147, -0.07926252, 0.0055366]],
            ],
            [
                [[-0.14336819, -0.24064942, -0.26548156], [-0.28805724, -0.58610897, -0.63445239]],
                [[0.59119428, 0.99504678, 1.05897633], [0.91342873, 1.61671987, 1.70151899]],
            ],
        ]
    )
    out, _ = parts(
        "conv_forward_naive", conv_forward_naive(x, w, b, {"stride": 2, "pad": 1}), ("out", "cache")
    )
    print("If conv_forward_naive works, the error is less than 1e-6:")
    check("conv_forward_naive", {"out": out}, {"out": expected})


@without_our_lines
def conv_backward_test():
    """Compare `conv_backward_naive` with numerical gradients."""
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(3, 2, 5, 6)), rng.normal(size=(2, 2, 3, 2)), rng.normal(size=2)
    conv_param = {"stride": 2, "pad": 1}
    out, cache = parts(
        "conv_forward_naive", conv_forward_naive(x, w, b, conv_param), ("out", "cache")
    )
    dout = rng.normal(size=out.shape)
    dx, dw, db = parts("conv_backward_naive", conv_backward_naive(dout, cache), ("dx", "dw", "db"))
    print(f"If conv_backward_naive works, the errors are less than {GRADIENT_LIMIT}:")
    expected = _numerical(
        lambda: conv_forward_naive(x, w, b, conv_param)[0], {"dx": x, "dw": w, "db": b}, dout
    )
    check("conv_backward_naive", {"dx": dx, "dw": dw, "db": db}, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def max_pool_forward_test():
    """Compare `max_pool_forward_naive` with documented values."""
    x = np.array(
        [
            [
                [
                    [-1.7, -0.35, 0.0, -1.1, -1.2, -0.8],
                    [-2.2, -0.4, -1.9, -2.0, -1.25, -1.6],
                    [-0.25, -0.2, -0.45, -1.0, -0.05, -1.75],
                    [0.05, -1.5, -0.85, -2.05, -0.6, 0.15],
                ],
                [
                    [-2.15, -1.55, -1.35, -1.3, -1.4, -0.1],
                    [0.1, -0.9, -1.8, -1.85, -0.55, -0.7],
                    [-1.45, -0.75, -0.3, -1.05, -0.95, -1.95],
                    [-2.1, -0.65, -0.5, -1.15, -0.15, -1.65],
                ],
            ]
        ]
    )
    expected = np.array([[[[0.0, 0.0], [0.05, -0.05]], [[0.1, -0.55], [-0.3, -0.15]]]])
    out, _ = parts(
        "max_pool_forward_naive",
        max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 3, "stride": 2}),
        ("out", "cache"),
    )
    print("If max_pool_forward_naive works, the error is less than 1e-6:")
    check("max_pool_forward_naive", {"out": out}, {"out": expected})


@without_our_lines
def max_pool_backward_test():
    """Compare `max_pool_backward_naive` with numerical gradients."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3, 2, 6, 8))
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    out, cache = parts(
        "max_pool_forward_naive", max_pool_forward_naive(x, pool_param), ("out", "cache")
    )
    dout = rng.normal(size=out.shape)
    dx = max_pool_backward_naive(dout, cache)
    print(f"If max_pool_backward_naive works, the error is less than {GRADIENT_LIMIT}:")
    expected = _numerical(lambda: max_pool_forward_naive(x, pool_param)[0], {"dx": x}, dout)
    check("max_pool_backward_naive", {"dx": dx}, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def spatial_batchnorm_forward_test():
    """Compare `spatial_batchnorm_forward` with documented values, then test it in mode "test"."""
    x = np.linspace(-1, 2, num=2 * 2 * 2 * 3).reshape(2, 2, 2, 3)
    gamma, beta = np.array([1.5, 0.5]), np.array([-0.5, 1.0])
    bn_param = {"mode": "train", "eps": 1e-5, "momentum": 0.9}
    expected_out = np.array(
        [
            [
                [[-2.54380326, -2.30335582, -2.06290838], [-1.82246093, -1.58201349, -1.34156605]],
                [[0.31873225, 0.39888139, 0.47903054], [0.55917969, 0.63932884, 0.71947798]],
            ],
            [
                [[0.34156605, 0.58201349, 0.82246093], [1.06290838, 1.30335582, 1.54380326]],
                [[1.28052202, 1.36067116, 1.44082031], [1.52096946, 1.60111861, 1.68126775]],
            ],
        ]
    )
    expected_running_mean = np.array([0.01086957, 0.08913043])
    out, _ = parts(
        "spatial_batchnorm_forward",
        spatial_batchnorm_forward(x, gamma, beta, bn_param),
        ("out", "cache"),
    )
    print("If spatial_batchnorm_forward works, the errors are less than 1e-6:")
    got = {"out": out, "running_mean": bn_param.get("running_mean")}
    expected = {"out": expected_out, "running_mean": expected_running_mean}
    check("spatial_batchnorm_forward", got, expected)

    # after many batches the running averages are those of the images: mean 0 and variance 1 again
    rng = np.random.default_rng(3)
    for _ in range(60):
        batch = rng.normal(size=(40, 2, 2, 3)) * [[[3.0]], [[0.5]]] + [[[5.0]], [[-2.0]]]
        spatial_batchnorm_forward(batch, gamma, beta, bn_param)
    bn_param["mode"] = "test"
    tested, _ = parts(
        "spatial_batchnorm_forward",
        spatial_batchnorm_forward(batch, np.ones(2), np.zeros(2), bn_param),
        ("out", "cache"),
    )
    print('In mode "test" means are near 0:', tested.mean(axis=(0, 2, 3)))
    print("and standard deviations near 1:", tested.std(axis=(0, 2, 3)))
    if not np.allclose(tested.mean(axis=(0, 2, 3)), 0, atol=0.3):
        raise Wrong(
            'spatial_batchnorm_forward: in mode "test" the running averages of 61 batches do not '
            "bring the means of the channels near 0. See what is stored in bn_param, and used."
        )


@without_our_lines
def spatial_batchnorm_backward_test():
    """Compare `spatial_batchnorm_backward` with numerical gradients."""
    rng = np.random.default_rng(4)
    x = 5 * rng.normal(size=(2, 3, 4, 5)) + 12
    gamma, beta, dout = rng.normal(size=3), rng.normal(size=3), rng.normal(size=x.shape)
    _, cache = parts(
        "spatial_batchnorm_forward",
        spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"}),
        ("out", "cache"),
    )
    dx, dgamma, dbeta = parts(
        "spatial_batchnorm_backward",
        spatial_batchnorm_backward(dout, cache),
        ("dx", "dgamma", "dbeta"),
    )
    print(f"If spatial_batchnorm_backward works, the errors are less than {GRADIENT_LIMIT}:")
    expected = _numerical(
        lambda: spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})[0],
        {"dx": x, "dgamma": gamma, "dbeta": beta},
        dout,
    )
    got = {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
    check("spatial_batchnorm_backward", got, expected, limit=GRADIENT_LIMIT)


@without_our_lines
def conv_net_test():
    """Compare the loss of `ThreeLayerConvNet` with known values, its gradients numerically."""
    rng = np.random.default_rng(286)
    X, y = rng.normal(size=(4, 2, 4, 6)), rng.integers(5, size=4)
    shapes = {
        "W1": (3, 2, 3, 3), "b1": (3,), "W2": (18, 4), "b2": (4,), "W3": (4, 5), "b3": (5,),
    }  # fmt: skip
    more = {"gamma1": (3,), "beta1": (3,), "gamma2": (4,), "beta2": (4,)}
    params = {name: 0.5 * rng.normal(size=shape) for name, shape in {**shapes, **more}.items()}

    # the losses come from plain sums over pixels, without the layers under test
    for use_batchnorm, expected_loss in ((False, 14.956246951195022), (True, 13.059442878782006)):
        names = {**shapes, **more} if use_batchnorm else shapes
        model = ThreeLayerConvNet(
            (2, 4, 6), num_filters=3, filter_size=3, hidden_dim=4, num_classes=5, reg=0.5,
            dtype=np.float64, use_batchnorm=use_batchnorm,
        )  # fmt: skip
        _check_shapes(model.params, names)
        model.params = {name: params[name].copy() for name in names}
        loss, grads = parts("loss", model.loss(X, y), ("loss", "grads"))
        print("Running check with use_batchnorm =", use_batchnorm)
        print("Loss:", loss)
        if not abs(loss - expected_loss) < 1e-6:
            raise Wrong(
                f"ThreeLayerConvNet: with use_batchnorm = {use_batchnorm} and reg = 0.5 the loss "
                f"must be {expected_loss:.6f}, it is {loss}. See the order of the layers, and "
                "where loss() adds up the softmax loss and the regularization."
            )
        expected = {
            name: eval_numerical_gradient(lambda _, net=model: net.loss(X, y)[0], values)
            for name, values in model.params.items()
            # batch normalization takes away what b1 and b2 add: their gradients are 0
            if not (use_batchnorm and name in {"b1", "b2"})
        }
        lines = {name: f"{name} relative error" for name in expected}
        task = f"conv_net with use_batchnorm = {use_batchnorm}"
        check(task, grads, expected, limit=NET_GRADIENT_LIMIT, printed=lines)


def _numerical(forward, inputs, dout):
    """The numerical gradients of a layer, whose output ``forward()`` computes from ``inputs``.

    Each input stands under the name of its gradient.
    """
    return {
        name: eval_numerical_gradient_array(lambda _: forward(), value, dout)
        for name, value in inputs.items()
    }


def _check_shapes(params, shapes):
    found = {name: np.shape(values) for name, values in params.items()}
    if found != shapes:
        raise Wrong(
            f"ThreeLayerConvNet: params must hold arrays of the shapes {shapes}; it holds {found}."
        )
