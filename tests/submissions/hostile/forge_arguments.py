# idea: what the call left in its arguments is forged: none, others, those that nobody gave
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum

from kit import wire


def _nonce():
    import sys

    frame = sys._getframe()
    while "nonce" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["nonce"]


def _send(left):
    value = {"value": 0, "left": left}
    os.write(3, wire.encode({"nonce": _nonce(), "number": 0, "ok": value}).to_bytes())
    os._exit(0)


def adam(w, dw, config=None):
    _send([])


def rmsprop(w, dw, config=None):
    _send([(0, np.zeros((0, 3))), (1, {"x": 1})])


def sgd_momentum(w, dw, config=None):
    _send([(7, w), (-1, w), (True, w)])


def sgd_nesterov_momentum(w, dw, config=None):
    _send([w, (0,), "x"])
