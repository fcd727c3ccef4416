import numpy as np

"""
Update rules for homework 4. The interface is the one of CS 231n's solver:
each rule takes w, dw and a config and gives back next_w and the config.
"""


def sgd(w, dw, config=None):
  """Plain SGD, was given."""
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  w -= config['learning_rate'] * dw
  return w, config


def sgd_momentum(w, dw, config=None):
  """
  SGD with momentum.
  - momentum: scalar between 0 and 1
  - velocity: moving average of the gradients
  """
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('momentum', 0.9)
  v = config.get('velocity', np.zeros_like(w))

  # ================================================================ #
  # YOUR CODE HERE:
  #   Implement the momentum update formula.
  # ================================================================ #

  v = config['momentum'] * v - config['learning_rate'] * dw
  next_w = w + v

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  config['velocity'] = v
  return next_w, config


def sgd_nesterov_momentum(w, dw, config=None):
  """
  SGD with Nesterov momentum.
  """
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('momentum', 0.9)
  v = config.get('velocity', np.zeros_like(w))

  # ================================================================ #
  # YOUR CODE HERE:
  #   Implement the momentum update formula with Nesterov.
  # ================================================================ #

  v_old = v
  v = config['momentum'] * v_old - config['learning_rate'] * dw
  next_w = w + v + config['momentum'] * (v - v_old)

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  config['velocity'] = v
  return next_w, config


def rmsprop(w, dw, config=None):
  """
  RMSProp.
  - decay_rate: decay for the moving average of squared gradients
  - epsilon: small scalar
  - a: moving average of squared gradients
  """
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('decay_rate', 0.99)
  config.setdefault('epsilon', 1e-8)
  config.setdefault('a', np.zeros_like(w))
  next_w = None

  # ================================================================ #
  # YOUR CODE HERE:
  #   Implement RMSProp.
  # ================================================================ #

  g = dw.copy()
  dw *= dw
  config['a'] = config['decay_rate'] * config['a'] + (1 - config['decay_rate']) * dw
  next_w = w - config['learning_rate'] * g / (np.sqrt(config['a']) + config['epsilon'])

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  return next_w, config


def adam(w, dw, config=None):
  """
  Adam, with both moments and bias correction.
  """
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-3)
  config.setdefault('beta1', 0.9)
  config.setdefault('beta2', 0.999)
  config.setdefault('epsilon', 1e-8)
  config.setdefault('v', np.zeros_like(w))
  config.setdefault('a', np.zeros_like(w))
  config.setdefault('t', 0)
  next_w = None

  # ================================================================ #
  # YOUR CODE HERE:
  #   Implement Adam.
  # ================================================================ #

  config['t'] += 1
  config['v'] = config['beta1'] * config['v'] + (1 - config['beta1']) * dw
  config['a'] = config['beta2'] * config['a'] + (1 - config['beta2']) * dw * dw
  v_hat = config['v'] / (1 - config['beta1'] ** config['t'])
  a_hat = config['a'] / (1 - config['beta2'] ** config['t'])
  next_w = w - config['learning_rate'] * v_hat / (np.sqrt(a_hat) + config['epsilon'])

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  return next_w, config
