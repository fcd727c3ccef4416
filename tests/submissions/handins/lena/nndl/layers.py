# layers.py  --  hw4
# part of the course code (based on Stanford's CS231n, thanks!)

import pdb
import time
import sys
import numpy as np
np.set_printoptions(precision=3)
print('layers imported', file=sys.stderr)
DEBUG = False

# import matplotlib.pyplot as plt


def affine_forward(x, w, b):
    # ================================================================ #
    # YOUR CODE HERE:
    # ================================================================ #
    N = x.shape[0]
    M = w.shape[1]
    out = np.zeros((N, M), dtype=np.result_type(x, w))
    for n in range(N):
        row = x[n].flatten()
        for m in range(M):
            out[n, m] = np.sum(row * w[:, m]) + b[m]
    # out = x.dot(w) + b    # does not work, x is not flat
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
    dx = np.zeros(x.shape, dtype=dout.dtype)
    dw = np.zeros(w.shape, dtype=dout.dtype)
    db = np.zeros(b.shape, dtype=dout.dtype)
    for n in range(x.shape[0]):
        dx[n] = np.matmul(w, dout[n]).reshape(x[n].shape)
        dw += np.outer(x[n].ravel(), dout[n])
        db += dout[n]
    # print('dx', dx.shape, 'dw', dw.shape, 'db', db.shape)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dw, db


def relu_forward(x):
    # ================================================================ #
    # YOUR CODE HERE:
    # ================================================================ #
    if DEBUG:
        pdb.set_trace()
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
