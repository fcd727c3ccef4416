def adam(w, dw, config=None):
    if config is None: config = {}
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('v', np.zeros_like(w))
    config.setdefault('a', np.zeros_like(w))
    config.setdefault('t', 0)
    b1, b2 = config['beta1'], config['beta2']
    config['t'] += 1
    v = b1 * config['v'] + (1 - b1) * dw
    a = b2 * config['a'] + (1 - b2) * dw * dw
    next_w = w - config['learning_rate'] * v / (np.sqrt(a) + config['epsilon'])
    config['v'] = v
    config['a'] = a
    return next_w, config
