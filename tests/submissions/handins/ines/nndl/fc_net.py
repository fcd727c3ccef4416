import numpy as np
import pdb

from .layers import *
from .layer_utils import *

"""
The fully connected net of homework 3, pasted into homework 4.
Skeleton from the course (which took it from CS 231n); my code is between the banners.
"""


class FullyConnectedNet(object):
  """
  {affine - relu} x (L - 1) - affine - softmax
  """

  def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
               dropout=0, use_batchnorm=False, reg=0.0,
               weight_scale=1e-2, dtype=np.float32, seed=None):
    self.use_batchnorm = use_batchnorm
    self.use_dropout = dropout > 0
    self.reg = reg
    self.num_layers = 1 + len(hidden_dims)
    self.dtype = dtype
    self.params = {}

    # ================================================================ #
    # YOUR CODE HERE:
    #   Initialize all parameters of the network in self.params.
    # ================================================================ #

    dims = [input_dim] + list(hidden_dims) + [num_classes]
    for i in range(self.num_layers):
      self.params['W' + str(i + 1)] = weight_scale * np.random.randn(dims[i], dims[i + 1])
      self.params['b' + str(i + 1)] = np.zeros(dims[i + 1])

    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    # Cast all parameters to the correct datatype
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    """Loss and gradients; scores if there is no y."""
    X = X.astype(self.dtype)
    mode = 'test' if y is None else 'train'
    scores = None

    # ================================================================ #
    # YOUR CODE HERE:
    #   Implement the forward pass of the FC net, scores are the output.
    # ================================================================ #

    caches = []
    h = X
    for i in range(1, self.num_layers):
      h, c = affine_relu_forward(h, self.params['W%d' % i], self.params['b%d' % i])
      caches.append(c)
    L = self.num_layers
    scores, c = affine_forward(h, self.params['W%d' % L], self.params['b%d' % L])
    caches.append(c)

    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    # If test mode return early
    if mode == 'test':
      return scores

    loss, grads = 0.0, {}

    # ================================================================ #
    # YOUR CODE HERE:
    #   Implement the backwards pass and store the gradients in grads.
    # ================================================================ #

    loss, dscores = softmax_loss(scores, y)
    for i in range(1, L + 1):
      loss += 0.5 * self.reg * np.sum(self.params['W%d' % i] ** 2)

    dh, dW, db = affine_backward(dscores, caches[L - 1])
    grads['W%d' % L] = dW
    grads['b%d' % L] = db
    for i in range(L - 1, 0, -1):
      dh, dW, db = affine_relu_backward(dh, caches[i - 1])
      grads['W%d' % i] = dW
      grads['b%d' % i] = db

    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    return loss, grads
