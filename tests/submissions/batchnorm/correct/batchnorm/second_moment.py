"""σ² as the mean of x² less the square of the mean, of values that are centered first."""


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], x.dtype))
    if bn_param["mode"] == "train":
        mean = x.mean(axis=0)
        centered = x - mean
        var = (centered * centered).mean(axis=0) - centered.mean(axis=0) ** 2
        istd = np.power(var + eps, -0.5)
        out = centered * (gamma * istd) + beta
        cache = (centered * istd, gamma, istd)
        running_mean = running_mean * momentum + mean * (1.0 - momentum)
        running_var = running_var * momentum + var * (1.0 - momentum)
    elif bn_param["mode"] == "test":
        out, cache = (x - running_mean) * (gamma * (running_var + eps) ** -0.5) + beta, "test"
    else:
        raise ValueError(bn_param["mode"])
    bn_param.update(running_mean=running_mean, running_var=running_var)
    return out, cache
