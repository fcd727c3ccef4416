# idea: built-in functions agree to everything, which breaks the worker's own code as well
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: is wrong

import builtins


def adam(w, dw, config=None):
    return np.zeros_like(w), {"v": w, "a": w, "t": 1}


builtins.any = lambda *_: True
builtins.abs = builtins.max = lambda *_, **__: 0
builtins.AssertionError = type("AssertionError", (), {})
