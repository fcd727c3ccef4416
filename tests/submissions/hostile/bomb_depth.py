# idea: lists in lists, ten thousand deep, and a list that holds itself
# fails: adam, rmsprop
# says: nested deeper

_adam, _rmsprop = adam, rmsprop


def adam(w, dw, config=None):
    next_w, config = _adam(w, dw, config)
    config["deep"] = []
    for _ in range(10_000):
        config["deep"] = [config["deep"]]
    return next_w, config


def rmsprop(w, dw, config=None):
    next_w, config = _rmsprop(w, dw, config)
    config["self"] = config
    return next_w, config
