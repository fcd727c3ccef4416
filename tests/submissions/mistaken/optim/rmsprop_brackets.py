def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    a = config["decay_rate"] * config["a"] + (1 - config["decay_rate"]) * (dw ** 2)
    update = config["learning_rate"] * dw / np.sqrt(a) + config["epsilon"]
    next_w = w - update
    config["a"] = a
    return next_w, config
