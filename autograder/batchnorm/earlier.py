"""Right functions for the tasks that a later task builds on, so that each is judged by itself.

Where a student's own batch normalization or dropout is wrong, or a layer of the last homework, the
checks of `affine_batchnorm_relu` and `fc_net` are run once more with these in their place: they are
computed here, by the tester, and the student's process gets the values alone. Every array is
float64, and every function raises an exception where arguments don't fit.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from batchnorm import oracle
from batchnorm.cases import AVERAGES
from optimization import earlier

from kit.checks import derivatives


def batchnorm_forward(x, gamma, beta, bn_param):
    """x (N, D), gamma, beta (D,) -> out (N, D) and a cache; bn_param is changed in train mode."""
    eps = bn_param.get("eps", oracle.EPS)
    zeros = np.zeros(x.shape[1])
    start = {name: bn_param.get(name, zeros) for name in AVERAGES}
    if bn_param["mode"] == "test":
        return oracle.normalized(x, gamma, beta, *start.values(), eps=eps), ()
    bn_param |= oracle.running([x], bn_param.get("momentum", oracle.MOMENTUM), **start)
    return oracle.batchnorm(x, gamma, beta, eps=eps), (x, gamma, beta, eps)


def batchnorm_backward(dout, cache):
    """dout (N, D) and the cache -> dx (N, D), dgamma (D,), dbeta (D,)."""
    *layer, eps = cache
    return derivatives.backward(partial(oracle.batchnorm, eps=eps), dout, *layer)


def dropout_forward(x, dropout_param):
    """x of any shape -> out of that shape; the cache holds what x was multiplied by.

    It is a tuple, so that nobody can give it in place of dout.
    """
    mask = np.ones(x.shape)
    if dropout_param["mode"] == "train":
        rng = np.random.default_rng(dropout_param.get("seed"))
        mask = (rng.random(x.shape) >= dropout_param["p"]) / (1 - dropout_param["p"])
    return x * mask, (mask,)


def dropout_backward(dout, cache):
    """dout in the shape of x and the cache -> dx of that shape."""
    (mask,) = cache
    return dout * mask


def affine_batchnorm_relu_forward(x, w, b, gamma, beta, bn_param):  # noqa: PLR0917 - the taught API
    """x (N, d_1, ..., d_k), w (D, M), b, gamma, beta (M,) -> out (N, M) and a cache."""
    hidden = oracle.affine(oracle.rows(x), w, b)
    out, cache = batchnorm_forward(hidden, gamma, beta, bn_param)
    return oracle.relu(out), (x, w, b, out, cache)


def affine_batchnorm_relu_backward(dout, cache):
    """dout (N, M) and the cache -> dx in the shape of x, dw, db, dgamma, dbeta."""
    x, w, b, out, batchnorm_cache = cache
    dhidden, dgamma, dbeta = batchnorm_backward(np.where(out > 0, dout, 0), batchnorm_cache)
    return (*earlier.affine_backward(dhidden, (x, w, b)), dgamma, dbeta)


LAYERS = (*earlier.LAYERS, "batchnorm_forward", "batchnorm_backward")
EARLIER = {
    "affine_batchnorm_relu": LAYERS,
    "fc_net": (
        *LAYERS,
        "affine_relu",
        "dropout_forward",
        "dropout_backward",
        "affine_batchnorm_relu",
    ),
}
"""Of a task, the earlier tasks whose functions it calls, some of them of the last homework."""
FUNCTIONS = {
    **earlier.FUNCTIONS,
    "batchnorm_forward": {"batchnorm.batchnorm_forward": batchnorm_forward},
    "batchnorm_backward": {"batchnorm.batchnorm_backward": batchnorm_backward},
    "dropout_forward": {"dropout.dropout_forward": dropout_forward},
    "dropout_backward": {"dropout.dropout_backward": dropout_backward},
    "affine_batchnorm_relu": {
        "batchnorm_utils.affine_batchnorm_relu_forward": affine_batchnorm_relu_forward,
        "batchnorm_utils.affine_batchnorm_relu_backward": affine_batchnorm_relu_backward,
    },
}
"""Of a task, the functions that are right, by module and name."""
