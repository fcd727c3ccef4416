# idea: a dict whose items() are others than its keys
# fails: adam
# says: is wrong


class Mapping(dict):
    def items(self):
        return [("velocity", 1.0), ("__class__", 2.0)]

    __contains__ = lambda *_: True
    __getitem__ = __missing__ = get = lambda *_: 0.0


def adam(w, dw, config=None):
    return w - dw, Mapping(v=w, a=w, t=1)
