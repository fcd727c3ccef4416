"""What a correct implementation computes, found by another road than the one students take.

Everything is float64 and slow. A convolution adds up single products, pixel by pixel, and knows no
padding: what lies beyond the edge is left out. A gradient is the derivative of the forward pass by
a complex step in place of a backward pass. Running averages are weighted sums over all batches.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kit.checks import derivatives

Params = Mapping[str, np.ndarray]
"""The parameters of a net by name."""

# -- layers ----------------------------------------------------------------------------------------
# Each takes any number of leading axes, of its first argument or of any other: so all the shifted
# points of a gradient are computed in one go.


def convolution(x, w, b, *, stride, pad):
    """x (..., N, C, H, W), w (..., F, C, HH, WW), b (..., F) -> (..., N, F, H', W').

    H' = 1 + ⌊(H + 2·pad − HH)/stride⌋, and W' likewise.
    """
    height, width = x.shape[-2:]
    rows = places(height + 2 * pad, w.shape[-2], stride)
    columns = places(width + 2 * pad, w.shape[-1], stride)
    first = np.einsum("...nc,...fc->...nf", x[..., 0, 0], w[..., 0, 0])
    out = np.zeros((*np.broadcast_shapes(first.shape, b[..., None, :].shape), rows, columns))
    out = out + 0 * (first + b[..., None, :])[..., None, None]  # complex where an input is
    for i, j, k, m in np.ndindex(rows, columns, *w.shape[-2:]):
        row, column = i * stride + k - pad, j * stride + m - pad
        if 0 <= row < height and 0 <= column < width:
            pixel, weight = x[..., row, column], w[..., k, m]
            out[..., i, j] += np.einsum("...nc,...fc->...nf", pixel, weight)
    return out + b[..., None, :, None, None]


def max_pool(x, *, pool_height, pool_width, stride):
    """x (..., H, W) -> (..., H', W'): the largest element of each window by its real part."""
    rows = places(x.shape[-2], pool_height, stride)
    columns = places(x.shape[-1], pool_width, stride)
    out = np.zeros((*x.shape[:-2], rows, columns), x.dtype)
    for i, j in np.ndindex(rows, columns):
        best = x[..., i * stride, j * stride]
        for k, m in np.ndindex(pool_height, pool_width):
            other = x[..., i * stride + k, j * stride + m]
            best = np.where(other.real > best.real, other, best)
        out[..., i, j] = best
    return out


def places(length, size, stride):
    """How many windows of ``size``, each ``stride`` after the one before, begin and end inside."""
    return sum(start + size <= length for start in range(0, length, stride))


def channel_statistics(x):
    """Mean and variance of each channel of x (..., N, C, H, W): two arrays (..., C).

    The variance is divided by the number of values, N·H·W.
    """
    channels = [x[..., c, :, :].reshape(*x.shape[:-4], -1) for c in range(x.shape[-3])]
    means = [values.sum(axis=-1) / values.shape[-1] for values in channels]
    variances = [
        ((values - mean[..., None]) ** 2).sum(axis=-1) / values.shape[-1]
        for values, mean in zip(channels, means, strict=True)
    ]
    return np.stack(means, axis=-1), np.stack(variances, axis=-1)


def normalized(x, gamma, beta, statistics, eps):
    """γ (x − μ)/√(σ² + ε) + β by channel: x (..., N, C, H, W), the others (..., C).

    ``statistics`` are μ and σ².
    """
    mean, variance = statistics
    scale = gamma / (variance + eps) ** 0.5
    return x * by_channel(scale) + by_channel(beta - mean * scale)


def by_channel(values):
    """Values (..., C) in the form that goes with x (..., N, C, H, W)."""
    return values[..., None, :, None, None]


def spatial_batchnorm(x, gamma, beta, *, eps=1e-5):
    """The layer in mode "train": x (..., N, C, H, W), gamma and beta (..., C) -> as x."""
    return normalized(x, gamma, beta, channel_statistics(x), eps)


def running_averages(batches, *, momentum=0.9, running_mean=0.0, running_var=0.0, unbiased=False):
    """After each of the ``batches`` (N, C, H, W) in a row the two running averages: (K, C) each.

    r_k = mᵏ·r₀ + (1−m)·Σᵢ mᵏ⁻ⁱ·sᵢ of the statistics sᵢ. ``unbiased`` variances are divided by
    N·H·W − 1, as in Ioffe & Szegedy 2015, algorithm 2.
    """
    statistics = [channel_statistics(batch) for batch in batches]
    means = np.array([mean for mean, _ in statistics])
    variances = np.array([variance for _, variance in statistics])
    if unbiased:
        counts = np.array([batch.size / batch.shape[1] for batch in batches])
        variances = variances * (counts / (counts - 1))[:, None]
    return (
        _fading_sum((1 - momentum) * means, momentum, running_mean),
        _fading_sum((1 - momentum) * variances, momentum, running_var),
    )


def _fading_sum(terms, rate, start):
    """s_k = rateᵏ·start + Σᵢ₌₁ᵏ rateᵏ⁻ⁱ·termsᵢ for k = 1..K; terms and result are (K, C)."""
    k = np.arange(1, len(terms) + 1)
    lag = k[:, None] - k
    weights = np.where(lag < 0, 0.0, float(rate) ** np.maximum(lag, 0))
    return weights @ terms + float(rate) ** k[:, None] * np.asarray(start, dtype=np.float64)


def rows(x):
    """x (..., N, C, H, W) with each image as a row: (..., N, C·H·W)."""
    return x.reshape(*x.shape[:-3], -1)


def affine(x, w, b):
    """x (..., N, D), w (..., D, M), b (..., M) -> (..., N, M): xᵀw + b by example."""
    return np.einsum("...nd,...dm->...nm", x, w) + b[..., None, :]


def relu(x):
    """max(x, 0) by entry, any shape; where x is complex, its real part decides."""
    return np.where(x.real > 0, x, 0)


# -- the net ---------------------------------------------------------------------------------------


def layers(params: Params, X, bn_params=None, eps=1e-5):
    """What is computed on the way through the net with ``params``, for the images X (N, C, H, W).

    Three arrays: what the convolution puts out (..., N, F, H, W), what the first affine layer puts
    out (..., N, M, 1, 1), both before anything is normalized, and the scores (..., N, classes). The
    net has batch normalization where ``params`` has gammas: by the statistics of the batch, or by
    the running averages of the two ``bn_params`` where they are given.
    """
    p, size = params, params["W1"].shape[-1]
    filtered = convolution(X, p["W1"], p["b1"], stride=1, pad=size // 2)
    pooled = max_pool(relu(_normalize(filtered, p, 1, bn_params, eps)), **HALVING)
    hidden = affine(rows(pooled), p["W2"], p["b2"])[..., None, None]
    last = relu(_normalize(hidden, p, 2, bn_params, eps))[..., 0, 0]
    return filtered, hidden, affine(last, p["W3"], p["b3"])


def scores(params: Params, X, bn_params=None):
    """Class scores (..., N, classes) of a net; see ``layers``."""
    return layers(params, X, bn_params)[-1]


HALVING = {"pool_height": 2, "pool_width": 2, "stride": 2}
"""The net's pooling."""


def _normalize(hidden, params, layer, bn_params, eps):
    """The batch normalization of a layer of the net, where it has one; features are channels."""
    if f"gamma{layer}" not in params:
        return hidden
    if bn_params is None:
        statistics = channel_statistics(hidden)
    else:
        known = bn_params[layer - 1]
        statistics = known["running_mean"], known["running_var"]
    gamma, beta = params[f"gamma{layer}"], params[f"beta{layer}"]
    return normalized(hidden, gamma, beta, statistics, eps)


def net_loss(params: Params, X, y, reg=0.0):
    """Mean cross-entropy of the softmax of the scores, plus reg/2 times the squares of all W.

    y (N,) int. −log softmax = log Σⱼ exp(sⱼ) − s_y; shifting s by its maximum changes nothing and
    keeps exp finite (Goodfellow et al. 2016, section 4.1).
    """
    s = scores(params, X)
    s = s - s.real.max(axis=-1, keepdims=True)
    right = s[..., np.arange(len(y)), y]
    cross_entropy = np.mean(np.log(np.exp(s).sum(axis=-1)) - right, axis=-1)
    axes = {"W1": (-4, -3, -2, -1), "W2": (-2, -1), "W3": (-2, -1)}
    squares = [(params[name] ** 2).sum(axis=axis) for name, axis in axes.items()]
    return cross_entropy + 0.5 * reg * sum(squares)


def forward(params: Params, X):
    """What ``scores`` gives of images X without batch normalization, by matrix products.

    For thousands of images, in pieces of 50.
    """
    pieces = [_forward_piece(params, X[first : first + 50]) for first in range(0, len(X), 50)]
    return np.concatenate(pieces)


def _forward_piece(p, X):
    size = p["W1"].shape[-1]
    edge = (size // 2, size // 2)
    framed = np.pad(X, ((0, 0), (0, 0), edge, edge))
    windows = np.lib.stride_tricks.sliding_window_view(framed, (size, size), axis=(2, 3))
    filtered = np.tensordot(windows, p["W1"], axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    hidden = relu(filtered + by_channel(p["b1"]))
    count, filters, height, width = hidden.shape
    pooled = hidden.reshape(count, filters, height // 2, 2, width // 2, 2).max(axis=(3, 5))
    last = relu(pooled.reshape(count, -1) @ p["W2"] + p["b2"])
    return last @ p["W3"] + p["b3"]


def net_gradients(params: Params, X, y, reg=0.0) -> dict[str, np.ndarray]:
    """The gradient of ``net_loss`` by each parameter, under the parameter's name."""
    return derivatives.gradients(lambda each: net_loss(each, X, y, reg), params)
