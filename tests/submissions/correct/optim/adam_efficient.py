"""The correction as one factor of the learning rate (Kingma and Ba, end of section 2), ε scaled too.

Exactly the taught rule: ε √(1 - β₂ᵗ) beside √a is ε beside √â.
"""


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    b1, b2 = config["beta1"], config["beta2"]
    config["t"] += 1
    config["v"] = b1 * config["v"] + (1 - b1) * dw
    config["a"] = b2 * config["a"] + (1 - b2) * dw * dw
    root = np.sqrt(1 - b2 ** config["t"])
    lr_t = config["learning_rate"] * root / (1 - b1 ** config["t"])
    next_w = w - lr_t * config["v"] / (np.sqrt(config["a"]) + config["epsilon"] * root)
    return next_w, config
