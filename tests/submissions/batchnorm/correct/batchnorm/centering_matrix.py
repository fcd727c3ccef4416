"""Means as products with a matrix, and dx by the Jacobian of each feature."""


def batchnorm_backward(dout, cache):
    x_hat, gamma, istd = cache
    N = len(dout)
    dx = np.empty_like(dout)
    for d in range(dout.shape[1]):
        n = x_hat[:, d : d + 1]
        jacobian = np.eye(N, dtype=dout.dtype) - 1 / N - n @ n.T / N
        dx[:, d] = gamma[d] * istd[d] * (jacobian @ dout[:, d])
    ones = np.ones(N, dtype=dout.dtype)
    return dx, ones @ (dout * x_hat), ones @ dout
