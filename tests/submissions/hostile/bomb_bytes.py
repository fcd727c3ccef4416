# idea: a hundred megabytes of bytes where a pair belongs
# fails: adam
# says: too large to be sent


def adam(w, dw, config=None):
    return bytes(10**8)
