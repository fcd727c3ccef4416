def sgd_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    lr, mu, v = config["learning_rate"], config["momentum"], config["velocity"]
    config["velocity"] = mu * v - lr * dw
    next_w = w - lr * dw + mu * config["velocity"]
    return next_w, config
