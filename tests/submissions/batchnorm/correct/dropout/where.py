"""np.where, and a cache that holds the dropped elements and p."""


def dropout_forward(x, dropout_param):
    mode, p = dropout_param["mode"], dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "train":
        dropped = np.random.random_sample(x.shape) < p
        out = np.where(dropped, 0, x / (1 - p)).astype(x.dtype)
        return out, (dropped, p)
    if mode == "test":
        return x, None
    raise ValueError("mode must be train or test")


def dropout_backward(dout, cache):
    if cache is None:
        return dout.copy()
    dropped, p = cache
    dx = dout / (1 - p)
    dx[dropped] = 0
    return dx
