# idea: what MessagePack can say and the kit never does, and lists that announce what doesn't come
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: malformed reply

from kit.sandbox import wire


def _rule(tree):
    def rule(w, dw, config=None):
        os.write(3, wire.HEADER.pack(wire.MAGIC, len(tree), 0, 0) + tree)

    return rule


sgd_momentum = _rule(b"\xdd\xff\xff\xff\xff" * 500)
sgd_nesterov_momentum = _rule(b"\x83\xc4\x05nonce\x01\xc4\x06number\x00\xc4\x02ok\xc0")
rmsprop = _rule(b"\x83\xa5nonce\xa1x\xa6number\x00\xa2ok\xd6\xff\x00\x00\x00\x00")
adam = _rule(b"\x91" * 60_000)
