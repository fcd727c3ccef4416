# idea: printing without end, past Python's own streams (only where defaults are tested)
# fails: adam
# says: did not return within 0.5 s

_honest = adam


def adam(w, dw, config=None):
    while config is None:
        os.write(1, b"x" * 65536)
        os.write(2, b"y" * 65536)
    return _honest(w, dw, config)
