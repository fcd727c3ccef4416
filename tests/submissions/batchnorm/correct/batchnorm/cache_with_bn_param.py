"""The cache holds the inputs, bn_param among them, and the batch's own statistics."""


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], x.dtype))
    if bn_param["mode"] == "train":
        sample_mean, sample_var = x.mean(0), x.var(0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * sample_mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * sample_var
        bn_param["sample_mean"], bn_param["sample_var"] = sample_mean, sample_var
        x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)
    elif bn_param["mode"] == "test":
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        sample_mean, sample_var = running_mean, running_var
    else:
        raise ValueError("mode")
    return x_hat * gamma + beta, (x, gamma, beta, bn_param, sample_mean, sample_var, eps)


def batchnorm_backward(dout, cache):
    x, gamma, beta, bn_param, mean, var, eps = cache
    inverse = (var + eps) ** -0.5
    centered = x - mean
    dgamma = np.einsum("nd,nd->d", dout, centered * inverse)
    dbeta = np.einsum("nd->d", dout)
    dx = gamma * inverse * (dout - dout.mean(0) - centered * inverse**2 * (dout * centered).mean(0))
    return dx, dgamma, dbeta
