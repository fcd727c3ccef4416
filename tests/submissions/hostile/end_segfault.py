# idea: memory that isn't there is read
# fails: adam
# says: crashed with SIGSEGV


def adam(w, dw, config=None):
    return ctypes.string_at(8)
