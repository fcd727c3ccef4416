def affine_forward(x, w, b):
    out = np.dot(w, x.reshape(x.shape[0], -1)) + b
    cache = (x, w, b)
    return out, cache
