"""np.mean and np.var; the cache holds x, and the backward pass computes all anew."""


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps = bn_param["mode"], bn_param.setdefault("eps", 1e-5)
    momentum = bn_param.setdefault("momentum", 0.9)
    bn_param.setdefault("running_mean", np.zeros(x.shape[1], x.dtype))
    bn_param.setdefault("running_var", np.zeros(x.shape[1], x.dtype))
    if mode == "train":
        mu, var = np.mean(x, axis=0), np.var(x, axis=0)
        bn_param["running_mean"] = momentum * bn_param["running_mean"] + (1 - momentum) * mu
        bn_param["running_var"] = momentum * bn_param["running_var"] + (1 - momentum) * var
    elif mode == "test":
        mu, var = bn_param["running_mean"], bn_param["running_var"]
    else:
        raise ValueError("unknown mode")
    return (x - mu) / np.sqrt(var + eps) * gamma + beta, {"x": x, "gamma": gamma, "eps": eps}


def batchnorm_backward(dout, cache):
    x, gamma, eps = cache["x"], cache["gamma"], cache["eps"]
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    g = dout * gamma
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
