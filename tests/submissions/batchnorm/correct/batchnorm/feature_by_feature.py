"""Slow and plain: a loop over the features."""


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype)).copy()
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype)).copy()
    out, x_hat, std = np.empty_like(x), np.empty_like(x), np.empty_like(gamma)
    for d in range(D):
        column = x[:, d]
        if bn_param["mode"] == "train":
            mean, var = column.mean(), column.var()
            running_mean[d] = momentum * running_mean[d] + (1 - momentum) * mean
            running_var[d] = momentum * running_var[d] + (1 - momentum) * var
        elif bn_param["mode"] == "test":
            mean, var = running_mean[d], running_var[d]
        else:
            raise ValueError("mode")
        std[d] = np.sqrt(var + eps)
        x_hat[:, d] = (column - mean) / std[d]
        out[:, d] = gamma[d] * x_hat[:, d] + beta[d]
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, (x_hat, std, gamma)


def batchnorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dx, dgamma, dbeta = np.empty_like(dout), np.empty_like(gamma), np.empty_like(gamma)
    for d in range(dout.shape[1]):
        g, n = dout[:, d], x_hat[:, d]
        dgamma[d], dbeta[d] = g @ n, g.sum()
        dx[:, d] = gamma[d] / std[d] * (g - g.mean() - n * (g @ n) / len(g))
    return dx, dgamma, dbeta
