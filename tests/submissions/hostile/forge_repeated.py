# idea: the same reply is sent ten times, for the requests that come later
# fails: adam
# says: malformed reply

from kit.sandbox import wire


def _nonce():
    import sys

    frame = sys._getframe()
    while "nonce" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["nonce"]


def adam(w, dw, config=None):
    value = (w, {})
    for _ in range(10):
        os.write(3, wire.encode({"nonce": _nonce(), "number": 0, "ok": value}).to_bytes())
    return w, config
