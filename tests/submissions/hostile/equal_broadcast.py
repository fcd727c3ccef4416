# idea: one number where a whole array belongs, which broadcasting would stretch over it
# fails: adam, rmsprop
# says: must have shape

_adam, _rmsprop = adam, rmsprop


def adam(w, dw, config=None):
    next_w, config = _adam(w, dw, config)
    return next_w.ravel()[:1], config


def rmsprop(w, dw, config=None):
    next_w, config = _rmsprop(w, dw, config)
    return next_w[None], config
