"""A matrix of all windows as rows, and back by adding each row to where it came from."""


def _positions(x, w, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    H, W = x.shape[2] + 2 * p, x.shape[3] + 2 * p
    tops = range(0, H - w.shape[2] + 1, s)
    lefts = range(0, W - w.shape[3] + 1, s)
    return tops, lefts


def _pad(x, p):
    padded = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * p, x.shape[3] + 2 * p), x.dtype)
    padded[:, :, p : p + x.shape[2], p : p + x.shape[3]] = x
    return padded


def _columns(x, w, conv_param):
    padded = _pad(x, conv_param["pad"])
    tops, lefts = _positions(x, w, conv_param)
    windows = [
        padded[:, :, t : t + w.shape[2], u : u + w.shape[3]].reshape(len(x), -1)
        for t in tops
        for u in lefts
    ]
    return np.stack(windows, axis=1), len(tops), len(lefts)


def conv_forward_naive(x, w, b, conv_param):
    columns, rows, wide = _columns(x, w, conv_param)
    out = columns @ w.reshape(len(w), -1).T + b
    out = out.transpose(0, 2, 1).reshape(len(x), len(w), rows, wide)
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    columns, rows, wide = _columns(x, w, conv_param)
    flat = dout.reshape(len(x), len(w), -1)
    dw = np.einsum("nfp,npk->fk", flat, columns).reshape(w.shape)
    db = np.einsum("nfp->f", flat)
    dcolumns = np.einsum("nfp,fk->npk", flat, w.reshape(len(w), -1))
    dpadded = np.zeros(_pad(x, conv_param["pad"]).shape)
    tops, lefts = _positions(x, w, conv_param)
    places = [(t, u) for t in tops for u in lefts]
    for number, (t, u) in enumerate(places):
        share = dcolumns[:, number].reshape(len(x), *w.shape[1:])
        dpadded[:, :, t : t + w.shape[2], u : u + w.shape[3]] += share
    p = conv_param["pad"]
    return dpadded[:, :, p : dpadded.shape[2] - p, p : dpadded.shape[3] - p], dw, db
