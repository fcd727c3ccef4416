"""First the learning rate of each weight, then the step; powers in place of roots."""


def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    cache = config["a"]
    cache = cache + (1 - config["decay_rate"]) * (np.square(dw) - cache)
    rates = config["learning_rate"] * (cache**0.5 + config["epsilon"]) ** -1
    config["a"] = cache
    return w - np.multiply(rates, dw), config
