"""Compares a transcript with known mistakes: which of them, alone or in twos, explain all of it.

This module and the assignment's mistakes.py are sent to a worker and run there. Both are ours, but
what they compute with came from a submission, and arrays can be made to multiply beyond all memory.
It uses nothing but NumPy and ``mistakes``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import mistakes
import numpy as np

OBJECT = "<an object>"
TOLERANCE = {"rtol": 1e-7, "atol": 1e-9}
COARSE = {"rtol": 1e-4, "atol": 1e-6}
"""For arrays of float32."""


def find(task: str, calls: list[dict[str, Any]], elsewhere: list[str]) -> dict[str, Any]:
    """What explains ``calls``, where the mistakes ``elsewhere`` were found in other tasks.

    ``follows`` are those of them that explain it without any mistake in ``task``; ``own`` are all
    mistakes of ``task`` that explain it (on top of those), else all pairs of them that do.

    What ``follows`` earns points, so it rests on values alone: nothing follows where a call raised
    an exception. A name is only told, so for ``own`` the same exception with the same message will
    do.
    """
    known = {mistake.id: mistake for mistake in mistakes.MISTAKES}
    own = [mistake for mistake in mistakes.MISTAKES if mistake.task == task]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        raised = any("raised" in call for call in calls)
        suspects = [[name] for name in elsewhere] + [elsewhere] * (len(elsewhere) > 1)
        for some in [] if raised else suspects:
            if explains(_union(known[name] for name in some), calls):
                return {"follows": some, "own": []}
        base = [known[name] for name in elsewhere]
        found = [[a.id] for a in own if explains(_union([*base, a]), calls)] or [
            [a.id, b.id]
            for a, b in combinations(own, 2)
            if not a.changes.keys() & b.changes.keys() and explains(_union([*base, a, b]), calls)
        ]
    return {"follows": [], "own": found}


def _union(some: Iterable[Any]) -> dict[str, Any]:
    return {switch: value for mistake in some for switch, value in mistake.changes.items()}


def explains(changes: dict[str, Any], calls: list[dict[str, Any]]) -> bool:
    """Whether the code with ``changes`` answers every call as it was answered."""
    functions = mistakes.implementation(changes)
    returned: list[Any] = []
    for call in calls:
        try:
            given = [_thawed(kind, value, calls, returned) for kind, value in call["given"]]
            value = _carry_out(call, functions, given, returned)
        except Exception as error:
            if call.get("raised") != f"{type(error).__name__}: {error}":
                return False
            returned.append(None)
            continue
        if "raised" in call or not _agrees(call, value):
            return False
        returned.append(value)
    return True


def _carry_out(
    call: dict[str, Any], functions: dict[str, Any], given: list[Any], returned: list[Any]
) -> Any:
    positional = len(given) - len(call["names"])
    named = dict(zip(call["names"], given[positional:], strict=True))
    if call["function"]:
        return functions[call["function"]](*given[:positional], **named)
    if call["kind"] == "place":
        return given[0]
    owner = returned[call["object"]]
    if call["kind"] == "fetch":
        return owner
    if call["kind"] == "get":
        return getattr(owner, call["attribute"])
    if call["kind"] == "set":
        return setattr(owner, call["attribute"], given[0])
    return getattr(owner, call["attribute"])(*given[:positional], **named)


def _thawed(kind: str, value: Any, calls: list[dict[str, Any]], returned: list[Any]) -> Any:
    """An argument as the replayed code gets it: a copy, or what it returned itself before."""
    if kind == "object":
        return returned[value]
    if kind == "opaque":
        return returned[value][mistakes.OPAQUE[calls[value]["function"]]]
    return _copied(value)


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value


def _agrees(call: dict[str, Any], value: Any) -> bool:
    if call["kind"] == "place":
        return True
    if call["kind"] == "get":
        return bool(mistakes.summary(call["value"]) == mistakes.summary(value))
    hidden = mistakes.OPAQUE.get(call["function"])
    if hidden is not None and isinstance(value, tuple) and len(value) > hidden:
        value = (*value[:hidden], None, *value[hidden + 1 :])
    return _same(call["value"], value)


def _same(seen: Any, replayed: Any) -> bool:
    """Whether two values are the same within the tolerance of the checks.

    A dict may also hold what the student keeps there for purposes of their own.
    """
    if isinstance(seen, str) and seen == OBJECT:
        return not isinstance(replayed, np.ndarray | np.generic | dict | list | tuple | str | int)
    if isinstance(replayed, tuple | list):
        return (
            isinstance(seen, tuple | list)
            and len(seen) == len(replayed)
            and all(_same(*pair) for pair in zip(seen, replayed, strict=True))
        )
    if isinstance(replayed, dict):
        return (
            isinstance(seen, dict)
            and replayed.keys() <= seen.keys()
            and not (seen.keys() - replayed.keys()) & mistakes.STATE
            and all(_same(seen[key], item) for key, item in replayed.items())
        )
    if replayed is None or isinstance(replayed, str | bool):
        return bool(seen is replayed or seen == replayed)
    return _close(seen, replayed)


def _close(seen: Any, replayed: Any) -> bool:
    if not isinstance(seen, np.ndarray | np.number | int | float):
        return False
    a, b = np.asarray(seen), np.asarray(replayed)
    if a.shape != b.shape or b.dtype.kind not in "biuf":
        return False
    coarse = any(x.dtype in (np.float32, np.float16) for x in (a, b))
    return bool(np.allclose(a, b, **(COARSE if coarse else TOLERANCE), equal_nan=True))
