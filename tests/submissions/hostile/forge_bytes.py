# idea: two megabytes of bytes where a pair belongs
# fails: adam
# says: must return next_w, config


def adam(w, dw, config=None):
    return bytes(2 * 10**6)
