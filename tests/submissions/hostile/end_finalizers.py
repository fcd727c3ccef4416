# idea: functions at exit, finalizers and weak references wait for the end of the process
# fails: none
# prints: waiting

import atexit
import sys
import threading
import weakref

_honest = adam


def _late(*_):
    breach("code runs after the end")
    while True:
        pass


atexit.register(_late)
threading._register_atexit(_late)
_kept = np.zeros(3)
weakref.finalize(_kept, _late)
sys.excepthook = sys.exitfunc = sys.breakpointhook = _late
sys.unraisablehook = lambda _: None


class Finalized(np.ndarray):
    def __del__(self):
        raise KeyboardInterrupt


def adam(w, dw, config=None):
    next_w, config = _honest(w, dw, config)
    return next_w.view(Finalized), config


print("waiting", flush=True)
