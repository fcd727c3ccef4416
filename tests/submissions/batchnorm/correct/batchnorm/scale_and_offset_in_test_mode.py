"""In test mode the layer is one product and one sum."""


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    zeros = np.zeros(x.shape[1], dtype=x.dtype)
    running_mean = bn_param.get("running_mean", zeros)
    running_var = bn_param.get("running_var", zeros)
    if bn_param["mode"] == "test":
        scale = gamma / np.sqrt(running_var + eps)
        return x * scale + (beta - running_mean * scale), None
    if bn_param["mode"] != "train":
        raise ValueError("mode must be train or test")
    mean, var = x.mean(axis=0), x.var(axis=0)
    scale = 1.0 / np.sqrt(var + eps)
    x_hat = (x - mean) * scale
    bn_param["running_mean"] = running_mean + (1 - momentum) * (mean - running_mean)
    bn_param["running_var"] = running_var + (1 - momentum) * (var - running_var)
    return gamma * x_hat + beta, (x_hat, gamma, scale)
