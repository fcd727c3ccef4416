"""βᵗ by exp and log, the root by hypot: slow, odd and right."""


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    rates = np.array([config["beta1"], config["beta2"]])
    c1, c2 = -np.expm1(config["t"] * np.log(rates))
    config["v"] = np.average([config["v"], dw], axis=0, weights=[rates[0], 1 - rates[0]])
    config["a"] = np.average([config["a"], dw**2], axis=0, weights=[rates[1], 1 - rates[1]])
    size = np.hypot(np.sqrt(config["a"] / c2), 0.0) + config["epsilon"]
    return w - config["learning_rate"] / c1 * config["v"] / size, config
