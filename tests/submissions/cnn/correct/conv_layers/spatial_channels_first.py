"""Channels to the front, one row for each, and transposed for the batch normalization."""


def _rows(x):
    return np.swapaxes(x, 0, 1).reshape(x.shape[1], -1).T


def _images(rows, shape):
    N, C, H, W = shape
    return rows.T.reshape(C, N, H, W).swapaxes(0, 1)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = batchnorm_forward(_rows(x), gamma, beta, bn_param)
    return _images(out, x.shape), (cache, x.shape)


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward(_rows(dout), cache[0])
    return _images(dx, cache[1]), dgamma, dbeta
