# idea: a reply with a guessed nonce, and one with none
# fails: adam, rmsprop
# says: malformed reply: it answers no request

from kit.sandbox import wire


def adam(w, dw, config=None):
    os.write(3, wire.encode({"nonce": "0" * 32, "ok": w}).to_bytes())


def rmsprop(w, dw, config=None):
    os.write(3, wire.encode({"ok": w}).to_bytes())
