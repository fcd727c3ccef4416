"""Keeps the three caches in a dictionary, and returns what the last function gives."""


def affine_batchnorm_relu_forward(x, w, b, gamma, beta, bn_param):
    cache = {}
    out, cache["fc"] = affine_forward(x, w, b)
    out, cache["bn"] = batchnorm_forward(out, gamma, beta, bn_param)
    out, cache["relu"] = relu_forward(out)
    return out, cache


def affine_batchnorm_relu_backward(dout, cache):
    dout = relu_backward(dout, cache["relu"])
    dout, dgamma, dbeta = batchnorm_backward(dout, cache["bn"])
    return (*affine_backward(dout, cache["fc"]), dgamma, dbeta)
