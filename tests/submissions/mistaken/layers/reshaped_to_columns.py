def affine_forward(x, w, b):
    X = x.reshape((-1, x.shape[0])).T
    out = X.dot(w) + b
    cache = (x, w, b)
    return out, cache
