"""A new dictionary in each step; the one that was passed in stays as it was."""


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w), **(config or {})}
    v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    return w + v, {**config, "velocity": v}


def sgd_nesterov_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w), **(config or {})}
    mu = config["momentum"]
    v = mu * config["velocity"] - config["learning_rate"] * dw
    return w + v + mu * (v - config["velocity"]), {**config, "velocity": v}


def rmsprop(w, dw, config=None):
    new = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "a": np.zeros_like(w)}
    new.update(config or {})
    new["a"] = new["decay_rate"] * new["a"] + (1 - new["decay_rate"]) * dw**2
    return w - new["learning_rate"] * dw / (np.sqrt(new["a"]) + new["epsilon"]), new


def adam(w, dw, config=None):
    new = dict(config) if config else {}
    lr, eps = new.setdefault("learning_rate", 1e-3), new.setdefault("epsilon", 1e-8)
    b1, b2 = new.setdefault("beta1", 0.9), new.setdefault("beta2", 0.999)
    new["t"] = new.get("t", 0) + 1
    new["v"] = b1 * new.get("v", np.zeros_like(w)) + (1 - b1) * dw
    new["a"] = b2 * new.get("a", np.zeros_like(w)) + (1 - b2) * dw**2
    v_hat, a_hat = new["v"] / (1 - b1 ** new["t"]), new["a"] / (1 - b2 ** new["t"])
    return w - lr * v_hat / (np.sqrt(a_hat) + eps), new
