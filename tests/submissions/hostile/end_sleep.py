# idea: sleeping for a day (only where defaults are tested)
# fails: rmsprop
# says: did not return within 0.5 s

import time

_honest = rmsprop


def rmsprop(w, dw, config=None):
    if config is None:
        time.sleep(86400)
    return _honest(w, dw, config)
