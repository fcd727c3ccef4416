def relu_forward(x):
    out = x
    out[out < 0] = 0
    cache = x
    return out, cache
