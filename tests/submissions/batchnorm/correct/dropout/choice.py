"""The mask by np.random.choice of the two values that it can have."""


def dropout_forward(x, dropout_param):
    mode, p = dropout_param["mode"], dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "train":
        values = np.array([0, 1 / (1 - p)], dtype=x.dtype)
        mask = np.random.choice(values, size=x.shape, p=[p, 1 - p])
        return x * mask, (mode, mask)
    if mode != "test":
        raise ValueError(mode)
    return x * 1, (mode, np.ones_like(x))
