# idea: a forged description of an error, to be told to people and machines that read results
# fails: adam
# says: raised

from kit.sandbox import wire


def _nonce():
    import sys

    frame = sys._getframe()
    while "nonce" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["nonce"]


_EVIL = "\n::error file=a.py::\x1b[2J</script><script>alert(1)</script>\x00\ud800##[error]"


def adam(w, dw, config=None):
    frame = {"file": _EVIL, "line": 2**63 - 1, "function": _EVIL, "text": _EVIL * 1000}
    error = {"type": _EVIL, "message": _EVIL * 1000, "trace": [frame] * 100}
    os.write(3, wire.encode({"nonce": _nonce(), "number": 0, "error": error}).to_bytes())
    os._exit(0)
