# optim.py -- hw4
import numpy as np
import pdb


def sgd(w, dw, config=None):
    # given
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    w -= config['learning_rate'] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-2)
    alpha = config.setdefault('momentum', 0.9)
    if 'velocity' not in config:
        config['velocity'] = np.zeros(w.shape, dtype=w.dtype)

    # v_new = alpha v - lr g  (lecture, slide 14)
    v_new = alpha * config['velocity'] - lr * dw
    w_new = w + v_new
    print('momentum step, |v| =', np.abs(v_new).max(), 'lr =', lr)
    config['velocity'] = v_new
    return w_new, config
    pdb.set_trace()


def sgd_nesterov_momentum(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-2)
    alpha = config.setdefault('momentum', 0.9)
    if 'velocity' not in config:
        config['velocity'] = np.zeros(w.shape, dtype=w.dtype)

    v_prev = config['velocity'].copy()
    v_new = alpha * v_prev - lr * dw
    w_new = w - alpha * v_prev + (1 + alpha) * v_new
    config['velocity'] = v_new
    # print(np.linalg.norm(v_new))
    return w_new, config
    pdb.set_trace()


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-2)
    beta = config.setdefault('decay_rate', 0.99)
    eps = config.setdefault('epsilon', 1e-8)
    a = config.get('a')
    if a is None:
        a = np.zeros(w.shape, dtype=w.dtype)

    a_new = beta * a + (1.0 - beta) * np.multiply(dw, dw)
    step = lr / (np.sqrt(a_new) + eps)
    w_new = w - np.multiply(step, dw)
    config['a'] = a_new
    return w_new, config
    pdb.set_trace()


def adam(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-3)
    b1 = config.setdefault('beta1', 0.9)
    b2 = config.setdefault('beta2', 0.999)
    eps = config.setdefault('epsilon', 1e-8)
    v = config.get('v', np.zeros(w.shape, dtype=w.dtype))
    a = config.get('a', np.zeros(w.shape, dtype=w.dtype))
    t = config.get('t', 0)

    t = t + 1
    tmp = None
    print(f'adam t={t} shapes', w.shape, dw.shape)
    v = b1 * v + (1.0 - b1) * dw
    a = b2 * a + (1.0 - b2) * np.multiply(dw, dw)
    v_corrected = v / (1.0 - b1 ** t)
    a_corrected = a / (1.0 - b2 ** t)
    w_new = w - lr * v_corrected / (np.sqrt(a_corrected) + eps)
    config['v'] = v
    config['a'] = a
    config['t'] = t
    return w_new, config
    pdb.set_trace()
