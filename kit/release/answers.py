"""Makes recorded calls to a submission's functions, or to the catalogue's, and compares answers.

This module runs in a worker, together with the catalogue and ``replay`` of the diagnosis, which it
uses. Random numbers are the same for the same code, whatever generator it makes.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import replay

from kit.checks.mistakes import Mistake

_make_generator = np.random.default_rng


def play(
    lists: list[list[dict[str, Any]]], modules: dict[str, str], chances: int
) -> list[list[dict[str, Any]]]:
    """For each list of calls and each call the ``values`` that the submission returned.

    There is one value for each of the ``chances``, with other random numbers. A call that raised
    has ``raised`` instead, and so have those after it. ``modules`` are the full names of modules.
    """
    with _quiet():
        return [_played(calls, _Functions(modules), chances) for calls in lists]


def compare(lists: list[list[dict[str, Any]]], modules: dict[str, str]) -> int | None:
    """The first of the lists to which the submission answers otherwise than by its ``values``."""
    with _quiet():
        for number, calls in enumerate(lists):
            for call, answer in zip(calls, _played(calls, _Functions(modules), 1), strict=True):
                if "raised" in answer:
                    return number
                if not replay._same(answer["values"][0], _expected(*call["values"])):
                    return number
    return None


def agree(task: str, names: list[str], lists: list[list[dict[str, Any]]]) -> list[bool]:
    """Whether the catalogue's code with these mistakes answers each of the lists as recorded."""
    own = [mistake for mistake in replay.mistakes.MISTAKES if mistake.task == task]
    found = [mistake for mistake in own if mistake.id in names]
    changes = {switch: value for each in found for switch, value in each.changes.items()}
    chance = any(mistake.chance for mistake in found or own)
    mistake = Mistake("", task, changes, "", chance)
    with _quiet():
        return [bool(replay.explains(mistake, calls)) for calls in lists]


class _Functions:
    """The submission's functions by "module.name", as ``replay`` looks them up."""

    def __init__(self, modules: dict[str, str]) -> None:
        self._modules = modules

    def __getitem__(self, name: str) -> Callable[..., Any]:
        module, _, function = name.partition(".")
        found: Callable[..., Any] = getattr(
            importlib.import_module(self._modules[module]), function
        )
        return found


def _played(calls: list[dict[str, Any]], functions: Any, chances: int) -> list[dict[str, Any]]:
    times = [_once(calls, functions, chance) for chance in range(chances)]
    return [
        {"raised": "it raised"} if any(len(each) <= n for each in times)
        else {"values": [each[n] for each in times]}
        for n in range(len(calls))
    ]  # fmt: skip


def _once(calls: list[dict[str, Any]], functions: Any, chance: int) -> list[Any]:
    """The answers to the calls, up to the first that raises."""
    np.random.seed(chance)
    np.random.default_rng = lambda seed=None: _make_generator(chance if seed is None else seed)
    returned: list[Any] = []
    answers: list[Any] = []
    for call in calls:
        try:
            value = replay._answer(call, calls, functions, returned)
        except Exception:
            break
        answers.append(_plain(value, replay.OPAQUE.get(call["function"])))
    return answers


def _plain(value: Any, hidden: int | None = None) -> Any:
    """A copy without what only the submission reads, and without objects."""
    if hidden is not None and isinstance(value, tuple) and len(value) > hidden:
        return _plain((*value[:hidden], None, *value[hidden + 1 :]))
    if isinstance(value, np.ndarray):
        return value.copy() if value.dtype.kind in "biuf" else replay.OBJECT
    if isinstance(value, np.generic):
        return np.array(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else replay.OBJECT


def _expected(value: Any, *again: Any) -> Any:
    """``value`` as ``replay`` compares it: numbers that are others in ``again`` were drawn."""
    if isinstance(value, dict):
        return {k: _expected(item, *(each[k] for each in again)) for k, item in value.items()}
    if isinstance(value, list):
        return [_expected(*items) for items in zip(value, *again, strict=True)]
    if isinstance(value, str):
        return object() if value == replay.OBJECT else value
    drawn = not all(np.array_equal(value, other, equal_nan=False) for other in again)
    return replay.Drawn(value) if drawn else value


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
