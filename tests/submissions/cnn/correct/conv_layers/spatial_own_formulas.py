"""Mean and variance over three axes, without the batch normalization of the last homework."""


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    wide = (1, -1, 1, 1)
    if bn_param["mode"] == "test":
        normal = (x - running_mean.reshape(wide)) / np.sqrt(running_var.reshape(wide) + eps)
        return gamma.reshape(wide) * normal + beta.reshape(wide), None
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    root = np.sqrt(var + eps).reshape(wide)
    normal = (x - mean.reshape(wide)) / root
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma.reshape(wide) * normal + beta.reshape(wide), (normal, root, gamma)


def spatial_batchnorm_backward(dout, cache):
    normal, root, gamma = cache
    over, m = (0, 2, 3), dout.shape[0] * dout.shape[2] * dout.shape[3]
    dgamma, dbeta = np.sum(dout * normal, axis=over), np.sum(dout, axis=over)
    g = dout * gamma.reshape(1, -1, 1, 1)
    dx = m * g - g.sum(axis=over, keepdims=True)
    dx -= normal * (g * normal).sum(axis=over, keepdims=True)
    return dx / (m * root), dgamma, dbeta
