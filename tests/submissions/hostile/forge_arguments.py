# idea: what the call left in its arguments is forged: too few, others, of another shape
# fails: adam, rmsprop

from kit import wire


def _nonce():
    import sys

    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"]["nonce"]


def _send(left):
    value = {"value": 0, "left": left}
    os.write(3, wire.encode({"nonce": _nonce(), "ok": value}).to_bytes())
    os._exit(0)


def adam(w, dw, config=None):
    _send([])


def rmsprop(w, dw, config=None):
    _send([np.zeros((0, 3)), {"x": 1}, [1]])
