"""Backwards through every step of the forward pass, with an object as the cache."""


class _Seen:
    def __init__(self, **values):
        self.__dict__.update(values)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps = bn_param["mode"], bn_param.get("eps", 1e-5)
    shape = x.transpose(0, 2, 3, 1).shape
    flat = x.transpose(0, 2, 3, 1).reshape(-1, shape[-1])
    mean, var = flat.mean(axis=0), flat.var(axis=0)
    if mode == "test":
        mean, var = bn_param["running_mean"], bn_param["running_var"]
    else:
        share = bn_param.get("momentum", 0.9)
        for name, new in (("running_mean", mean), ("running_var", var)):
            bn_param[name] = share * bn_param.get(name, np.zeros_like(new)) + (1 - share) * new
    centered = flat - mean
    root = np.sqrt(var + eps)
    normal = centered / root
    out = (gamma * normal + beta).reshape(shape).transpose(0, 3, 1, 2)
    return out, _Seen(centered=centered, root=root, normal=normal, gamma=gamma, shape=shape)


def spatial_batchnorm_backward(dout, cache):
    d = dout.transpose(0, 2, 3, 1).reshape(-1, cache.shape[-1])
    m = len(d)
    dnormal = d * cache.gamma
    dcentered = dnormal / cache.root
    droot = -np.sum(dnormal * cache.centered, axis=0) / cache.root**2
    dvar = droot / (2 * cache.root)
    dcentered = dcentered + 2 * cache.centered * dvar / m
    dmean = -dcentered.sum(axis=0)
    dx = (dcentered + dmean / m).reshape(cache.shape).transpose(0, 3, 1, 2)
    return dx, np.sum(d * cache.normal, axis=0), np.sum(d, axis=0)
