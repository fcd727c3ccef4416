# idea: the rings for the tester are read here, before it hears them
# fails: none
# prints: stolen


_honest_adam = adam


def adam(w, dw, config=None):
    try:
        os.read(4, 8)
    except BlockingIOError:
        pass
    print("stolen", flush=True)
    return _honest_adam(w, dw, config)
