def adam(w, dw, config=None):
    new = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    new["v"] = np.zeros_like(w)
    new["a"] = np.zeros_like(w)
    new.update(config or {})
    t = new["t"] + 1
    new["v"] = new["v"] * new["beta1"] + dw * (1 - new["beta1"])
    new["a"] = new["a"] * new["beta2"] + dw**2 * (1 - new["beta2"])
    first = new["v"] / (1 - new["beta1"] ** t)
    second = new["a"] / (1 - new["beta2"] ** t)
    return w - new["learning_rate"] * first / (np.sqrt(second) + new["epsilon"]), new
