"""The layers a fully connected network is made of, each as a forward and a backward function.

A forward function returns its output and a ``cache``: what its backward function will need. A
backward function takes ``dout``, the gradient of the loss with respect to that output, and the
``cache``, and returns the gradient with respect to each input.

N is the number of examples, D the number of features of one example, M the number of units.
Results have the dtype of the inputs: float32 in, float32 out.
"""

import numpy as np


def affine_forward(x, w, b):
    """Output of an affine (fully connected) layer: each example, as a vector, times w, plus b.

    - x: (N, d_1, ..., d_k), N examples whose features number D = d_1 · ... · d_k.
    - w: (D, M), weights.
    - b: (M,), biases.

    Returns:
    - out: (N, M).
    - cache: the tuple (x, w, b), as they were passed in.
    """
    out = None
    # Compute out. Flatten each example to a vector of length D first, but leave x as it is.
    # YOUR CODE HERE: affine_forward
    raise NotImplementedError("Copy your nndl/layers.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    """Gradients of an affine layer.

    - dout: (N, M), gradient with respect to the layer's output.
    - cache: (x, w, b) from `affine_forward`.

    Returns:
    - dx: (N, d_1, ..., d_k), the shape of x.
    - dw: (D, M).
    - db: (M,).
    """
    x, w, _ = cache
    dx, dw, db = None, None, None
    # Compute dx, dw and db. Each has the shape of what it is the gradient of.
    # YOUR CODE HERE: affine_backward
    raise NotImplementedError("Copy your nndl/layers.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    return dx, dw, db


def relu_forward(x):
    """Output of a layer of rectified linear units: max(0, x) of each element.

    - x: an array of any shape.

    Returns:
    - out: the shape of x.
    - cache: x.
    """
    out = None
    # Compute out in a new array; leave x as it is.
    # YOUR CODE HERE: relu_forward
    raise NotImplementedError("Copy your nndl/layers.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """Gradient of a layer of rectified linear units: dout where x was positive, else 0.

    - dout: gradient with respect to the layer's output, any shape.
    - cache: x from `relu_forward`, of the same shape.

    Returns:
    - dx: the shape of x. (At x = 0 the function has no derivative; 0 is usual.)
    """
    x = cache
    dx = None
    # Compute dx in a new array; leave dout as it is.
    # YOUR CODE HERE: relu_backward
    raise NotImplementedError("Copy your nndl/layers.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    return dx  # noqa: RET504 - the assignment above is the part to write


def softmax_loss(x, y):
    """Mean cross-entropy of softmax(x) against the true classes, and its gradient (provided).

    - x: (N, C), scores; large ones do not overflow.
    - y: (N,), integer classes, 0 <= y[i] < C.

    Returns:
    - loss: float.
    - dx: (N, C), gradient of the loss with respect to x.
    """
    examples = np.arange(x.shape[0])
    shifted = x - x.max(axis=1, keepdims=True)  # the largest exponential is then exp(0)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = float(-log_probabilities[examples, y].mean())
    dx = np.exp(log_probabilities)
    dx[examples, y] -= 1
    dx /= x.shape[0]
    return loss, dx
