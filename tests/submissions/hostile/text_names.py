# idea: the same in names: of exceptions, of functions in the trace, of keys and of objects
# fails: adam, rmsprop
# says: ::error::

_EVIL = "\n::error::\x1b[31m\u202e##[error]\n"


def _raise():
    raise type(_EVIL, (Exception,), {"__module__": _EVIL, "__qualname__": _EVIL})(_EVIL)


_raise.__code__ = _raise.__code__.replace(co_name=_EVIL, co_filename=_EVIL, co_qualname=_EVIL)


def adam(w, dw, config=None):
    _raise()


def rmsprop(w, dw, config=None):
    return w, {_EVIL: type(_EVIL, (), {})()}
