"""One helper for all averages, and lambdas for the rules."""


def _ema(old, new, beta):
    return beta * old + (1.0 - beta) * new


def _momentum(w, dw, config):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    old = config["velocity"]
    config["velocity"] = config["momentum"] * old - config["learning_rate"] * dw
    return config, old, config["velocity"]


def sgd_momentum(w, dw, config=None):
    config, _, new = _momentum(w, dw, config)
    return np.add(w, new), config


def sgd_nesterov_momentum(w, dw, config=None):
    config, old, new = _momentum(w, dw, config)
    return sum([w, new, config["momentum"] * new, -config["momentum"] * old]), config


def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    config["a"] = _ema(config["a"], dw**2, config["decay_rate"])
    return w - config["learning_rate"] * (dw / (config["epsilon"] + np.sqrt(config["a"]))), config


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    debias = lambda x, beta: x / (1.0 - beta ** config["t"])
    config["v"] = _ema(config["v"], dw, config["beta1"])
    config["a"] = _ema(config["a"], dw**2, config["beta2"])
    up, down = debias(config["v"], config["beta1"]), debias(config["a"], config["beta2"])
    return w - config["learning_rate"] * (up / (config["epsilon"] + np.sqrt(down))), config
