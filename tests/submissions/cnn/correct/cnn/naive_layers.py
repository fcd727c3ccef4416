"""The student's own naive layers in the network: right, though far too slow to train."""

from nndl.conv_layers import (
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    filtered, conv_cache = conv_forward_naive(x, w, b, conv_param)
    rectified, relu_cache = relu_forward(filtered)
    out, pool_cache = max_pool_forward_naive(rectified, pool_param)
    return out, (conv_cache, relu_cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    conv_cache, relu_cache, pool_cache = cache
    drectified = max_pool_backward_naive(dout, pool_cache)
    return conv_backward_naive(relu_backward(drectified, relu_cache), conv_cache)


def conv_batchnorm_relu_pool_forward(x, w, b, gamma, beta, conv_param, bn_param, pool_param):
    filtered, conv_cache = conv_forward_naive(x, w, b, conv_param)
    normal, bn_cache = spatial_batchnorm_forward(filtered, gamma, beta, bn_param)
    rectified, relu_cache = relu_forward(normal)
    out, pool_cache = max_pool_forward_naive(rectified, pool_param)
    return out, (conv_cache, bn_cache, relu_cache, pool_cache)


def conv_batchnorm_relu_pool_backward(dout, cache):
    conv_cache, bn_cache, relu_cache, pool_cache = cache
    dnormal = relu_backward(max_pool_backward_naive(dout, pool_cache), relu_cache)
    dfiltered, dgamma, dbeta = spatial_batchnorm_backward(dnormal, bn_cache)
    return *conv_backward_naive(dfiltered, conv_cache), dgamma, dbeta
