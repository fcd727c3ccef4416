def sgd_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    v = config["velocity"]
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    return next_w, config
