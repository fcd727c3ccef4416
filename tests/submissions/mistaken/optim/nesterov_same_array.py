def sgd_nesterov_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    v = config["velocity"]
    v_prev = v  # back this up
    v *= config["momentum"]
    v -= config["learning_rate"] * dw
    w += -config["momentum"] * v_prev + (1 + config["momentum"]) * v
    return w, config
