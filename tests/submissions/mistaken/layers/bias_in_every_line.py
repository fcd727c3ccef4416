def affine_forward(x, w, b):
    X = x.reshape((x.shape[0], -1))
    out = X.dot(w) + b
    out += b
    cache = (x, w, b)
    return out, cache
