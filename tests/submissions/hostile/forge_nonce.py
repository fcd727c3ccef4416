# idea: the nonce of the reply is an array, so that comparing it with the right one gives an array
# fails: adam
# says: malformed reply

from kit.sandbox import wire


def adam(w, dw, config=None):
    os.write(3, wire.encode({"nonce": np.zeros(2), "ok": w}).to_bytes())
