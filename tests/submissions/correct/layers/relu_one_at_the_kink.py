"""The derivative at 0 is 1: as good a choice as 0."""


def relu_forward(x):
    out = x * (x >= 0)
    return out, x


def relu_backward(dout, cache):
    return np.where(cache >= 0, dout, 0)
