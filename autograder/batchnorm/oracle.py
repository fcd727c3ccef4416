"""What a correct implementation computes, found by another road than the one students take.

Everything is float64 and slow. A variance is the mean squared difference of all pairs in place of
the mean squared distance from the mean; running averages are weighted sums over the whole history
of batches in place of recurrences; a gradient is the derivative of the forward pass by a complex
step in place of a backward pass.

Functions take any number of leading axes, of their first argument or of any other: so all the
shifted points of a gradient are computed in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from optimization.oracle import affine, relu, rows

from kit.checks import derivatives

EPS, MOMENTUM = 1e-5, 0.9
"""The taught defaults."""


# -- batch normalization ---------------------------------------------------------------------------


def mean(x):
    """The mean over the examples of x (..., N, D): (..., D)."""
    return np.einsum("...nd->...d", x) / x.shape[-2]


def variance(x):
    """σ² = Σᵢⱼ (xᵢ − xⱼ)² / 2N² over the examples of x (..., N, D): (..., D)."""
    differences = x[..., :, None, :] - x[..., None, :, :]
    return np.einsum("...nmd->...d", differences**2) / (2 * x.shape[-2] ** 2)


def batchnorm(x, gamma, beta, *, eps=EPS):
    """x (..., N, D) with the mean and the variance of its examples; gamma, beta (..., D)."""
    return normalized(x, gamma, beta, mean(x), variance(x), eps=eps)


def normalized(x, gamma, beta, average, spread, *, eps=EPS):
    """γ·(x − average)/√(spread + ε) + β; all but x (..., N, D) have the shape (..., D)."""
    scale = gamma / np.sqrt(spread + eps)
    return np.einsum("...nd,...d->...nd", x - average[..., None, :], scale) + beta[..., None, :]


def running(batches: Sequence[np.ndarray], momentum=MOMENTUM, *, running_mean=0, running_var=0):
    """The running averages after K batches (N, D) in a row, by name, each of shape (D,).

    r_K = mᴷ·r₀ + (1−m)·Σₖ mᴷ⁻ᵏ·sₖ, where s is the mean of each batch, or its variance.
    """
    weights = momentum ** np.arange(len(batches) - 1, -1, -1.0)
    return {
        name: momentum ** len(batches) * start
        + (1 - momentum) * np.einsum("k,kd->d", weights, [statistic(x) for x in batches])
        for name, statistic, start in (
            ("running_mean", mean, running_mean),
            ("running_var", variance, running_var),
        )
    }


OTHER_DIVISORS: dict[str, Callable] = {  # of σ², ε and N
    "N - 1": lambda var, eps, n: np.sqrt(var * n / (n - 1) + eps),
    "no 1/N": lambda var, eps, n: np.sqrt(var * n + eps),
    "ε outside": lambda var, eps, _: np.sqrt(var) + eps,
    "no ε": lambda var, *_: np.sqrt(var),
    "ε²": lambda var, eps, _: np.sqrt(var + eps**2),
    "no root": lambda var, eps, _: var + eps,
}
"""What a wrong forward pass may divide by; its derivative is as much work as the right one's."""


def other_batchnorm(x, gamma, beta, *, eps, divisor):
    """``batchnorm`` with one of the `OTHER_DIVISORS` in the place of √(σ² + ε)."""
    spread = divisor(variance(x), eps, x.shape[-2]) ** 2
    return normalized(x, gamma, beta, mean(x), spread, eps=0)


def by_formula(dout, gamma, x_hat, scale):
    """dx, dgamma and dbeta by the usual formula, with the x̂ (N, D) and 1/√(σ² + ε) given.

    For a forward pass that is wrong, whose x̂ is read off its output. ``scale`` broadcasts to x̂.
    """
    by_gamma = np.einsum("nd,nd->d", dout, x_hat)
    inner = dout - (dout.sum(0) + x_hat * by_gamma) / len(dout)
    return gamma * scale * inner, by_gamma, dout.sum(0)


# -- layers and nets -------------------------------------------------------------------------------


def affine_batchnorm_relu(x, w, b, gamma, beta, *, eps=EPS):
    """ReLU after batch normalization after an affine layer, in train mode."""
    return relu(batchnorm(affine(x, w, b), gamma, beta, eps=eps))


def depth(params: Mapping[str, np.ndarray]) -> int:
    """How many layers have weights in ``params``."""
    return sum(name.startswith("W") for name in params)


def hidden_inputs(params: Mapping[str, np.ndarray], X, masks=()) -> list[np.ndarray]:
    """What the affine layer puts out in each hidden layer of a net in train mode, then the scores.

    X (N, D) are rows. ``masks`` are what the outputs of each hidden layer are multiplied by, (N, M)
    for layer 1, 2, ...; there are none without dropout. There is batch normalization where
    ``params`` has a gamma.
    """
    outputs, layers = [], depth(params)
    for layer in range(1, layers + 1):
        outputs.append(affine(X, params[f"W{layer}"], params[f"b{layer}"]))
        X = outputs[-1]
        if f"gamma{layer}" in params:
            X = batchnorm(X, params[f"gamma{layer}"], params[f"beta{layer}"])
        X = relu(X)
        if masks and layer < layers:
            X = X * masks[layer - 1]
    return outputs


def _with_running(X, params, bn_params, layer):
    """X after the batch normalization of a layer in test mode, where the net has one."""
    if f"gamma{layer}" not in params:
        return X
    held = bn_params[layer - 1]
    averages = (held["running_mean"], held["running_var"])
    return normalized(X, params[f"gamma{layer}"], params[f"beta{layer}"], *averages)


def forward(params: Mapping[str, np.ndarray], X, bn_params=()):
    """Class scores (N, C) of a net in test mode for examples X (N, ...).

    ``bn_params`` has running_mean and running_var for each hidden layer. This is computed by matrix
    products, so that it takes thousands of examples.
    """
    hidden, layers = rows(X), depth(params)
    for layer in range(1, layers + 1):
        hidden = hidden @ params[f"W{layer}"] + params[f"b{layer}"]
        if layer < layers:
            hidden = relu(_with_running(hidden, params, bn_params, layer))
    return hidden


def loss(params: Mapping[str, np.ndarray], X, y, reg=0.0, masks=()):
    """Mean cross-entropy of the softmax of the scores, plus reg/2 times the squares of all W.

    In train mode; X and masks as in ``hidden_inputs``, y (N,) int. −log softmax = log Σⱼ exp(sⱼ) −
    s_y; shifting s by its maximum changes nothing and keeps exp finite (Goodfellow et al. 2016,
    section 4.1).
    """
    s = hidden_inputs(params, X, masks)[-1]
    s = s - s.real.max(axis=-1, keepdims=True)
    right = s[..., np.arange(len(y)), y]
    cross_entropy = np.mean(np.log(np.exp(s).sum(axis=-1)) - right, axis=-1)
    weights = [value for name, value in params.items() if name.startswith("W")]
    return cross_entropy + 0.5 * reg * sum((W**2).sum(axis=(-2, -1)) for W in weights)


def loss_gradients(params: Mapping[str, np.ndarray], X, y, reg=0.0, masks=()):
    """The gradient of ``loss`` by each parameter, under the parameter's name."""
    return derivatives.gradients(lambda each: loss(each, X, y, reg, masks), params)
