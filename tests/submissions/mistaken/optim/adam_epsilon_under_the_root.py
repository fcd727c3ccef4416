def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    beta1, beta2, t = config["beta1"], config["beta2"], config["t"]
    config["v"] *= beta1
    config["v"] += (1 - beta1) * dw
    config["a"] *= beta2
    config["a"] += (1 - beta2) * np.square(dw)
    vc = config["v"] / (1 - beta1**t)
    ac = config["a"] / (1 - beta2**t)
    w -= config["learning_rate"] * vc / np.sqrt(ac + config["epsilon"])
    return w, config
