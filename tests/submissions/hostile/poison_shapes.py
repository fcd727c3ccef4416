# idea: arrays are reshaped, retyped and resized in place
# fails: adam, rmsprop

_adam, _rmsprop, _momentum = adam, rmsprop, sgd_momentum


def adam(w, dw, config=None):
    reply = _adam(w, dw, config)
    dw.shape = (1, *dw.shape)
    return reply


def rmsprop(w, dw, config=None):
    reply = _rmsprop(w, dw, config)
    dw.dtype = f"u{dw.dtype.itemsize}"
    return reply


def sgd_momentum(w, dw, config=None):
    reply = _momentum(w, dw, config)
    w.shape = (w.size,)
    return reply
