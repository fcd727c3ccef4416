def relu_backward(dout, cache):
    x = cache
    N = x.shape[0]
    if x.ndim == 1:
        x = x.reshape(N, 1)
    dx = dout * (x > 0)
    return dx
