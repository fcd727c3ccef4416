# idea: halves of characters and NUL, which not every encoder takes
# fails: adam, rmsprop
# says: \udfff\ud800\x00

_honest = sgd_momentum


def adam(w, dw, config=None):
    raise ValueError("\udfff\ud800\x00")


def rmsprop(w, dw, config=None):
    return w, {"\ud800": 1, "\x00": "\udc80"}


def sgd_momentum(w, dw, config=None):
    next_w, config = _honest(w, dw, config)
    config["\ud800"] = "\udfff"  # costs nothing: it is a str
    return next_w, config
