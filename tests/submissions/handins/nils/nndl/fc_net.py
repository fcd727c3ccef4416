# fc_net.py  --  hw4 (net from hw3)
import numpy as np
import pdb
import matplotlib.pyplot as plt

from nndl.layers import *
from nndl.layer_utils import *


class TwoLayerNet(object):
    """ not needed any more, from hw3 """

    def __init__(self, input_dim=3 * 32 * 32, hidden_dims=100, num_classes=10):
        self.params = {}

    def loss(self, X, y=None):
        raise NotImplementedError


class FullyConnectedNet(object):

    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10,
                 dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None):
        self.hidden_dims = hidden_dims
        self.reg = reg
        self.dtype = dtype
        self.num_layers = len(hidden_dims) + 1
        self.params = {}
        if seed is not None:
            np.random.seed(seed)
        # YOUR CODE HERE ------------------------------------------------
        previous = input_dim
        for number, size in enumerate(list(hidden_dims) + [num_classes]):
            W = np.random.normal(0, weight_scale, (previous, size))
            self.params[f'W{number+1}'] = W.astype(dtype)
            self.params[f'b{number+1}'] = np.zeros(size, dtype=dtype)
            previous = size
        # END YOUR CODE HERE --------------------------------------------
        # for name in self.params: print(name, self.params[name].shape)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        # YOUR CODE HERE ------------------------------------------------
        caches = {}
        first, caches[1] = affine_relu_forward(X, self.params['W1'], self.params['b1'])
        for l in range(2, self.num_layers):
            hidden, caches[l] = affine_relu_forward(first if l == 2 else hidden, self.params[f'W{l}'], self.params[f'b{l}'])
        l = self.num_layers
        scores, caches[l] = affine_forward(hidden, self.params[f'W{l}'], self.params[f'b{l}'])
        # END YOUR CODE HERE --------------------------------------------
        if y is None:
            return scores
        grads = {}
        # YOUR CODE HERE ------------------------------------------------
        loss, delta = softmax_loss(scores, y)
        penalty = 0
        l = self.num_layers
        while l > 0:
            back = affine_backward if l == self.num_layers else affine_relu_backward
            delta, grads[f'W{l}'], grads[f'b{l}'] = back(delta, caches[l])
            grads[f'W{l}'] += self.reg * self.params[f'W{l}']
            penalty += np.sum(np.square(self.params[f'W{l}']))
            l -= 1
        loss = loss + self.reg / 2 * penalty
        # END YOUR CODE HERE --------------------------------------------
        return loss, grads
