"""An affine layer, batch normalization and rectified linear units as one layer."""

from nndl.batchnorm import batchnorm_backward, batchnorm_forward
from nndl.layers import affine_backward, affine_forward, relu_backward, relu_forward


def affine_batchnorm_relu_forward(x, w, b, gamma, beta, bn_param):  # noqa: PLR0917 - the taught API
    """An affine layer, batch normalization of its output, then rectified linear units.

    - x: (N, d_1, ..., d_k), examples.
    - w: (D, M), weights, D = d_1 · ... · d_k.
    - b: (M,), biases.
    - gamma, beta: (M,), scale and shift of the batch normalization.
    - bn_param: for `batchnorm_forward`, which changes it in place.

    Returns:
    - out: (N, M).
    - cache: in train mode whatever `affine_batchnorm_relu_backward` needs.
    """
    out, cache = None, None
    # Assign to out the output of the three layers in turn, and to cache all three caches.
    # YOUR CODE HERE: affine_batchnorm_relu
    raise NotImplementedError("task affine_batchnorm_relu: write `affine_batchnorm_relu_forward` in nndl/batchnorm_utils.py.")
    # END YOUR CODE HERE
    return out, cache


def affine_batchnorm_relu_backward(dout, cache):
    """Gradients of an affine layer, batch normalization and rectified linear units.

    - dout: (N, M), gradient with respect to the output.
    - cache: from `affine_batchnorm_relu_forward` in train mode.

    Returns:
    - dx: (N, d_1, ..., d_k), the shape of x.
    - dw: (D, M).
    - db: (M,). It is zero but for rounding: batch normalization takes away what b adds.
    - dgamma: (M,).
    - dbeta: (M,).
    """
    dx, dw, db, dgamma, dbeta = None, None, None, None, None
    # Compute the five gradients: backwards through the rectified linear units, the batch
    # normalization, then the affine layer.
    # YOUR CODE HERE: affine_batchnorm_relu
    raise NotImplementedError("task affine_batchnorm_relu: write `affine_batchnorm_relu_backward` in nndl/batchnorm_utils.py.")
    # END YOUR CODE HERE
    return dx, dw, db, dgamma, dbeta
