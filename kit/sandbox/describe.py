"""Describes in a few words a value that came from a worker or goes to one."""

from __future__ import annotations

from typing import Any

import numpy as np

_FEW = 40
"""The most characters of a text or number that are shown."""
_SOME = 8
"""The most items of a list or dict that are shown."""


def describe(value: Any) -> str:
    """A short phrase for any value that can come from a worker."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple | list):
        kind = type(value).__name__
        return f"a {kind} of {len(value)} value{'' if len(value) == 1 else 's'}"
    if isinstance(value, dict):
        return "a dict"
    if isinstance(value, bool | int | float | np.generic):
        return f"the {type(value).__name__} {value}"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, bytes):
        return f"bytes ({len(value)} of them)"
    return repr(value)[:120]


def briefly(value: Any) -> str:
    """An argument in a few characters: small values as Python writes them, arrays by shape."""
    if isinstance(value, np.ndarray):
        return f"<array of shape {value.shape}>"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None or isinstance(value, bool | int):
        return str(value)[:_FEW]
    if isinstance(value, str):
        return repr(value[:_FEW])
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, dict):
        items = [f"{key!r}: {briefly(item)}" for key, item in list(value.items())[:_SOME]]
        return f"{{{', '.join(items)}{', ...' if len(value) > _SOME else ''}}}"
    if isinstance(value, list | tuple):
        items = [briefly(item) for item in value[:_SOME]]
        opening, closing = "[]" if isinstance(value, list) else "()"
        return f"{opening}{', '.join(items)}{', ...' if len(value) > _SOME else ''}{closing}"
    return "..."
