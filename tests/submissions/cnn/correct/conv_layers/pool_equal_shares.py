"""Where several elements are the largest, they share dout equally; windows by columns of offsets."""


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    high, wide, stride = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    rows, columns = dout.shape[2:]
    dx = np.zeros(x.shape)
    corners = [
        np.s_[:, :, k : k + stride * (rows - 1) + 1 : stride, m : m + stride * (columns - 1) + 1 : stride]
        for k in range(high)
        for m in range(wide)
    ]
    values = np.stack([x[corner] for corner in corners])
    largest = values == values.max(axis=0)
    shares = largest / largest.sum(axis=0) * dout
    for corner, share in zip(corners, shares):
        dx[corner] += share
    return dx
