"""Right functions for the tasks that a later task builds on, so that each is judged by itself.

Where the code of an earlier homework, or the student's own spatial batch normalization, is wrong,
the checks of the tasks that call it are run once more with these in their place: they are computed
here, by the tester, and the student's process gets the values alone. Every array is float64, and
every function raises an exception where arguments don't fit.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import oracle

from kit.checks import derivatives


def affine_forward(x, w, b):
    """x (N, d_1, ..., d_k), w (D, M), b (M,) -> out (N, M) and the cache (x, w, b)."""
    return oracle.affine(x.reshape(len(x), -1), w, b), (x, w, b)


def affine_backward(dout, cache):
    """dout (N, M) -> dx in the shape of x, dw (D, M), db (M,)."""
    x, w, _ = cache
    dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)
    return dx, np.einsum("nd,nm->dm", x.reshape(len(x), -1), dout), np.einsum("nm->m", dout)


def relu_forward(x):
    """x of any shape -> out of that shape and the cache x."""
    return oracle.relu(x), x


def relu_backward(dout, cache):
    """dout in the shape of x, which is the cache -> dx of that shape."""
    return np.where(cache > 0, dout, 0)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """x (N, C, H, W) -> out and a cache; bn_param is changed in place in mode "train"."""
    names, eps = ("running_mean", "running_var"), bn_param.get("eps", 1e-5)
    known = {name: bn_param.get(name, np.zeros(x.shape[1])) for name in names}
    if bn_param["mode"] == "test":
        return oracle.normalized(x, gamma, beta, tuple(known.values()), eps), ()
    new = oracle.running_averages([x], momentum=bn_param.get("momentum", 0.9), **known)
    bn_param |= {name: values[-1] for name, values in zip(names, new, strict=True)}
    return oracle.spatial_batchnorm(x, gamma, beta, eps=eps), (x, gamma, beta, eps)


def spatial_batchnorm_backward(dout, cache):
    """dout (N, C, H, W) and the cache -> dx, dgamma (C,), dbeta (C,)."""
    *layer, eps = cache
    return derivatives.backward(partial(oracle.spatial_batchnorm, eps=eps), dout, *layer)


def batchnorm_forward(x, gamma, beta, bn_param):
    """x (N, D), whose features are channels of one pixel -> out (N, D) and a cache."""
    out, cache = spatial_batchnorm_forward(x[:, :, None, None], gamma, beta, bn_param)
    return out[:, :, 0, 0], cache


def batchnorm_backward(dout, cache):
    """dout (N, D) and the cache -> dx (N, D), dgamma (D,), dbeta (D,)."""
    dx, dgamma, dbeta = spatial_batchnorm_backward(dout[:, :, None, None], cache)
    return dx[:, :, 0, 0], dgamma, dbeta


LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
BATCHNORM = ("batchnorm_forward", "batchnorm_backward")
SPATIAL = ("spatial_batchnorm_forward", "spatial_batchnorm_backward")
EARLIER = {
    "spatial_batchnorm_forward": BATCHNORM,
    "spatial_batchnorm_backward": BATCHNORM,
    "conv_net": (*LAYERS, *BATCHNORM, *SPATIAL),
}
"""Of a task, the earlier tasks whose functions it calls, of this homework and of those before."""
FUNCTIONS = {
    "affine_forward": {"layers.affine_forward": affine_forward},
    "affine_backward": {"layers.affine_backward": affine_backward},
    "relu_forward": {"layers.relu_forward": relu_forward},
    "relu_backward": {"layers.relu_backward": relu_backward},
    "batchnorm_forward": {"batchnorm.batchnorm_forward": batchnorm_forward},
    "batchnorm_backward": {"batchnorm.batchnorm_backward": batchnorm_backward},
    "spatial_batchnorm_forward": {
        "conv_layers.spatial_batchnorm_forward": spatial_batchnorm_forward
    },
    "spatial_batchnorm_backward": {
        "conv_layers.spatial_batchnorm_backward": spatial_batchnorm_backward
    },
}
"""Of a task, the functions that are right, by module and name."""
