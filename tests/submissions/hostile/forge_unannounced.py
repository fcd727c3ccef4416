# idea: a reply larger than the channel holds, of which the bell tells nobody
# module: layer_utils
# fails: affine_relu
# says: did not return within 0.5 s

from kit.sandbox import wire


def _nonce():
    import sys

    frame = sys._getframe()
    while "nonce" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["nonce"]


_honest = affine_relu_forward


def affine_relu_forward(x, w, b):
    import json

    out, cache = _honest(x, w, b)
    frame = wire.encode({"nonce": _nonce(), "number": 0, "ok": (out, "@")})
    frame.tree = frame.tree.replace(b"@", "\U0001f600".encode() * 400_000)
    _all(frame.to_bytes())
    return out, cache


def _all(data):
    while data:
        data = data[os.write(3, data) :]
