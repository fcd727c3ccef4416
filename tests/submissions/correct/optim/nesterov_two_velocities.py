"""The form of the Stanford notes: w - μ v_prev + (1 + μ) v."""


def sgd_nesterov_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    mu = config["momentum"]
    v_prev = config["velocity"]
    v = mu * v_prev - config["learning_rate"] * dw
    next_w = w - mu * v_prev + (1 + mu) * v
    config["velocity"] = v
    return next_w, config
