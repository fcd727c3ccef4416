"""The layers that a convolutional network has besides those of a fully connected one.

Each layer is a forward and a backward function. A forward function returns its output and a
``cache``: what its backward function will need. A backward function takes ``dout``, the gradient of
the loss with respect to that output, and the ``cache``, and returns the gradient with respect to
each input.

N is the number of images, C the number of channels of an image, H its height and W its width in
pixels, F the number of filters. No function changes the arrays that it is given.

What is up to you: whether you write loops or array operations (these layers may be slow, the
network is trained with `fast_layers.py`), and whether float32 inputs give results of float32 or of
float64. Values need not agree to the last digit.
"""

import numpy as np
from nndl.batchnorm import batchnorm_backward, batchnorm_forward


def conv_forward_naive(x, w, b, conv_param):
    """Output of a convolutional layer: each filter, at each place, times what it covers, plus b.

        out[n, f, i, j] = b[f] + Σ padded[n, c, i·stride + k, j·stride + l] · w[f, c, k, l]

    The sum runs over all channels c, rows k and columns l of the filter. ``padded`` is x with
    ``pad`` rows of zeros above and below, and ``pad`` columns of zeros on the left and the right.
    The filter is not turned over, as it is in mathematics.

    - x: (N, C, H, W), images.
    - w: (F, C, HH, WW), filters of height HH and width WW.
    - b: (F,), biases.
    - conv_param: a dictionary, which is only read, with
      - "stride": how many pixels lie between one place of the filter and the next, down and across.
      - "pad": how many rows and columns of zeros are put on each side.

    Returns:
    - out: (N, F, H', W') with H' = 1 + ⌊(H + 2·pad - HH) / stride⌋ and W' likewise. ⌊ ⌋ is rounding
      down: a place where the filter would reach over the edge is left out.
    - cache: the tuple (x, w, b, conv_param), as they were passed in: x without the padding.
    """
    out = None
    # Compute out. np.pad adds the zeros.
    # YOUR CODE HERE: conv_forward_naive
    pad, stride = conv_param["pad"], conv_param["stride"]
    filters, _, filter_height, filter_width = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = 1 + (padded.shape[2] - filter_height) // stride
    columns = 1 + (padded.shape[3] - filter_width) // stride
    out = np.zeros((x.shape[0], filters, rows, columns), dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = padded[:, :, top : top + filter_height, left : left + filter_width]
            for f in range(filters):
                out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3)) + b[f]
    # END YOUR CODE HERE
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """Gradients of a convolutional layer.

    - dout: (N, F, H', W'), gradient with respect to the layer's output.
    - cache: (x, w, b, conv_param) from `conv_forward_naive`.

    Returns:
    - dx: (N, C, H, W), the shape of x: what belongs to the padding is left out. It is 0 for pixels
      that no place of the filter covers.
    - dw: (F, C, HH, WW).
    - db: (F,).
    """
    x, w, b, conv_param = cache
    dx, dw, db = None, None, None
    # Compute dx, dw and db. A pixel that several places of the filter cover gets a share of each.
    # YOUR CODE HERE: conv_backward_naive
    pad, stride = conv_param["pad"], conv_param["stride"]
    filters, _, filter_height, filter_width = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded = np.zeros_like(padded)
    dw = np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows = slice(i * stride, i * stride + filter_height)
            columns = slice(j * stride, j * stride + filter_width)
            for f in range(filters):
                share = dout[:, f, i, j].reshape(-1, 1, 1, 1)
                dpadded[:, :, rows, columns] += share * w[f]
                dw[f] += np.sum(share * padded[:, :, rows, columns], axis=0)
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    db = dout.sum(axis=(0, 2, 3)).astype(b.dtype)
    # END YOUR CODE HERE
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """Output of a max pooling layer: the largest element of each window, channel by channel.

        out[n, c, i, j] = max x[n, c, i·stride + k, j·stride + l]

    over 0 <= k < pool_height and 0 <= l < pool_width. There is no padding. Windows overlap where
    the stride is smaller than they are.

    - x: (N, C, H, W), images. All elements of a window can be negative.
    - pool_param: a dictionary, which is only read, with
      - "pool_height", "pool_width": height and width of a window in pixels.
      - "stride": how many pixels lie between one window and the next, down and across.

    Returns:
    - out: (N, C, H', W') with H' = 1 + ⌊(H - pool_height) / stride⌋ and W' likewise: a window that
      would reach over the edge is left out.
    - cache: the tuple (x, pool_param).
    """
    out = None
    # Compute out.
    # YOUR CODE HERE: max_pool_forward_naive
    high, wide, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
    rows = 1 + (x.shape[2] - high) // stride
    columns = 1 + (x.shape[3] - wide) // stride
    out = np.zeros((*x.shape[:2], rows, columns), dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            out[:, :, i, j] = x[:, :, top : top + high, left : left + wide].max(axis=(2, 3))
    # END YOUR CODE HERE
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """Gradient of a max pooling layer: the dout of a window goes to its largest element.

    - dout: (N, C, H', W'), gradient with respect to the layer's output.
    - cache: (x, pool_param) from `max_pool_forward_naive`.

    Returns:
    - dx: (N, C, H, W). An element that is the largest of several windows gets the sum of their
      dout.

    Where several elements of a window are equally large, the layer has no derivative. It is up to
    you whether one of them gets all of dout, or each of them all of it, or each an equal share.
    """
    x, pool_param = cache
    dx = None
    # Compute dx.
    # YOUR CODE HERE: max_pool_backward_naive
    high, wide, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * stride : i * stride + high, j * stride : j * stride + wide]
        row, column = np.unravel_index(np.argmax(window), window.shape)
        dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]
    # END YOUR CODE HERE
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Output of spatial batch normalization: every channel is normalized as one feature.

    In mode "train", with mean μ and variance σ² of each channel over all images, rows and columns
    (m = N·H·W numbers, σ² = 1/m Σ (x - μ)²):

        out = gamma · (x - μ) / √(σ² + ε) + beta
        running_mean ← momentum · running_mean + (1 - momentum) · μ
        running_var  ← momentum · running_var  + (1 - momentum) · σ²

    In mode "test" the running averages stand in the place of μ and σ², and do not change. ε stands
    inside the square root.

    - x: (N, C, H, W), images.
    - gamma, beta: (C,), scale and shift of each channel.
    - bn_param: a dictionary with
      - "mode": "train" or "test".
      - "eps": ε, a small float; default 1e-5.
      - "momentum": a float from 0 to 1; default 0.9.
      - "running_mean", "running_var": arrays of shape (C,); zeros where they are missing.

      In mode "train" the new running averages are put into this same dictionary, for the next call.

    Returns:
    - out: (N, C, H, W).
    - cache: whatever `spatial_batchnorm_backward` needs.

    It is up to you whether the variance in running_var, and only there, is divided by m or by
    m - 1.

    Source: Ioffe and Szegedy, "Batch normalization", ICML 2015, section 3.2.
    """
    out, cache = None, None
    # Assign to out and cache. Your `batchnorm_forward` normalizes the columns of a (rows, C) array:
    # bring the channels of x to the last axis before you reshape it, and back again afterwards.
    # YOUR CODE HERE: spatial_batchnorm_forward
    count, channels, height, width = x.shape
    pixels = x.transpose(0, 2, 3, 1).reshape(-1, channels)
    normalized, cache = batchnorm_forward(pixels, gamma, beta, bn_param)
    out = normalized.reshape(count, height, width, channels).transpose(0, 3, 1, 2)
    # END YOUR CODE HERE
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Gradients of spatial batch normalization in mode "train".

    - dout: (N, C, H, W), gradient with respect to the layer's output.
    - cache: from `spatial_batchnorm_forward`.

    Returns:
    - dx: (N, C, H, W). μ and σ² depend on x as well, and count.
    - dgamma: (C,).
    - dbeta: (C,).
    """
    dx, dgamma, dbeta = None, None, None
    # Compute dx, dgamma and dbeta. Your `batchnorm_backward` does it for a (rows, C) array.
    # YOUR CODE HERE: spatial_batchnorm_backward
    count, channels, height, width = dout.shape
    pixels = dout.transpose(0, 2, 3, 1).reshape(-1, channels)
    dpixels, dgamma, dbeta = batchnorm_backward(pixels, cache)
    dx = dpixels.reshape(count, height, width, channels).transpose(0, 3, 1, 2)
    # END YOUR CODE HERE
    return dx, dgamma, dbeta
