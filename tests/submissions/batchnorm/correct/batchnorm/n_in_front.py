"""dx with N in front of dout, the whole divided by N."""


def batchnorm_backward(dout, cache):
    x_hat, gamma, istd = cache
    N = dout.shape[0]
    dgamma = (x_hat * dout).sum(0)
    dbeta = dout.sum(0)
    dx = (gamma * istd / N) * (N * dout - x_hat * dgamma - dbeta)
    return dx, dgamma, dbeta
