# idea: frames whose arrays have impossible shapes and types, or are not there
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: malformed reply

import json

from kit import wire


def _rule(node):
    def rule(w, dw, config=None):
        tree = json.dumps({"d": [["nonce", "x"], ["ok", node]]}).encode()
        os.write(3, wire.HEADER.pack(wire.MAGIC, len(tree), 0, 0) + tree)

    return rule


sgd_momentum = _rule({"a": ["float64", [0, 2**33, 2**33, 2**33]]})
sgd_nesterov_momentum = _rule({"a": ["object", [1]]})
rmsprop = _rule({"a": ["float64", [-1, 2**62]]})
adam = _rule({"m": [0, "float64", [10], 0]})
