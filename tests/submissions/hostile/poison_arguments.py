# idea: the gradient that a function may only read is overwritten
# fails: adam, rmsprop
# says: a dw used before, which must only be read
# passes: test_documented, test_steps, test_epsilon, test_defaults, test_float32, test_resumed

_adam, _rmsprop = adam, rmsprop


def adam(w, dw, config=None):
    reply = _adam(w, dw, config)
    dw[:] = 0
    return reply


def rmsprop(w, dw, config=None):
    reply = _rmsprop(w, dw, config)
    dw *= np.nan
    return reply
