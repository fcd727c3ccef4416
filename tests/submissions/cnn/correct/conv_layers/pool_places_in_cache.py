"""The forward pass remembers where it found the largest, behind what the text names."""


def max_pool_forward_naive(x, pool_param):
    high, wide, stride = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    rows, columns = 1 + (x.shape[2] - high) // stride, 1 + (x.shape[3] - wide) // stride
    out, places = np.empty((*x.shape[:2], rows, columns)), {}
    for n, c, i, j in np.ndindex(out.shape):
        window = x[n, c, i * stride :, j * stride :][:high, :wide]
        k, m = divmod(int(np.argmax(window)), wide)
        places[n, c, i, j] = (n, c, i * stride + k, j * stride + m)
        out[n, c, i, j] = window[k, m]
    return out, (x, pool_param, places)


def max_pool_backward_naive(dout, cache):
    x, _, places = cache
    dx = np.zeros_like(x)
    for place, at in places.items():
        dx[at] += dout[place]
    return dx
