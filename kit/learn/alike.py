"""Makes the answers of two hand-ins comparable, and compares them as a replay does.

This module runs in a worker, beside replay.py and the catalogue: no code of a student runs there,
but the arrays are a submission's.
"""

from __future__ import annotations

import warnings
from typing import Any

import mistakes
import numpy as np
import replay

Calls = dict[str, list[dict[str, Any]]]


def prepare(task: str, checks: Calls) -> dict[str, Any]:
    """The answers in ``checks``, the calls of each check, and a ``signature`` of their form.

    An answer is a dict: ``what`` was called, the reason why it ``raised`` (None if it did not), the
    ``value``, and whether right code gives other numbers each time (``drawn``). What a student
    keeps in a dict for other purposes is left out of the value.
    """
    chance = any(each.chance for each in mistakes.MISTAKES if each.task == task)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        answers = {name: _answers(calls, chance) for name, calls in checks.items()}
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


def _answers(calls: list[dict[str, Any]], chance: bool) -> list[dict[str, Any]]:
    """The answers to ``calls`` that the task itself gave, each beside those of the right code."""
    functions = mistakes.implementation({})
    times: list[list[Any]] = [[] for _ in range(replay.REPLAYS if chance else 1)]
    found = []
    for number, call in enumerate(calls):
        right = []
        try:
            right = [replay._answer(call, calls, functions, returned) for returned in times]
        except Exception:  # right code can't take these inputs, or there is none
            for returned in times:
                returned[number:] = [None]
        if not call["other"] and ("raised" in call or call["kind"] not in {"place", "set"}):
            found.append(_answer(call, right))
    return found


def _answer(call: dict[str, Any], right: list[Any]) -> dict[str, Any]:
    return {
        "what": call["attribute"],
        "raised": replay._reason(call["raised"], call) if "raised" in call else None,
        "value": _trimmed(call["value"], right[0] if right else call["value"]),
        "drawn": _draws(call, right),
    }


def _draws(call: dict[str, Any], right: list[Any]) -> bool:
    """Whether the right code gives other numbers each time."""
    if call["kind"] == "get" and call["attribute"] in replay.DRAWN:
        return True
    return not all(_equal(right[0], each, drawn=False) for each in right[1:])


def _trimmed(value: Any, right: Any) -> Any:
    """``value`` without the entries of dicts that the right one does not have."""
    if isinstance(value, dict) and isinstance(right, dict):
        kept = right.keys() | replay.STATE
        return {key: _trimmed(value[key], right.get(key)) for key in value if key in kept}
    both = isinstance(value, tuple | list) and isinstance(right, tuple | list)
    if both and len(value) == len(right):
        return [_trimmed(*pair) for pair in zip(value, right, strict=True)]
    return value


def _alike(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two answers to one call are the same."""
    if (first["what"], first["raised"]) != (second["what"], second["raised"]):
        return False
    drawn = first["drawn"] and second["drawn"]
    return _equal(first["value"], second["value"], drawn=drawn)


def _equal(first: Any, second: Any, *, drawn: bool) -> bool:
    """Whether two values are the same; ``drawn`` ones, whether they may be of one distribution."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            _equal(first[key], second[key], drawn=drawn) for key in first
        )
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return len(first) == len(second) and all(
            _equal(*pair, drawn=drawn) for pair in zip(first, second, strict=True)
        )
    if isinstance(first, np.ndarray | np.number | int | float) and not isinstance(first, bool):
        return bool((replay._alike if drawn else replay._close)(first, second))
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
