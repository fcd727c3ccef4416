"""Defaults by ``get``, state that starts as the number 0, and only the state is written back."""


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.get("learning_rate", 0.01)
    mu = config.get("momentum", 0.9)
    config["velocity"] = mu * config.get("velocity", 0) - lr * dw
    return w + config["velocity"], config
