# idea: a reply that comes one byte at a time, each in time (only where defaults are tested)
# fails: adam
# says: did not return within 0.5 s

import time

from kit.sandbox import wire

_honest = adam


def adam(w, dw, config=None):
    for byte in wire.encode({"ok": np.zeros(1000)}).to_bytes() if config is None else b"":
        os.write(3, bytes([byte]))
        time.sleep(0.1)
    return _honest(w, dw, config)
