def affine_forward(x, w, b):
    out = None
    x = x.reshape(x.shape[0], -1)
    out = np.dot(x, w) + b
    cache = (x, w, b)
    return out, cache
