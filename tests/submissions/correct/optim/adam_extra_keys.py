"""Keeps in config whatever it computes, under names of its own besides those it must use."""


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] = config["t"] + 1
    config["v"] = config["beta1"] * config["v"] + (1 - config["beta1"]) * dw
    config["a"] = config["beta2"] * config["a"] + (1 - config["beta2"]) * (dw * dw)
    config["v_hat"] = config["v"] / (1 - np.power(config["beta1"], config["t"]))
    config["a_hat"] = config["a"] / (1 - np.power(config["beta2"], config["t"]))
    config["history"] = config.get("history", []) + [float(np.linalg.norm(dw))]
    config["last_step"] = config["v_hat"] / (np.sqrt(config["a_hat"]) + config["epsilon"])
    next_w = w - config["learning_rate"] * config["last_step"]
    return next_w, config
