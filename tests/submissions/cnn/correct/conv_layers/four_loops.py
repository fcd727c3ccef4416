"""One loop for each index of the output, forwards and backwards."""


def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    s, p = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)], mode="constant")
    H_out, W_out = int(1 + (H + 2 * p - HH) / s), int(1 + (W + 2 * p - WW) / s)
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = padded[n, :, i * s : i * s + HH, j * s : j * s + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    _, _, HH, WW = w.shape
    padded = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)], mode="constant")
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
    N, F, H_out, W_out = dout.shape
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    d = dout[n, f, i, j]
                    db[f] += d
                    dw[f] += d * padded[n, :, i * s : i * s + HH, j * s : j * s + WW]
                    dpadded[n, :, i * s : i * s + HH, j * s : j * s + WW] += d * w[f]
    dx = dpadded if p == 0 else dpadded[:, :, p:-p, p:-p]
    return dx, dw, db
