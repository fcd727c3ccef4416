# idea: infinities and the largest floats, whose differences overflow
# fails: adam, rmsprop


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    config.update(a=np.full_like(w, np.inf))
    return np.full_like(w, -np.inf), config


def adam(w, dw, config=None):
    config = {} if config is None else config
    huge = np.full(w.shape, -np.finfo(float).max)
    config.update(v=huge, a=huge, t=2**64 - 1)
    return huge, config
