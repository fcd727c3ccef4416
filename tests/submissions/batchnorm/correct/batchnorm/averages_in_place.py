"""The running averages are arrays that are changed in place."""


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps, m = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    for name in ("running_mean", "running_var"):
        if name not in bn_param:
            bn_param[name] = np.zeros(x.shape[1], dtype=x.dtype)
    if mode == "train":
        mean = x.mean(0)
        var = ((x - mean) ** 2).mean(0)
        x_hat = (x - mean) / np.sqrt(var + eps)
        bn_param["running_mean"] *= m
        bn_param["running_mean"] += (1 - m) * mean
        bn_param["running_var"] *= m
        bn_param["running_var"] += (1 - m) * var
        return gamma * x_hat + beta, (x_hat, gamma, 1 / np.sqrt(var + eps))
    if mode == "test":
        x_hat = (x - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + eps)
        return gamma * x_hat + beta, None
    raise ValueError("mode")
