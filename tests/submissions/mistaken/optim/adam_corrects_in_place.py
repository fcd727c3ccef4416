def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    config["v"] = config["beta1"] * config["v"] + (1 - config["beta1"]) * dw
    config["a"] = config["beta2"] * config["a"] + (1 - config["beta2"]) * dw**2
    # bias correction
    config["v"] /= 1 - config["beta1"] ** config["t"]
    config["a"] /= 1 - config["beta2"] ** config["t"]
    next_w = w - config["learning_rate"] * config["v"] / (np.sqrt(config["a"]) + config["epsilon"])
    return next_w, config
