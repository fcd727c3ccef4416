"""Computes and remembers in float64 whatever comes in; t is a NumPy number."""


def adam(w, dw, config=None):
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    g = np.array(dw, dtype=np.float64)
    b1, b2 = np.float64(config["beta1"]), np.float64(config["beta2"])
    config["t"] = np.int64(config["t"]) + 1
    config["v"] = b1 * np.asarray(config["v"], dtype=np.float64) + (1 - b1) * g
    config["a"] = b2 * np.asarray(config["a"], dtype=np.float64) + (1 - b2) * g**2
    v_corr = config["v"] / (1 - b1 ** config["t"])
    a_corr = config["a"] / (1 - b2 ** config["t"])
    return w - config["learning_rate"] * v_corr / (np.sqrt(a_corr) + config["epsilon"]), config
