"""Layers of a convolutional network that are always used together, as one (provided).

The convolution and the pooling are the fast ones, the batch normalization and the ReLU are yours.

The pooling is done before the ReLU. That changes nothing, because the largest of several ReLUs is
the ReLU of the largest, and leaves a quarter of the numbers for the ReLU.
"""

from nndl.conv_layers import spatial_batchnorm_backward, spatial_batchnorm_forward
from nndl.fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)
from nndl.layers import relu_backward, relu_forward


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """A convolution, then ReLU, then max pooling.

    - x: (N, C, H, W), images.
    - w: (F, C, HH, HH), filters, and b: (F,), biases.
    - conv_param, pool_param: as `fast_layers` takes them.

    Returns:
    - out: (N, F, H / 2, W / 2).
    - cache: for `conv_relu_pool_backward`.
    """
    filtered, conv_cache = conv_forward_fast(x, w, b, conv_param)
    pooled, pool_cache = max_pool_forward_fast(filtered, pool_param)
    out, relu_cache = relu_forward(pooled)
    return out, (conv_cache, pool_cache, relu_cache)


def conv_relu_pool_backward(dout, cache):
    """Gradients of `conv_relu_pool_forward`: dx, dw and db, in the shapes of x, w and b.

    - dout: (N, F, H / 2, W / 2), gradient with respect to the output.
    - cache: from `conv_relu_pool_forward`.
    """
    conv_cache, pool_cache, relu_cache = cache
    dfiltered = max_pool_backward_fast(relu_backward(dout, relu_cache), pool_cache)
    return conv_backward_fast(dfiltered, conv_cache)


def conv_batchnorm_relu_pool_forward(  # noqa: PLR0917 - all that the four layers take
    x, w, b, gamma, beta, conv_param, bn_param, pool_param
):
    """A convolution, then spatial batch normalization, then ReLU, then max pooling.

    - gamma, beta: (F,), and bn_param: as `spatial_batchnorm_forward` takes them.
    - the others, and what is returned: as for `conv_relu_pool_forward`.
    """
    filtered, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normalized, bn_cache = spatial_batchnorm_forward(filtered, gamma, beta, bn_param)
    pooled, pool_cache = max_pool_forward_fast(normalized, pool_param)
    out, relu_cache = relu_forward(pooled)
    return out, (conv_cache, bn_cache, pool_cache, relu_cache)


def conv_batchnorm_relu_pool_backward(dout, cache):
    """Gradients of `conv_batchnorm_relu_pool_forward`: dx, dw, db, dgamma and dbeta.

    - dout: (N, F, H / 2, W / 2), gradient with respect to the output.
    - cache: from `conv_batchnorm_relu_pool_forward`.
    """
    conv_cache, bn_cache, pool_cache, relu_cache = cache
    dnormalized = max_pool_backward_fast(relu_backward(dout, relu_cache), pool_cache)
    dfiltered, dgamma, dbeta = spatial_batchnorm_backward(dnormalized, bn_cache)
    dx, dw, db = conv_backward_fast(dfiltered, conv_cache)
    return dx, dw, db, dgamma, dbeta
