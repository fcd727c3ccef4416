# idea: the gradient that a function may only read is overwritten
# fails: adam, rmsprop
# says: a dw used before, which must only be read
# passes: test_state, test_documented_step, test_documented_state, test_step, test_moments, test_count, test_steps, test_epsilon, test_defaults, test_float32

_adam, _rmsprop = adam, rmsprop


def adam(w, dw, config=None):
    reply = _adam(w, dw, config)
    dw[:] = 0
    return reply


def rmsprop(w, dw, config=None):
    reply = _rmsprop(w, dw, config)
    dw *= np.nan
    return reply
