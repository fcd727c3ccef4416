"""Loops over examples and units."""


def affine_forward(x, w, b):
    N, M = x.shape[0], w.shape[1]
    out = np.zeros((N, M))
    for n in range(N):
        row = x[n].flatten()
        for m in range(M):
            out[n, m] = np.sum(row * w[:, m]) + b[m]
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for n in range(x.shape[0]):
        dx[n] = np.dot(w, dout[n]).reshape(x[n].shape)
        dw += np.outer(x[n].ravel(), dout[n])
        db += dout[n]
    return dx, dw, db


def relu_forward(x):
    out = np.array([value if value > 0 else 0.0 for value in x.ravel()]).reshape(x.shape)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx = np.zeros_like(dout)
    for i in np.ndindex(cache.shape):
        if cache[i] > 0:
            dx[i] = dout[i]
    return dx
