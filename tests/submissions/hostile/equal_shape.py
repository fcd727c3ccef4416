# idea: an ndarray that lies about its shape, its type and its length
# fails: adam
# says: must have shape


class Liar(np.ndarray):
    shape = property(lambda _: (4, 5))
    size = property(lambda _: 20)
    __len__ = lambda _: 4


def adam(w, dw, config=None):
    config = {} if config is None else config
    config.update(v=w, a=w, t=1)
    return np.zeros(3).view(Liar), config
