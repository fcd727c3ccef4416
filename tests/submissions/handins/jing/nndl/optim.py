import numpy as np


def _with(config, w, **defaults):
    """the settings, defaults filled in"""
    merged = {name: (np.zeros_like(w) if value is None else value) for name, value in defaults.items()}
    merged.update(config or {})
    return merged


def sgd(w, dw, config=None):
    c = _with(config, w, learning_rate=1e-2)
    return w - c['learning_rate'] * dw, c


def sgd_momentum(w, dw, config=None):
    c = _with(config, w, learning_rate=1e-2, momentum=0.9, velocity=None)
    v = c['momentum'] * c['velocity'] - c['learning_rate'] * dw
    return w + v, {**c, 'velocity': v}


def sgd_nesterov_momentum(w, dw, config=None):
    c = _with(config, w, learning_rate=1e-2, momentum=0.9, velocity=None)
    mu, v_old = c['momentum'], c['velocity']
    v = mu * v_old - c['learning_rate'] * dw
    return w - mu * v_old + v + mu * v, {**c, 'velocity': v}


def rmsprop(w, dw, config=None):
    c = _with(config, w, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, a=None)
    a = c['a'] + (1 - c['decay_rate']) * (dw ** 2 - c['a'])
    return w - c['learning_rate'] * dw / (np.sqrt(a) + c['epsilon']), {**c, 'a': a}


def adam(w, dw, config=None):
    c = _with(config, w, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, v=None, a=None, t=0)
    t = c['t'] + 1
    v = c['beta1'] * c['v'] + (1 - c['beta1']) * dw
    a = c['beta2'] * c['a'] + (1 - c['beta2']) * dw ** 2
    # the efficient version from the end of section 2 of the paper
    rate = c['learning_rate'] * np.sqrt(1 - c['beta2'] ** t) / (1 - c['beta1'] ** t)
    return w - rate * v / (np.sqrt(a) + c['epsilon']), {**c, 'v': v, 'a': a, 't': t}
