"""Keeps a count of batches in bn_param, and returns its cache as a dictionary."""


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param["eps"] if "eps" in bn_param else 1e-5
    momentum = bn_param["momentum"] if "momentum" in bn_param else 0.9
    if "running_mean" not in bn_param:
        bn_param["running_mean"] = np.zeros_like(x[0])
        bn_param["running_var"] = np.zeros_like(x[0])
    cache = {}
    if bn_param["mode"] == "train":
        bn_param["batches"] = bn_param.get("batches", 0) + 1
        cache["mean"], cache["var"] = x.mean(0), x.var(0)
        for name in ("mean", "var"):
            average = bn_param["running_" + name]
            bn_param["running_" + name] = average * momentum + cache[name] * (1 - momentum)
    elif bn_param["mode"] == "test":
        cache["mean"], cache["var"] = bn_param["running_mean"], bn_param["running_var"]
    else:
        raise ValueError("mode")
    cache["istd"] = 1 / np.sqrt(cache["var"] + eps)
    cache["x_hat"], cache["gamma"] = (x - cache["mean"]) * cache["istd"], gamma
    return gamma * cache["x_hat"] + beta, cache


def batchnorm_backward(dout, cache):
    x_hat = cache["x_hat"]
    dgamma, dbeta = (dout * x_hat).sum(0), dout.sum(0)
    inner = dout - dbeta / dout.shape[0] - x_hat * dgamma / dout.shape[0]
    return cache["gamma"] * cache["istd"] * inner, dgamma, dbeta
