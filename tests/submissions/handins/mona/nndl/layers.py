import numpy as np
import pdb

"""
Homework 4, layers of the fully connected net.
This code started out as course material (written for CS 231n, changed for our class).
The parts between the banners are mine.
"""


def affine_forward(x, w, b):
  """
  Forward pass of a fully connected layer.

  Inputs:
  - x: numpy array with the minibatch, shape (N, d_1, ..., d_k)
  - w: weights, shape (D, M)
  - b: biases, shape (M,)

  Returns a tuple of:
  - out: output, of shape (N, M)
  - cache: (x, w, b)
  """

  # ================================================================ #
  # YOUR CODE HERE:
  #   Calculate the output of the forward pass.
  # ================================================================ #

  x_flat = x.reshape(x.shape[0], -1)
  out = x_flat.dot(w) + b

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  """
  Backward pass of a fully connected layer.

  Inputs:
  - dout: gradient from above, shape (N, M)
  - cache: what affine_forward kept

  Returns a tuple of dx, dw, db, each shaped like its input.
  """
  x, w, b = cache
  dx, dw, db = None, None, None

  # ================================================================ #
  # YOUR CODE HERE:
  #   Calculate the gradients for the backward pass.
  # ================================================================ #

  raise ValueError('TODO')

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  return dx, dw, db


def relu_forward(x):
  """ReLU, x can have any shape."""
  # ================================================================ #
  # YOUR CODE HERE:
  #   Implement the ReLU forward pass.
  # ================================================================ #

  out = np.maximum(0, x)

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  cache = x
  return out, cache


def relu_backward(dout, cache):
  """Gradient through the ReLU."""
  x = cache

  # ================================================================ #
  # YOUR CODE HERE:
  #   Implement the ReLU backward pass
  # ================================================================ #

  dx = dout * (x > 0)

  # ================================================================ #
  # END YOUR CODE HERE
  # ================================================================ #

  return dx


def softmax_loss(x, y):
  """Softmax loss and gradient (given)."""
  shifted = x - np.max(x, axis=1, keepdims=True)
  exps = np.exp(shifted)
  probs = exps / np.sum(exps, axis=1, keepdims=True)
  N = x.shape[0]
  logp = shifted - np.log(np.sum(exps, axis=1, keepdims=True))
  loss = -np.sum(logp[np.arange(N), y]) / N
  dx = probs.copy()
  dx[np.arange(N), y] -= 1
  dx /= N
  return loss, dx
