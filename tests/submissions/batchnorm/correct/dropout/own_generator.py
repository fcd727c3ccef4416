"""A generator of its own, seeded or not."""


def dropout_forward(x, dropout_param):
    mode, p = dropout_param["mode"], dropout_param["p"]
    rng = np.random.default_rng(dropout_param.get("seed"))
    if mode == "train":
        mask = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)
        return x * mask, ("train", mask)
    if mode == "test":
        return x, ("test", None)
    raise ValueError("mode")
