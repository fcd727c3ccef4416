# idea: honest for the first calls, then lazy
# fails: rmsprop

_honest, _calls = rmsprop, []


def rmsprop(w, dw, config=None):
    _calls.append(1)
    next_w, config = _honest(w, dw, config)
    return (w if len(_calls) > 10 else next_w), config
