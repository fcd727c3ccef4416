def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    eta = config["learning_rate"]
    grad_squared = config["decay_rate"] * config["a"] + eta * dw * dw
    next_w = w - eta * dw / (np.sqrt(grad_squared) + config["epsilon"])
    config["a"] = grad_squared
    return next_w, config
