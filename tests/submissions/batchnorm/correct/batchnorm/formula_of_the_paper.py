"""The chain rule as the paper writes it: by σ², by μ, by x."""


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    if bn_param["mode"] == "test":
        mean = bn_param.get("running_mean", np.zeros_like(x[0]))
        var = bn_param.get("running_var", np.zeros_like(x[0]))
        return gamma * (x - mean) / np.sqrt(var + eps) + beta, ()
    if bn_param["mode"] != "train":
        raise ValueError(bn_param["mode"])
    mean, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    for name, value in (("running_mean", mean), ("running_var", var)):
        old = bn_param.get(name, np.zeros_like(value))
        bn_param[name] = momentum * old + (1 - momentum) * value
    return gamma * x_hat + beta, (x, x_hat, mean, var, eps, gamma)


def batchnorm_backward(dout, cache):
    x, x_hat, mean, var, eps, gamma = cache
    m = len(x)
    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmean = np.sum(-dx_hat / np.sqrt(var + eps), axis=0)
    dmean = dmean + dvar * np.sum(-2 * (x - mean), axis=0) / m
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mean) / m + dmean / m
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
