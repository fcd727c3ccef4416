def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    config["a"] += dw * dw
    next_w = w - config["learning_rate"] / (np.sqrt(config["a"]) + config["epsilon"]) * dw
    return next_w, config
