def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    t = config["t"]
    v = config["v"] = config["beta1"] * config["v"] + (1 - config["beta1"]) * dw
    a = config["a"] = config["beta2"] * config["a"] + (1 - config["beta2"]) * dw**2
    c1, c2 = 1 - config["beta1"] ** t, 1 - config["beta2"] ** t
    step = config["learning_rate"] / np.sqrt(a / c2) + config["epsilon"]
    return w - step * (v / c1), config
