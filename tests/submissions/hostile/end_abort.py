# idea: the process aborts
# fails: adam
# says: crashed with


def adam(w, dw, config=None):
    os.abort()
