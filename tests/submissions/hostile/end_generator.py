# idea: a returned dict whose items never end (only where defaults are tested)
# fails: adam
# says: did not return within 0.5 s

import itertools
import time

_honest = adam


class Endless(dict):
    def items(self):
        for number in itertools.count():
            time.sleep(0.001)  # or the memory would end it first
            yield str(number), number


def adam(w, dw, config=None):
    endless = config is None
    next_w, config = _honest(w, dw, config)
    return next_w, Endless(config) if endless else config
