"""Right functions for the tasks that a later task builds on, so that each is judged by itself.

Where a student's own layers are wrong, the checks of `affine_relu` and `fc_net` are run once more
with these in their place: they are computed here, by the tester, and the student's process gets the
values alone. Every array is float64, and every function raises ValueError where shapes don't fit.
"""

from __future__ import annotations

import numpy as np
from optimization import oracle


def affine_forward(x, w, b):
    """x (N, d_1, ..., d_k), w (D, M), b (M,) -> out (N, M) and the cache (x, w, b)."""
    return oracle.affine(oracle.rows(x), w, b), (x, w, b)


def affine_backward(dout, cache):
    """dout (N, M) -> dx in the shape of x, dw (D, M), db (M,)."""
    x, w, _ = cache
    dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)
    return dx, np.einsum("nd,nm->dm", oracle.rows(x), dout), np.einsum("nm->m", dout)


def relu_forward(x):
    """x of any shape -> out of that shape and the cache x."""
    return oracle.relu(x), x


def relu_backward(dout, cache):
    """dout in the shape of x, which is the cache -> dx of that shape."""
    return np.where(cache > 0, dout, 0)


def affine_relu_forward(x, w, b):
    """A ReLU after an affine layer; the cache is that of both."""
    out, cache = affine_forward(x, w, b)
    return oracle.relu(out), (cache, out)


def affine_relu_backward(dout, cache):
    """Backwards through both -> dx, dw, db."""
    affine_cache, out = cache
    return affine_backward(relu_backward(dout, out), affine_cache)


LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
EARLIER = {"affine_relu": LAYERS, "fc_net": (*LAYERS, "affine_relu")}
"""Of a task, the earlier tasks whose functions it calls."""
FUNCTIONS = {
    "affine_forward": {"layers.affine_forward": affine_forward},
    "affine_backward": {"layers.affine_backward": affine_backward},
    "relu_forward": {"layers.relu_forward": relu_forward},
    "relu_backward": {"layers.relu_backward": relu_backward},
    "affine_relu": {
        "layer_utils.affine_relu_forward": affine_relu_forward,
        "layer_utils.affine_relu_backward": affine_relu_backward,
    },
}
"""Of a task, the functions that are right, by module and name."""
