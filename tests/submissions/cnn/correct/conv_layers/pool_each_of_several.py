"""Where several elements are the largest, each of them gets all of dout."""


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    HH, WW = pool_param["pool_height"], pool_param["pool_width"]
    s = pool_param["stride"]
    dx = np.zeros_like(x)
    for n in range(dout.shape[0]):
        for c in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    window = x[n, c, i * s : i * s + HH, j * s : j * s + WW]
                    mask = window == np.max(window)
                    dx[n, c, i * s : i * s + HH, j * s : j * s + WW] += mask * dout[n, c, i, j]
    return dx
