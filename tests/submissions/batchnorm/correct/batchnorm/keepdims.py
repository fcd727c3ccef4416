"""Statistics of shape (1, D) until they are stored."""


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    if mode == "train":
        mean = np.mean(x, axis=0, keepdims=True)
        var = np.var(x, axis=0, keepdims=True)
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        out = gamma.reshape(1, -1) * x_hat + beta.reshape(1, -1)
        running_mean = momentum * running_mean + (1 - momentum) * mean.ravel()
        running_var = momentum * running_var + (1 - momentum) * var.ravel()
        cache = (x_hat, gamma, std)
    elif mode == "test":
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
        cache = None
    else:
        raise ValueError(mode)
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_hat, gamma, std = cache
    dx_hat = dout * gamma[None, :]
    dx = dx_hat - dx_hat.mean(axis=0, keepdims=True)
    dx -= x_hat * np.mean(dx_hat * x_hat, axis=0, keepdims=True)
    dx /= std
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
