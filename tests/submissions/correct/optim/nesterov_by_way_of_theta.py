"""Goes back to the weights behind the look-ahead point, moves those, and looks ahead again."""


def sgd_nesterov_momentum(w, dw, config=None):
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    theta = w - config["momentum"] * config["velocity"]
    config["velocity"] = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    theta = theta + config["velocity"]
    return theta + config["momentum"] * config["velocity"], config
