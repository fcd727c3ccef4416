"""One weight after another."""

import math


def rmsprop(w, dw, config=None):
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    next_w = np.zeros(w.shape)
    a = np.zeros(w.shape)
    for i in np.ndindex(*w.shape):
        a[i] = config["decay_rate"] * config["a"][i] + (1 - config["decay_rate"]) * dw[i] ** 2
        next_w[i] = w[i] - config["learning_rate"] * dw[i] / (math.sqrt(a[i]) + config["epsilon"])
    config["a"] = a
    return next_w, config
