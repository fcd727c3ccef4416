def relu_backward(dout, cache):
    x = cache
    dx = np.copy(dout)
    dx[dout <= 0] = 0
    return dx
