"""Exact gradients of any function, for oracles: by a complex step, without a backward pass.

An oracle writes forward passes only. They must accept complex numbers, and any number of leading
axes in each argument, because all the shifted points of a gradient are computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def gradient(
    function: Callable[[np.ndarray], np.ndarray], point: np.ndarray, step: float = 1e-100
) -> np.ndarray:
    """∂function/∂point, of the shape of ``point``: Im function(point + i·step)/step by entry.

    The complex step has no subtraction, so it is exact to rounding (Squire & Trapp 1998). Do not
    use it across a kink. ``function`` maps a stack of points (P, ...) to P numbers.
    """
    shifts = step * np.eye(point.size).reshape(point.size, *point.shape)
    return function(point + 1j * shifts).imag.reshape(point.shape) / step


def backward(
    forward: Callable[..., np.ndarray], dout: np.ndarray, *inputs: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Gradients of Σ dout·forward(*inputs): for each input an array of its shape."""
    return tuple(derivative(forward, dout, inputs, number) for number in range(len(inputs)))


def derivative(
    forward: Callable[..., np.ndarray],
    dout: np.ndarray,
    inputs: tuple[np.ndarray, ...],
    number: int,
) -> np.ndarray:
    """The gradient of Σ dout·forward(*inputs) by input ``number``: an array of its shape."""
    axes = tuple(range(-dout.ndim, 0))
    before, after = inputs[:number], inputs[number + 1 :]

    def summed(stack: np.ndarray) -> np.ndarray:
        return np.asarray((dout * forward(*before, stack, *after)).sum(axes))

    return gradient(summed, inputs[number])


def gradients(
    function: Callable[[Mapping[str, np.ndarray]], Any], params: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The gradient of ``function`` by each of its named arrays: arrays of their shapes, by name.

    ``function`` maps arrays (..., *shape) by name to numbers (...).
    """
    ends = np.cumsum([value.size for value in params.values()])[:-1]
    shapes = {name: value.shape for name, value in params.items()}

    def parts(flat: np.ndarray) -> dict[str, np.ndarray]:
        """Split rows (..., P), which hold all arrays, into arrays by name."""
        pieces = zip(shapes.items(), np.split(flat, ends, axis=-1), strict=True)
        return {name: piece.reshape(*flat.shape[:-1], *shape) for (name, shape), piece in pieces}

    point = np.concatenate([value.ravel() for value in params.values()])
    return parts(gradient(lambda stack: np.asarray(function(parts(stack))), point))
