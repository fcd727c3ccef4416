"""Unpacks config into names, computes, and packs everything again; t is a float."""


def adam(w, dw, config=None):
    if config is None:
        config = {}
    names = ["learning_rate", "beta1", "beta2", "epsilon", "v", "a", "t"]
    start = [1e-3, 0.9, 0.999, 1e-8, np.zeros(w.shape), np.zeros(w.shape), 0.0]
    lr, beta1, beta2, eps, m, s, t = (config.get(n, x) for n, x in zip(names, start))

    t += 1.0
    m = m - (1 - beta1) * (m - dw)
    s = s - (1 - beta2) * (s - dw**2)
    mt = m / (1 - beta1**t)
    st = s / (1 - beta2**t)
    next_w = w - lr * (mt / (st**0.5 + eps))

    config.update(zip(names, [lr, beta1, beta2, eps, m, s, t]))
    return next_w, config
