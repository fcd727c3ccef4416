# idea: exceptions in circles and in groups
# fails: adam, rmsprop
# says: raised


def adam(w, dw, config=None):
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def rmsprop(w, dw, config=None):
    raise BaseExceptionGroup("many", [ValueError(str(i)) for i in range(1000)])
