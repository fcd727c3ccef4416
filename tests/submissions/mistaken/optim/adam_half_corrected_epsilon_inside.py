def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    config["v"] = config["beta1"] * config["v"] + (1 - config["beta1"]) * dw
    config["a"] = config["beta2"] * config["a"] + (1 - config["beta2"]) * dw**2
    v = config["v"] / (1 - config["beta1"] ** config["t"])
    step = v / (config["a"] + config["epsilon"]) ** 0.5
    next_w = w - step * config["learning_rate"]
    return next_w, config
