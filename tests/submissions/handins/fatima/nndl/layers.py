# layers.py  --  hw4
# part of the course code (based on Stanford's CS231n, thanks!)

import pdb
import time
import numpy as np
from nndl.helpers.math_ops import flatten, sum_rows

# import matplotlib.pyplot as plt


def affine_forward(x, w, b):
    # ================================================================ #
    # YOUR CODE HERE:
    # ================================================================ #
    out = flatten(x) @ w + b
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    # ================================================================ #
    # YOUR CODE HERE:
    # ================================================================ #
    dx = (dout @ w.T).reshape(x.shape)
    dw = flatten(x).T @ dout
    db = sum_rows(dout)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dw, db


def relu_forward(x):
    # ================================================================ #
    # YOUR CODE HERE:
    # ================================================================ #
    out = np.array(x)
    out[out < 0] = 0
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    # ================================================================ #
    # YOUR CODE HERE:
    # ================================================================ #
    dx = np.array(dout, copy=True)
    dx[x <= 0] = 0
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx


def softmax_loss(x, y):
    # provided
    N = x.shape[0]
    x = x - np.max(x, axis=1, keepdims=True)
    total = np.sum(np.exp(x), axis=1, keepdims=True)
    loss = np.sum(np.log(total[:, 0]) - x[np.arange(N), y]) / N
    dx = np.exp(x) / total
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
