# idea: an exception that can't be printed: its message hangs on itself, raises or is no string
# fails: adam, rmsprop
# says: can't be read


class Mute(Exception):
    def __str__(self):
        raise self


class Wrong(Exception):
    __str__ = lambda _: 5


def adam(w, dw, config=None):
    raise Mute


def rmsprop(w, dw, config=None):
    raise Wrong
