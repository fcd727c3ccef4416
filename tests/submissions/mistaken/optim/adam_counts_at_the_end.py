def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    lr, beta1, beta2, eps = (config[k] for k in ("learning_rate", "beta1", "beta2", "epsilon"))
    t = config["t"]
    m = beta1 * config["v"] + (1 - beta1) * dw
    mt = m / (1 - beta1**t)
    v = beta2 * config["a"] + (1 - beta2) * (dw**2)
    vt = v / (1 - beta2**t)
    next_w = w - lr * mt / (np.sqrt(vt) + eps)
    config["v"], config["a"], config["t"] = m, v, t + 1
    return next_w, config
