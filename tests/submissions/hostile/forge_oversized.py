# idea: a header that announces more bytes than the tester has memory
# fails: adam
# says: a frame is too large

from kit.sandbox import wire


def adam(w, dw, config=None):
    os.write(3, wire.HEADER.pack(wire.MAGIC, 2**32 - 1, 2**63 - 1, 0))
