def relu_backward(dout, cache):
    x = cache
    out = np.maximum(x, 0)
    dx = out * dout
    return dx
