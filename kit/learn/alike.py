"""Makes the answers of two hand-ins comparable, and compares them as a replay does.

This module runs in a worker, beside replay.py and the catalogue: no code of a student runs there,
but the arrays are a submission's.
"""

from __future__ import annotations

import warnings
from typing import Any

import compared
import mistakes
import numpy as np
import replay

Calls = dict[str, list[dict[str, Any]]]
TIMES = 3
"""So often right code is run, with other seeds, to see what it draws."""
DRAWN = "<drawn>"
"""The one key of a dict that stands for numbers which right code draws: they are its value."""


def prepare(checks: Calls) -> dict[str, Any]:
    """The answers in ``checks``, the calls of each check, and a ``signature`` of their form.

    An answer is a dict: ``what`` was called, the reason why it ``raised`` (None if it did not), and
    the ``value``, in which numbers are marked as DRAWN if right code gives others each time, or
    with another seed. What a student keeps in a dict for other purposes is left out of it.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        answers = {name: _answers(calls) for name, calls in checks.items()}
    return {"answers": answers, "signature": repr(sorted(map(_form, answers.items())))}


def same(first: Calls, second: Calls) -> bool:
    """Whether two hand-ins gave the same answers to the same calls, within replay's tolerance."""
    with np.errstate(all="ignore"):
        return first.keys() == second.keys() and all(
            len(first[name]) == len(second[name]) and all(map(_alike, first[name], second[name]))
            for name in first
        )


def nearest(task: str, checks: Calls, failed: list[str], most: int) -> list[dict[str, Any]]:
    """The catalogue's entries that explain some ``failed`` check, those first that explain most.

    ``against`` are the passed checks in which the entry's code answers otherwise.
    """
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for each in mistakes.MISTAKES:
            if each.task != task:
                continue
            told = [name for name in failed if replay.explains(each, checks[name])]
            if told:
                passed = [name for name in checks if name not in failed]
                against = [name for name in passed if not replay.explains(each, checks[name])]
                found.append({"id": each.id, "explains": told, "against": against})
    found.sort(key=lambda each: (len(each["against"]), -len(each["explains"])))
    return found[:most]


def _answers(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to ``calls`` that the task itself gave, each beside those of the right code."""
    functions = mistakes.implementation({})
    times: list[list[Any]] = [[] for _ in range(TIMES)]
    found = []
    for number, call in enumerate(calls):
        right = []
        try:
            for run, returned in enumerate(times):
                with compared.seeds_shifted(run * compared.SHIFT):
                    right.append(replay._answer(call, calls, functions, returned))
        except Exception:  # right code can't take these inputs, or there is none
            right = []
            for returned in times:
                returned[number:] = [None]
        if not call["other"] and ("raised" in call or call["kind"] not in {"place", "set"}):
            found.append(_answer(call, right))
    return found


def _answer(call: dict[str, Any], right: list[Any]) -> dict[str, Any]:
    drawn = call["kind"] == "get" and call["attribute"] in replay.DRAWN
    value = _drawn(_kept(call["value"], right[:1])) if drawn else _kept(call["value"], right)
    return {
        "what": call["attribute"],
        "raised": replay._reason(call["raised"], call) if "raised" in call else None,
        "value": value,
    }


def _kept(value: Any, right: list[Any]) -> Any:
    """What is compared of ``value``; ``right`` is what right code answers, each time anew."""
    if not right:
        return value
    if isinstance(value, dict) and isinstance(right[0], dict):
        return {
            key: _kept(item, [each[key] for each in right if key in each])
            for key, item in value.items()
            if key in right[0] or key in replay.STATE
        }
    if _are_sequences(value, *right) and all(len(each) == len(value) for each in right):
        items = zip(value, zip(*right, strict=True), strict=True)
        return [_kept(item, list(each)) for item, each in items]
    if _is_number(right[0]) and not all(replay._close(right[0], each) for each in right[1:]):
        return _drawn(value)
    return value


def _drawn(value: Any) -> Any:
    """``value``, with all its numbers marked."""
    if isinstance(value, dict):
        return {key: _drawn(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_drawn(item) for item in value]
    return {DRAWN: value} if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool)


def _are_sequences(*values: Any) -> bool:
    return all(isinstance(each, tuple | list) for each in values)


def _alike(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two answers to one call are the same."""
    if (first["what"], first["raised"]) != (second["what"], second["raised"]):
        return False
    return _equal(first["value"], second["value"])


def _equal(first: Any, second: Any) -> bool:
    """Whether two values are the same, or, where they are drawn, may be of one distribution."""
    if isinstance(first, dict) and isinstance(second, dict):
        if first.keys() == second.keys() == {DRAWN}:
            return bool(replay._alike(first[DRAWN], second[DRAWN]))
        return first.keys() == second.keys() and all(_equal(first[k], second[k]) for k in first)
    if _are_sequences(first, second):
        return len(first) == len(second) and all(map(_equal, first, second))
    if _is_number(first):
        return bool(replay._close(first, second))
    return type(first) is type(second) and bool(first == second)


def _form(item: tuple[str, list[dict[str, Any]]]) -> tuple[str, list[Any]]:
    """What must be the same in two hand-ins whatever the tolerance."""
    name, answers = item
    return name, [(each["what"], each["raised"], _shape(each["value"])) for each in answers]


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((str(key), str(_shape(item))) for key, item in value.items())
    if isinstance(value, tuple | list):
        return [_shape(item) for item in value]
    return np.shape(value) if isinstance(value, np.ndarray | np.number | int | float) else value
