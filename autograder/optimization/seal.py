"""Writes utils/known.json: what the notebook says of known mistakes, readable only to who made one.

    python autograder/optimization/seal.py

Each mistake is made on the notebook's documented inputs, and its sentence is locked with the wrong
numbers that come out (utils/feedback.py has the lock). So the release tells nobody what the
mistakes are, and tells those who made one which it was. Left out is what the documented inputs
can't tell: a mistake that gives the right numbers there, or numbers that another mistake, or two
others together, give as well.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

SUITES = Path(__file__).resolve().parent
SOURCE = SUITES.parents[1] / "source" / SUITES.name
FUNCTIONS = {
    "affine_forward": "layers.affine_forward",
    "relu_forward": "layers.relu_forward",
    "sgd_momentum": "optim.sgd_momentum",
    "sgd_nesterov_momentum": "optim.sgd_nesterov_momentum",
    "rmsprop": "optim.rmsprop",
    "adam": "optim.adam",
}
"""The function of each task that has documented inputs."""


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_of_seal_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _feedback() -> ModuleType:
    """The notebook's utils/feedback.py; what it imports is taken from beside it."""
    sys.path.insert(0, str(SOURCE))
    try:
        return _load(SOURCE / "utils" / "feedback.py")
    finally:
        sys.path.remove(str(SOURCE))


mistakes, suites, feedback = (
    _load(SUITES / "mistakes.py"),
    _load(SUITES / "conftest.py"),
    _feedback(),
)
DOCUMENTED = json.loads(suites.DOCUMENTED.read_text(encoding="utf-8"))


def key(task: str, changes: dict[str, Any]) -> bytes | None:
    """The key to what ``changes`` make of the documented call; None unless it is wrong numbers."""
    case = suites.read(DOCUMENTED[task])
    function = mistakes.implementation(changes)[FUNCTIONS[task]]
    try:
        if case.config:
            result, config = function(**case.inputs, config=dict(case.config))
            values = {**config, "next_w": result}
        else:
            values = {"out": function(**case.inputs)[0]}
        found = {name: np.asarray(values[name], dtype=np.float64) for name in case.expected}
    except (ValueError, TypeError, LookupError):  # the traceback says enough
        return None
    if all(_close(found[name], right) for name, right in case.expected.items()):
        return None
    return feedback.key_of(task, found)


def _close(value: np.ndarray, right: np.ndarray) -> bool:
    """As the notebook decides; documented values have eight decimals."""
    return value.shape == right.shape and bool(feedback.rel_error(value, right) < 1e-6)


def sealed() -> dict[str, bytes]:
    """The key of each mistake that the documented inputs can tell, by the mistake's id."""
    told = {}
    for task in FUNCTIONS:
        of_task = [
            mistake
            for mistake in mistakes.MISTAKES
            if mistake.task == task
            and mistake.id not in mistakes.VARIANTS  # config holds the state
        ]
        alone = {mistake.id: key(task, mistake.changes) for mistake in of_task}
        shared = Counter(alone.values())
        together: dict[bytes | None, list[set[str]]] = {}
        for pair in combinations(of_task, 2):
            if not set.intersection(*(set(mistake.changes) for mistake in pair)):
                both = key(task, pair[0].changes | pair[1].changes)
                together.setdefault(both, []).append({mistake.id for mistake in pair})
        told |= {
            mistake: own
            for mistake, own in alone.items()
            if own is not None
            and shared[own] == 1
            and all(mistake in pair for pair in together.get(own, []))
        }
    return told


def known() -> str:
    """The text of known.json."""
    texts = {mistake.id: mistake.text for mistake in mistakes.MISTAKES}
    entries = {
        feedback.tag_of(own): base64.b64encode(feedback.mixed(own, texts[name].encode())).decode()
        for name, own in sealed().items()
    }
    return json.dumps(entries, indent=0, sort_keys=True) + "\n"


if __name__ == "__main__":
    feedback.KNOWN.write_text(known(), encoding="utf-8")
