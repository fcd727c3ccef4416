# idea: arrays of every odd type in place of floats: object, complex, text, dates, records
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: must be an array, it is an object of type ndarray


def _rule(dtype, state):
    def rule(w, dw, config=None):
        odd = np.zeros(w.shape, dtype)
        config = {} if config is None else config
        config.update(dict.fromkeys(state, odd))
        return odd, config

    return rule


sgd_momentum = _rule(object, ["velocity"])
sgd_nesterov_momentum = _rule(complex, ["velocity"])
rmsprop = _rule("M8[s]", ["a"])
adam = _rule([("x", float), ("y", "O")], ["v", "a", "t"])
