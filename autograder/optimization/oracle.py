"""What a correct implementation computes, found by another road than the one students take.

Everything is float64 and slow. The update rules are weighted sums over the whole history of
gradients in place of recurrences; a forward pass is an ``einsum``; a gradient is the derivative
of the forward pass by a complex step in place of a backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kit.checks import derivatives

Trajectory = dict[str, np.ndarray]
"""``next_w`` and each entry of the state, stacked along a first axis of K steps."""


# -- update rules ----------------------------------------------------------------------------------
# Each takes the first weights w of any shape (...), the gradients (K, ...) of K steps in a row, and
# the entries of ``config`` with which the first step is called; the defaults are the taught ones.


def sgd_momentum(w, gradients, *, learning_rate=1e-2, momentum=0.9, velocity=0.0) -> Trajectory:
    """v_k = μᵏ·v₀ − η·Σᵢ μᵏ⁻ⁱ·gᵢ and w_k = w₀ + Σⱼ vⱼ.

    Classical momentum (Polyak 1964, as written by Sutskever et al. 2013, eq. 1-2), unrolled.
    """
    velocities = _fading_sum(-learning_rate * _float64(gradients), momentum, velocity)
    return {"next_w": w + np.cumsum(velocities, axis=0), "velocity": velocities}


def sgd_nesterov_momentum(
    w, gradients, *, learning_rate=1e-2, momentum=0.9, velocity=0.0
) -> Trajectory:
    """θ_k by classical momentum from θ₀ = w₀ − μ·v₀; then w_k = θ_k + μ·v_k.

    Nesterov's gradient is taken at the point θ + μ·v that momentum is about to reach (Sutskever et
    al. 2013, eq. 3-4). The taught rule keeps that look-ahead point as w, so θ lies μ·v behind it.
    """
    options = {"learning_rate": learning_rate, "momentum": momentum, "velocity": velocity}
    behind = sgd_momentum(w - momentum * _float64(velocity), gradients, **options)
    return behind | {"next_w": behind["next_w"] + momentum * behind["velocity"]}


def rmsprop(
    w, gradients, *, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, a=0.0
) -> Trajectory:
    """a_k = ρᵏ·a₀ + (1−ρ)·Σᵢ ρᵏ⁻ⁱ·gᵢ² and w_k = w₀ − η·Σⱼ gⱼ/(√aⱼ + ε).

    Tieleman & Hinton 2012 (Coursera lecture 6.5); ε stands outside the root, as the task says.
    """
    g = _float64(gradients)
    squares = _fading_sum((1 - decay_rate) * g**2, decay_rate, a)
    moves = g / (np.sqrt(squares) + epsilon)
    return {"next_w": w - learning_rate * np.cumsum(moves, axis=0), "a": squares}


def adam(
    w,
    gradients,
    *,
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    v=0.0,
    a=0.0,
    t=0,
    efficient=False,
) -> Trajectory:
    """v_k, a_k: fading sums of g, g²; w_k = w₀ − η·Σⱼ v̂ⱼ/(√âⱼ + ε), v̂ = v/(1−β₁ᵗ), â = a/(1−β₂ᵗ).

    t is t₀+j in step j. Kingma & Ba 2015, algorithm 1, whose moments m and v are called v and a.
    ``efficient`` is the form at the end of their section 2: −η·√(1−β₂ᵗ)/(1−β₁ᵗ)·v/(√a + ε). It is
    the other one with ε/√(1−β₂ᵗ) in the place of ε.
    """
    g = _float64(gradients)
    first = _fading_sum((1 - beta1) * g, beta1, v)
    second = _fading_sum((1 - beta2) * g**2, beta2, a)
    times = t + np.arange(1, len(g) + 1)
    column = times.reshape(-1, *[1] * (g.ndim - 1))
    if efficient:
        epsilon = epsilon / np.sqrt(1 - beta2**column)
    moves = (first / (1 - beta1**column)) / (np.sqrt(second / (1 - beta2**column)) + epsilon)
    return {
        "next_w": w - learning_rate * np.cumsum(moves, axis=0),
        "v": first,
        "a": second,
        "t": times,
    }


def _fading_sum(terms, rate, start):
    """s_k = rateᵏ·start + Σᵢ₌₁ᵏ rateᵏ⁻ⁱ·termsᵢ for k = 1..K; terms and result are (K, ...)."""
    k = np.arange(1, len(terms) + 1)
    lag = k[:, None] - k
    weights = np.where(lag < 0, 0.0, float(rate) ** np.maximum(lag, 0))
    summed = np.einsum("ki,in->kn", weights, terms.reshape(len(terms), -1)).reshape(terms.shape)
    return summed + float(rate) ** k.reshape(-1, *[1] * (terms.ndim - 1)) * _float64(start)


# -- layers and nets -------------------------------------------------------------------------------
# Each takes any number of leading axes, of its first argument or of any other: so all the shifted
# points of a gradient are computed in one go.


def rows(x):
    """x (N, d_1, ..., d_k) with each example as a row: (N, D), D = d_1 · ... · d_k."""
    return x.reshape(len(x), -1)


def affine(x, w, b):
    """x (..., N, D), w (..., D, M), b (..., M) -> (..., N, M): xᵀw + b by example."""
    return np.einsum("...nd,...dm->...nm", x, w) + b[..., None, :]


def relu(x):
    """max(x, 0) by entry, any shape; where x is complex, its real part decides."""
    return np.where(x.real > 0, x, 0)


def affine_relu(x, w, b):
    """ReLU after an affine layer; shapes as in ``affine``."""
    return relu(affine(x, w, b))


def scores(params: Mapping[str, np.ndarray], X):
    """Class scores (..., N, C) of a net with parameters W1, b1, ..., WL, bL for the rows X (N, D).

    Between its layers is ReLU.
    """
    layers = len(params) // 2
    for layer in range(1, layers):
        X = affine_relu(X, params[f"W{layer}"], params[f"b{layer}"])
    return affine(X, params[f"W{layers}"], params[f"b{layers}"])


def loss(params: Mapping[str, np.ndarray], X, y, reg=0.0):
    """Mean cross-entropy of the softmax of the scores, plus reg/2 times the squares of all W.

    y (N,) int. −log softmax = log Σⱼ exp(sⱼ) − s_y; shifting s by its maximum changes nothing and
    keeps exp finite (Goodfellow et al. 2016, section 4.1).
    """
    s = scores(params, X)
    s = s - s.real.max(axis=-1, keepdims=True)
    right = s[..., np.arange(len(y)), y]
    cross_entropy = np.mean(np.log(np.exp(s).sum(axis=-1)) - right, axis=-1)
    weights = [value for name, value in params.items() if name.startswith("W")]
    return cross_entropy + 0.5 * reg * sum((W**2).sum(axis=(-2, -1)) for W in weights)


def forward(params: Mapping[str, np.ndarray], X):
    """What ``scores`` gives of examples X (N, ...), by matrix products: for thousands of them."""
    hidden, layers = rows(X), len(params) // 2
    for layer in range(1, layers + 1):
        hidden = hidden @ params[f"W{layer}"] + params[f"b{layer}"]
        hidden = relu(hidden) if layer < layers else hidden
    return hidden


def loss_gradients(params: Mapping[str, np.ndarray], X, y, reg=0.0) -> dict[str, np.ndarray]:
    """The gradient of ``loss`` by each parameter, under the parameter's name."""
    return derivatives.gradients(lambda each: loss(each, X, y, reg), params)


def _float64(values):
    return np.asarray(values, dtype=np.float64)
