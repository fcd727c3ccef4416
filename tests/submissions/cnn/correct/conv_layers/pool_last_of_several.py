"""Where several elements are the largest, the last of them gets dout; the loop says >=."""


def max_pool_forward_naive(x, pool_param):
    high, wide, stride = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    rows, columns = (x.shape[2] - high) // stride + 1, (x.shape[3] - wide) // stride + 1
    out = np.full((x.shape[0], x.shape[1], rows, columns), -np.inf)
    for i in range(rows):
        for j in range(columns):
            for k in range(high):
                for m in range(wide):
                    candidate = x[:, :, i * stride + k, j * stride + m]
                    out[:, :, i, j] = np.maximum(out[:, :, i, j], candidate)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    stride = pool_param["stride"]
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        best, place = -np.inf, None
        for row in range(i * stride, i * stride + pool_param["pool_height"]):
            for column in range(j * stride, j * stride + pool_param["pool_width"]):
                if x[n, c, row, column] >= best:
                    best, place = x[n, c, row, column], (row, column)
        dx[n, c, place[0], place[1]] += dout[n, c, i, j]
    return dx
