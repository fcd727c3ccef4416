# idea: the bell is rung so often at once that it can't be rung again
# fails: none
# prints: rung


_honest_adam = adam


def adam(w, dw, config=None):
    try:
        os.write(4, (2**64 - 2).to_bytes(8, "little"))
    except BlockingIOError:
        pass
    print("rung", flush=True)
    return _honest_adam(w, dw, config)
