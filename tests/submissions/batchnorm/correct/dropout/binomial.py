"""The mask by np.random.binomial."""


def dropout_forward(x, dropout_param):
    mode, keep = dropout_param["mode"], 1 - dropout_param["p"]
    if dropout_param.get("seed") is not None:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        mask = np.random.binomial(1, keep, size=x.shape).astype(x.dtype) / keep
        out = x * mask
    elif mode == "test":
        out = x.copy()
    else:
        raise ValueError("mode")
    return out, (mode, mask)
