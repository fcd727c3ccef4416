# idea: replies refer to what is not theirs: other requests, files, arguments, themselves
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: an extension that is not allowed there

from msgpack import ExtType

from kit.sandbox import wire

def _nonce():
    import sys

    frame = sys._getframe()
    while "nonce" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["nonce"]

def _send(letter, data):

    frame = wire.encode({"nonce": _nonce(), "number": 0, "ok": (0, "@" * 100)})
    reference = wire.Packer().pack(ExtType(ord(letter), data))
    frame.tree = frame.tree.replace(b"\xd9\x64" + b"@" * 100, reference)
    os.write(3, frame.to_bytes())
    os._exit(0)

def adam(w, dw, config=None):
    _send("e", bytes(8))

def rmsprop(w, dw, config=None):
    _send("m", bytes(16) + b"\x0b")

def sgd_momentum(w, dw, config=None):
    _send("r", bytes(8))

def sgd_nesterov_momentum(w, dw, config=None):
    _send("e", bytes(16))
