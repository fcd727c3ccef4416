"""The correction as one factor of the learning rate, with ε as it is (Kingma and Ba, section 2).

This is the taught rule with ε / √(1 - β₂ᵗ) in the place of ε: with the defaults an ε that is 32
times as large in the first step, and the same one after many. To give it full marks, a check may
depend on where ε stands only where 1 - β₂ᵗ is 1 to its tolerance.
"""


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    t, b1, b2 = config["t"], config["beta1"], config["beta2"]
    config["v"] = b1 * config["v"] + (1 - b1) * dw
    config["a"] = b2 * config["a"] + (1 - b2) * dw**2
    alpha = config["learning_rate"] * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - alpha * config["v"] / (np.sqrt(config["a"]) + config["epsilon"]), config
