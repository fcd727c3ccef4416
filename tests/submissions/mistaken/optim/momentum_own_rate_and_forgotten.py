LEARNING_RATE = 0.01


def sgd_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    velocity = config["momentum"] * config["velocity"] - LEARNING_RATE * dw
    next_w = w + velocity
    return next_w, config
