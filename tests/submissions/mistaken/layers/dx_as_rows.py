def affine_backward(dout, cache):
    x, w, b = cache
    rows = np.array([example.ravel() for example in x])
    dx = np.matmul(dout, np.transpose(w))
    dw = np.matmul(np.transpose(rows), dout)
    db = np.sum(dout, 0)
    return dx, dw, db
