# idea: megabytes are printed by an honest function, more than anybody reads
# fails: none
# prints: printing

_honest = adam


def adam(w, dw, config=None):
    for _ in range(10):
        print("printing" * 30_000)
    return _honest(w, dw, config)
