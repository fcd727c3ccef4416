def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    rho = config["decay_rate"]
    a = config["a"] = rho * config["a"] + (1 - rho) * dw**2
    next_w = w - config["learning_rate"] * dw / np.sqrt(a) + config["epsilon"]
    return next_w, config
