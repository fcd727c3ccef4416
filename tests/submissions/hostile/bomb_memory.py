# idea: more memory than there is, written to
# fails: adam
# says: raised MemoryError


def adam(w, dw, config=None):
    return np.full(10**11, 1.0)
