# idea: half a reply, then silence (only where defaults are tested)
# fails: adam
# says: did not return within 0.5 s

import time

from kit.sandbox import wire

_honest = adam


def adam(w, dw, config=None):
    if config is None:
        os.write(3, wire.encode({"nonce": "x", "ok": np.zeros(1000)}).to_bytes()[:100])
        time.sleep(86400)
    return _honest(w, dw, config)
