def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] = config["t"] + 1
    config["v"] = 0.9 * config["v"] + 0.1 * dw
    config["a"] = 0.999 * config["a"] + 0.001 * dw**2
    v = config["v"] / (1 - 0.9 ** config["t"])
    a = config["a"] / (1 - 0.999 ** config["t"])
    return w - config["learning_rate"] * v / (np.sqrt(a) + config["epsilon"]), config
