"""The form of Keras: w + μ v - η g with the new v, which is the same number."""


def sgd_nesterov_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    lr, mu = config["learning_rate"], config["momentum"]
    config["velocity"] = mu * config["velocity"] - lr * dw
    next_w = w + mu * config["velocity"] - lr * dw
    return next_w, config
