"""The mask is made of the output, which is positive where the input of the ReLU was."""


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, _ = relu_forward(a)
    return out, [fc_cache, out]


def affine_relu_backward(dout, cache):
    fc_cache, out = cache
    da = relu_backward(dout, out)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db
