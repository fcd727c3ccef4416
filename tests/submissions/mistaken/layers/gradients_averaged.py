def affine_backward(dout, cache):
    x, w, b = cache
    m = x.shape[0]
    dx = dout.dot(w.T).reshape(x.shape)
    dw = 1.0 / m * x.reshape(m, -1).T.dot(dout)
    db = 1.0 / m * dout.sum(axis=0)
    return dx, dw, db
