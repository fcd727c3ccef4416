"""Draws a mask in both modes, and uses it in one."""


def dropout_forward(x, dropout_param):
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    p, mode = dropout_param["p"], dropout_param["mode"]
    mask = np.random.uniform(0, 1, x.shape) >= p
    if mode == "train":
        out = np.divide(x * mask, 1 - p, dtype=x.dtype)
    elif mode == "test":
        out = np.array(x)
    else:
        raise ValueError(mode)
    return out, (dropout_param["mode"], mask, p)


def dropout_backward(dout, cache):
    mode, mask, p = cache
    if mode == "test":
        return np.array(dout)
    return np.divide(dout * mask, 1 - p, dtype=dout.dtype)
