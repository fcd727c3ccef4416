def sgd_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    buf = config["velocity"]
    buf *= config["momentum"]
    buf += dw
    w -= config["learning_rate"] * buf
    return w, config
