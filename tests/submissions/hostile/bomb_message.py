# idea: an exception with a message of ten million characters and a type with a name as long
# fails: adam, rmsprop
# says: xxxxxxxxxx


def adam(w, dw, config=None):
    raise ValueError("x" * 10**7)


def rmsprop(w, dw, config=None):
    raise type("x" * 10**7, (Exception,), {})("short")
