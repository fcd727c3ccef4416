"""Keeps what is drawn below 1 - p."""


def dropout_forward(x, dropout_param):
    mode, q = dropout_param["mode"], 1.0 - dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = np.ones(x.shape, dtype=x.dtype)
    if mode == "train":
        mask = ((np.random.rand(*x.shape) < q) / q).astype(x.dtype, copy=False)
    elif mode != "test":
        raise ValueError("mode")
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache
