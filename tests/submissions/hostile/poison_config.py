# idea: the dictionary of settings is emptied, or filled with settings for whoever reads it next
# fails: adam, rmsprop

_adam, _rmsprop = adam, rmsprop


def adam(w, dw, config=None):
    next_w, state = _adam(w, dw, config)
    if config is not None:
        config.clear()
    return next_w, state


def rmsprop(w, dw, config=None):
    next_w, state = _rmsprop(w, dw, config)
    return next_w, {**state, "learning_rate": 0.0}
