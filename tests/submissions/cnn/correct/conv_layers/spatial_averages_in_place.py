"""The arrays of the running averages are changed in place, once they are there."""


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.setdefault("eps", 1e-5)
    momentum = bn_param.setdefault("momentum", 0.9)
    C = x.shape[1]
    mean = bn_param.setdefault("running_mean", np.zeros(C))
    var = bn_param.setdefault("running_var", np.zeros(C))
    if bn_param["mode"] == "train":
        mu = np.einsum("nchw->c", x) / (x.size / C)
        centered = x - mu[:, None, None]
        sigma2 = np.einsum("nchw,nchw->c", centered, centered) / (x.size / C)
        mean *= momentum
        mean += (1 - momentum) * mu
        var *= momentum
        var += (1 - momentum) * sigma2
    else:
        mu, sigma2 = mean, var
        centered = x - mu[:, None, None]
    inverse = 1 / np.sqrt(sigma2 + eps)
    out = centered * (gamma * inverse)[:, None, None] + beta[:, None, None]
    return out, (centered, inverse, gamma)


def spatial_batchnorm_backward(dout, cache):
    centered, inverse, gamma = cache
    m = dout.size / dout.shape[1]
    dbeta = np.einsum("nchw->c", dout)
    along = np.einsum("nchw,nchw->c", dout, centered)
    dgamma = along * inverse
    dx = dout - (dbeta / m)[:, None, None] - centered * (along * inverse**2 / m)[:, None, None]
    return dx * (gamma * inverse)[:, None, None], dgamma, dbeta
