# idea: an int that no machine word can hold, as the number of steps
# fails: adam
# says: an int does not fit into 64 bits

_honest = adam


def adam(w, dw, config=None):
    next_w, config = _honest(w, dw, config)
    config["t"] = 10**5000
    return next_w, config
