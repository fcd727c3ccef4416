def relu_backward(dout, cache):
    x = cache
    x_r = np.reshape(x, (x.shape[0], -1))
    dx = np.multiply(np.reshape(dout, (x.shape[0], -1)), x_r > 0)
    return dx
