# idea: a view that repeats one number for terabytes
# fails: adam
# says: raised MemoryError


def adam(w, dw, config=None):
    return np.broadcast_to(np.float64(1), (10**6, 10**6)), config
