"""Lets code that draws without a seed draw the same numbers in every worker.

The same bytes are to get the same grade, also where a student initializes weights by
``np.random.randn`` or ``np.random.default_rng()``. Code that asks the clock or the kernel for
chance still gets it.
"""

from __future__ import annotations

import random
from itertools import count
from typing import Any

import numpy as np


def settle() -> None:
    """Seed the generators that everybody shares, and those that are made without a seed."""
    random.seed(0)
    np.random.seed(0)
    unseeded, made = count(), np.random.default_rng

    def default_rng(seed: Any = None) -> np.random.Generator:
        return made(next(unseeded) if seed is None else seed)

    default_rng.__doc__ = made.__doc__
    np.random.default_rng = default_rng
