"""The running variance is divided by m - 1, as in the paper; the output by m."""


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    before = np.copy(bn_param.get("running_var", np.zeros(x.shape[1])))
    rows = np.moveaxis(x, 1, -1)
    out, cache = batchnorm_forward(rows.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        share = bn_param.get("momentum", 0.9)
        unbiased = np.var(x, axis=(0, 2, 3), ddof=1)
        bn_param["running_var"] = share * before + (1 - share) * unbiased
    return np.moveaxis(out.reshape(rows.shape), -1, 1), cache
