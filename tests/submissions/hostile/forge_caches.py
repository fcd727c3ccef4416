# idea: a cache nested as deep as may travel, full of what may travel, which comes back
# module: layer_utils
# fails: none
# prints: came back

import numpy as np

_forward, _backward = affine_relu_forward, affine_relu_backward


def affine_relu_forward(x, w, b):
    out, cache = _forward(x, w, b)
    odd = [np.float32, b"\0" * 100, float("nan"), -(2**63), np.bool_(True), np.zeros((0, 3))]
    cache = (*cache, {"\ud800": odd})
    for _ in range(25):
        cache = [cache]
    return out, cache


def affine_relu_backward(dout, cache):
    while len(cache) == 1:
        (cache,) = cache
    print("came back", flush=True)
    return _backward(dout, cache[:2])
