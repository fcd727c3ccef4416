"""max(0, x) = (x + |x|) / 2, and its derivative (1 + sign(x)) / 2, which is 1/2 at the kink."""


def relu_forward(x):
    return (x + np.abs(x)) / 2, x


def relu_backward(dout, cache):
    return dout * (1 + np.sign(cache)) / 2
