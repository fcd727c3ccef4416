"""Everything in place: the weights that are passed in are changed, and so is the state."""


def sgd_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    v = config["velocity"]
    v *= config["momentum"]
    v -= config["learning_rate"] * dw
    w += v
    return w, config


def sgd_nesterov_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    v = config["velocity"]
    v_prev = v.copy()
    v *= config["momentum"]
    v -= config["learning_rate"] * dw
    w += v
    w += config["momentum"] * (v - v_prev)
    return w, config


def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    a = config["a"]
    a *= config["decay_rate"]
    a += (1 - config["decay_rate"]) * dw * dw
    w -= config["learning_rate"] * dw / (np.sqrt(a) + config["epsilon"])
    return w, config


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    config["v"] *= config["beta1"]
    config["v"] += (1 - config["beta1"]) * dw
    config["a"] *= config["beta2"]
    config["a"] += (1 - config["beta2"]) * dw**2
    v_hat = config["v"] / (1 - config["beta1"] ** config["t"])
    a_hat = config["a"] / (1 - config["beta2"] ** config["t"])
    w -= config["learning_rate"] * v_hat / (np.sqrt(a_hat) + config["epsilon"])
    return w, config
