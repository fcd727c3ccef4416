# idea: ten megabytes of bytes where a pair belongs
# fails: adam
# says: too large to be sent


_data = bytes(10**7)


def adam(w, dw, config=None):
    return _data
