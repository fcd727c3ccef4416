def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    beta1, beta2 = config["beta1"], config["beta2"]
    config["v"] = beta1 * config["v"] + (1 - beta1) * dw
    config["a"] = beta2 * config["a"] + (1 - beta2) * (dw ** 2)
    next_w = w - config["learning_rate"] * config["v"] / (np.sqrt(config["a"]) + config["epsilon"])
    return next_w, config
