# idea: an endless loop that ignores every signal that can be ignored (only where defaults are tested)
# fails: adam
# says: did not return within 0.5 s

import signal

_honest = adam
for _signal in signal.valid_signals():
    try:
        signal.signal(_signal, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def adam(w, dw, config=None):
    while config is None:
        try:
            pass
        except BaseException:
            pass
    return _honest(w, dw, config)
