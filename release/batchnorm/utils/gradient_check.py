"""Numerical gradients: an independent, slow way to the derivatives that backpropagation finds."""

import numpy as np


def rel_error(x, y):
    """The largest relative error between two arrays of the same shape, as a float.

    max |x - y| / max(1e-8, |x| + |y|), taken elementwise; 0 for equal arrays, at most 1.
    """
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))))


def eval_numerical_gradient(f, x, h=1e-5):
    """Gradient of a function of an array, by central differences.

    - f: a function of one array that returns a float.
    - x: the float64 array at which to differentiate. Each element is moved and put back, so ``f``
      may also read ``x`` itself and ignore its argument.
    - h: how far each element is moved to either side.

    Returns an array of the shape of ``x``.
    """
    return eval_numerical_gradient_array(f, x, 1.0, h)


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Gradient of sum(f(x) * df): what a layer's backward function owes for its ``dout``.

    - f: a function of one array that returns an array.
    - x: the float64 array at which to differentiate; moved and put back as above.
    - df: gradient of the loss with respect to ``f(x)``, of the shape of ``f(x)``.
    - h: how far each element is moved to either side.

    Returns an array of the shape of ``x``.
    """
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + h
        above = np.copy(f(x))  # a copy: f may return x itself
        x[index] = value - h
        below = np.copy(f(x))
        x[index] = value
        gradient[index] = np.sum((above - below) * df) / (2 * h)
    return gradient
