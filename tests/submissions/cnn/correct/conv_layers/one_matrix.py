"""The whole convolution as one matrix (F·H'·W', C·H·W), forwards and, transposed, backwards."""


def _matrix(x, w, conv_param):
    """The matrix, and for each of its entries which weight it is (-1 for none)."""
    s, p = conv_param["stride"], conv_param["pad"]
    _, C, H, W = x.shape
    F, _, HH, WW = w.shape
    rows, columns = (H + 2 * p - HH) // s + 1, (W + 2 * p - WW) // s + 1
    which = np.full((F, rows, columns, C, H, W), -1)
    numbers = np.arange(w.size).reshape(w.shape)
    for i, j, k, m in np.ndindex(rows, columns, HH, WW):
        row, column = i * s + k - p, j * s + m - p
        if 0 <= row < H and 0 <= column < W:
            which[:, i, j, :, row, column] = numbers[:, :, k, m]
    which = which.reshape(F * rows * columns, C * H * W)
    return np.where(which >= 0, w.reshape(-1)[which], 0), which, (F, rows, columns)


def conv_forward_naive(x, w, b, conv_param):
    matrix, _, shape = _matrix(x, w, conv_param)
    out = (x.reshape(len(x), -1) @ matrix.T).reshape(len(x), *shape)
    return out + b.reshape(1, -1, 1, 1), (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    matrix, which, _ = _matrix(x, w, conv_param)
    flat = dout.reshape(len(x), -1)
    dx = (flat @ matrix).reshape(x.shape)
    dmatrix = flat.T @ x.reshape(len(x), -1)
    dw = np.bincount(which[which >= 0], weights=dmatrix[which >= 0], minlength=w.size)
    return dx, dw.reshape(w.shape), dout.sum((0, 2, 3))
