"""A RandomState of its own; without a seed one that goes on from call to call."""

_SHARED = np.random.RandomState()


def dropout_forward(x, dropout_param):
    mode, p = dropout_param["mode"], dropout_param["p"]
    rng = np.random.RandomState(dropout_param["seed"]) if "seed" in dropout_param else _SHARED
    if mode == "train":
        keep = rng.uniform(size=x.shape) > p
        return x * keep / x.dtype.type(1 - p), (mode, keep, x.dtype.type(1 - p))
    if mode == "test":
        return x, (mode, None, None)
    raise ValueError("mode")


def dropout_backward(dout, cache):
    mode, keep, share = cache
    return dout if mode == "test" else dout * keep / share
