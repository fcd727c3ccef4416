"""What the suites of this assignment share: the documented values and unseen inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

DOCUMENTED = Path(__file__).with_name("documented.json")


class Documented(NamedTuple):
    """The documented call of one task and what it returns, arrays made whole."""

    inputs: dict[str, np.ndarray]
    config: dict[str, Any]
    expected: dict[str, np.ndarray]
    tolerance: dict[str, float]


@pytest.fixture(scope="session")
def documented():
    """``documented(task)``: the documented call of a task, its arrays made anew."""
    cases = json.loads(DOCUMENTED.read_text(encoding="utf-8"))
    return lambda task: read(cases[task])


def read(case: dict[str, Any]) -> Documented:
    """A documented call as it stands in the file, with arrays."""
    return Documented(
        inputs={name: whole(entry) for name, entry in case["inputs"].items()},
        config={name: whole(entry) for name, entry in case.get("config", {}).items()},
        expected={name: np.asarray(entry) for name, entry in case["expected"].items()},
        # |x - y| < 1e-6 · max(1e-8, |x| + |y|), the notebook's rel_error, where x and y are close
        tolerance={"rtol": 2e-6, "atol": 1e-14},
    )


def whole(entry: Any) -> Any:
    """The array that {"linspace": [a, b], "shape": [...]} stands for; anything else as it is."""
    if not isinstance(entry, dict):
        return entry
    return np.linspace(*entry["linspace"], num=np.prod(entry["shape"])).reshape(entry["shape"])


@pytest.fixture(scope="session")
def draw(rng):
    """``draw(shape)``: unseen float64 numbers of either sign with 1 <= |value| < 2.

    So far from 0 that neither the kink of ReLU nor a default epsilon decides anything.
    """

    def drawn(shape):
        values = rng.uniform(-1, 1, shape)
        return values + np.copysign(1, values)

    return drawn
