"""A loop over the channels, each normalized as the only feature of a batch."""


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    names = ("running_mean", "running_var")
    out, caches = np.empty(x.shape), []
    kept = {name: np.array(bn_param.get(name, np.zeros(x.shape[1])), float) for name in names}
    for c in range(x.shape[1]):
        own = {**bn_param, **{name: kept[name][c : c + 1] for name in names}}
        column, cache = batchnorm_forward(
            x[:, c].reshape(-1, 1), gamma[c : c + 1], beta[c : c + 1], own
        )
        out[:, c] = column.reshape(x[:, c].shape)
        caches.append(cache)
        for name in names:
            kept[name][c] = own[name][0]
    if bn_param["mode"] == "train":
        bn_param.update(kept)
    return out, caches


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = np.empty(dout.shape), np.empty(len(cache)), np.empty(len(cache))
    for c, own in enumerate(cache):
        column, (dgamma[c],), (dbeta[c],) = batchnorm_backward(dout[:, c].reshape(-1, 1), own)
        dx[:, c] = column.reshape(dout[:, c].shape)
    return dx, dgamma, dbeta
