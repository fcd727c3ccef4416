def sgd_nesterov_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    mu = config["momentum"]
    vold = config["velocity"].copy()
    config["velocity"] = mu * vold - config["learning_rate"] * dw
    next_w = w + mu * vold + (1 + mu) * config["velocity"]
    return next_w, config
