# idea: right or wrong by chance and by the time of day
# fails: adam

import time

_honest = adam


def adam(w, dw, config=None):
    next_w, config = _honest(w, dw, config)
    return (next_w if (os.urandom(1)[0] ^ time.time_ns()) & 1 else w), config
