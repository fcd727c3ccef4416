def rmsprop(w, dw, config=None):
    config = config or {}
    lr = config.get("learning_rate", 1e-2)
    decay = config.get("decay", 0.99)
    eps = config.get("epsilon", 1e-8)
    cache = config.get("a", np.zeros_like(w))

    cache = decay * cache + (1 - decay) * dw**2
    next_w = w - lr * dw / (np.sqrt(cache) + eps)

    config["a"] = cache
    return next_w, config
