# idea: frames whose arrays have impossible shapes and types, or are not there
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: malformed reply

import struct

from kit.sandbox import wire
from msgpack import ExtType, packb


def _rule(letter, content):
    def rule(w, dw, config=None):
        tree = packb({"nonce": "x", "ok": ExtType(ord(letter), content)})
        os.write(3, wire.HEADER.pack(wire.MAGIC, len(tree), 0, 0) + tree)

    return rule


sgd_momentum = _rule("a", struct.pack("<BQQQQ", 11, 0, 2**33, 2**33, 2**33))
sgd_nesterov_momentum = _rule("a", struct.pack("<BQ", 255, 1))
rmsprop = _rule("a", struct.pack("<BQQ", 11, 2**64 - 1, 2**62))
adam = _rule("m", struct.pack("<QQBQ", 0, 0, 11, 10))
