"""The documented calls of an assignment: the calls that its notebook shows, read from one file.

``documented.json`` beside the suites has an entry for each task whose call the notebook shows::

    "squared_error": {
     "function": "losses.squared_error",
     "inputs": {"prediction": {"linspace": [-0.1, 0.5], "shape": [2, 3]}, "target": [[0, 1, 0]]},
     "returns": ["loss", "gradient"],
     "expected": {"loss": 0.25}
    }

``{"linspace": [a, b], "shape": [...]}`` stands for
``numpy.linspace(a, b, num=product of shape).reshape(shape)``, a list for an array, and any other
dict for a dict of such values. ``expected`` names values that the function returns, or entries of a
dict that it returns or was given. Entries whose name begins with an underscore are comments.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.course import CourseError, of_course, read_text

LIMIT = 1e-6
"""The notebook accepts a value whose relative error is below this."""


@dataclass(frozen=True)
class Documented:
    """The documented call of one task, with new arrays.

    ``function`` is "module.name"; ``inputs`` are its arguments by name; ``returns`` are the names
    of what it returns; ``expected`` are the documented values by name.
    """

    function: str
    inputs: dict[str, Any]
    returns: tuple[str, ...]
    expected: dict[str, np.ndarray]

    @property
    def tolerance(self) -> dict[str, float]:
        """The keywords of `expect.close` with which it accepts what the notebook accepts.

        That is |x − y| < 1e-6 · max(1e-8, |x| + |y|), where x and y are close.
        """
        return {"rtol": 2 * LIMIT, "atol": LIMIT * 1e-8}

    def values(self, returned: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values that ``expected`` names, from the reply or from the arguments after the call.

        Raises LookupError, TypeError or ValueError if one is missing.
        """
        several = returned if len(self.returns) > 1 else (returned,)
        named = dict(zip(self.returns, several, strict=True))
        held: dict[str, Any] = {}
        for value in (*given.values(), *named.values()):
            held |= value if isinstance(value, dict) else {}
        found = {**held, **named}
        return {name: found[name] for name in self.expected}

    def is_right(self, values: Mapping[str, np.ndarray]) -> bool:
        """Whether the notebook accepts ``values``."""
        return all(close(values[name], right) for name, right in self.expected.items())


def close(value: np.ndarray, right: np.ndarray) -> bool:
    """Whether the largest relative error is below `LIMIT`; both are float64."""
    if value.shape != right.shape:
        return False
    scale = np.maximum(1e-8, np.abs(value) + np.abs(right))
    return bool((np.abs(value - right) < LIMIT * scale).all())


def entries(path: Path) -> dict[str, Any]:
    """The entries of the file ``path`` by task; none if there is no such file.

    Raises CourseError if the file is damaged.
    """
    if not path.is_file():
        return {}
    with of_course(path, "read"):
        found = json.loads(read_text(path))
        return {task: found[task] for task in found if not task.startswith("_")}


def case(entry: Mapping[str, Any]) -> Documented:
    """One entry of the file."""
    lacking = {"function", "inputs", "returns", "expected"} - entry.keys()
    if lacking:
        raise CourseError(f"A documented call lacks {', '.join(sorted(lacking))}.")
    returns: Sequence[str] = entry["returns"]
    return Documented(
        entry["function"],
        {name: whole(value) for name, value in entry["inputs"].items()},
        tuple(returns),
        {name: np.asarray(value, np.float64) for name, value in entry["expected"].items()},
    )


def whole(entry: Any) -> Any:
    """The value that an entry of the file stands for."""
    if isinstance(entry, list):
        return np.asarray(entry)
    if not isinstance(entry, dict):
        return entry
    if entry.keys() == {"linspace", "shape"}:
        first, last = entry["linspace"]
        return np.linspace(first, last, num=math.prod(entry["shape"])).reshape(entry["shape"])
    return {name: whole(value) for name, value in entry.items()}
