"""Every product by itself, without a padded image: what lies beyond the edge is skipped."""


def _products(x, w, conv_param, shape):
    """The indices (n, f, c, i, j, row, column, k, l) of all products with a pixel of x."""
    s, p = conv_param["stride"], conv_param["pad"]
    for n, f, i, j in np.ndindex(shape):
        for c, k, m in np.ndindex(w.shape[1:]):
            row, column = i * s + k - p, j * s + m - p
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                yield (n, f, i, j), (n, c, row, column), (f, c, k, m)


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    rows = (x.shape[2] + 2 * p - w.shape[2]) // s + 1
    columns = (x.shape[3] + 2 * p - w.shape[3]) // s + 1
    out = np.zeros((x.shape[0], w.shape[0], rows, columns))
    for f in range(len(b)):
        out[:, f] = b[f]
    for at_out, at_x, at_w in _products(x, w, conv_param, out.shape):
        out[at_out] += x[at_x] * w[at_w]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for at_out, at_x, at_w in _products(x, w, conv_param, dout.shape):
        dx[at_x] += dout[at_out] * w[at_w]
        dw[at_w] += dout[at_out] * x[at_x]
    return dx, dw, np.array([dout[:, f].sum() for f in range(len(b))])
