# idea: SystemExit, KeyboardInterrupt and GeneratorExit are raised to get past handlers
# fails: adam, rmsprop, sgd_momentum
# says: raised


def adam(w, dw, config=None):
    raise SystemExit(0)


def rmsprop(w, dw, config=None):
    raise KeyboardInterrupt


def sgd_momentum(w, dw, config=None):
    raise GeneratorExit
