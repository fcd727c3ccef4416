"""Compares a transcript with known mistakes: which of them, alone or in pairs, explain all of it.

This module and the assignment's mistakes.py run in a worker. Both are ours, but their data come
from a submission, and arrays can be made to grow beyond all memory. The module uses only NumPy,
``mistakes`` and the files that go with it.
"""

from __future__ import annotations

import re
import warnings
from itertools import combinations
from typing import Any, NamedTuple

import mistakes
import numpy as np

from kit.checks.mistakes import FEWEST_DRAWS, Mistake, spread, summary

REPLAYS = 5
"""How often a mistake that draws is carried out, to see what it draws."""
OBJECT = "<an object>"
TOLERANCE = {"rtol": 1e-7, "atol": 1e-9}
NOTHING: frozenset[str] = frozenset()
OPAQUE: dict[str, int] = getattr(mistakes, "OPAQUE", {})
STATE: frozenset[str] = getattr(mistakes, "STATE", NOTHING)
DRAWN: frozenset[str] = getattr(mistakes, "DRAWN", NOTHING)
OPTIONAL: frozenset[str] = STATE | getattr(mistakes, "SETTINGS", NOTHING)
"""Settings that functions take from a dict and have a default for."""
COARSE = {"rtol": 1e-4, "atol": 1e-6}
"""The relative tolerance for arrays of float32."""


def find(task: str, checks: dict[str, list[dict[str, Any]]], failed: list[str]) -> dict[str, Any]:
    """The ``mistakes`` of ``task`` that explain failed ``checks``, and the checks they explain.

    ``checks`` has the calls of each check. A mistake explains a check if the code with this mistake
    answers each call as the submission did. The same exception for the same reason counts as the
    same answer. A mistake must explain the passed checks as well. The search is for one that
    explains all failed checks, then for two that do together, then for the one that explains most.
    If several do so equally well, the answer is none.
    """
    own = [mistake for mistake in mistakes.MISTAKES if mistake.task == task]
    explained: dict[tuple[str, ...], list[str]] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for mistake in own:
            explained[mistake.id,] = _explained(mistake, checks, failed)
        if not any(len(found) == len(failed) for found in explained.values()):
            for a, b in combinations(own, 2):
                if not a.changes.keys() & b.changes.keys():
                    both = Mistake("", task, a.changes | b.changes, "", a.chance or b.chance)
                    if all(explains(both, checks[name]) for name in failed):
                        explained[a.id, b.id] = _explained(both, checks, failed)
    most = max(map(len, explained.values()), default=0)
    best = [names for names, found in explained.items() if len(found) == most]
    if not most or len(best) > 1:
        return {"mistakes": [], "checks": []}
    return {"mistakes": list(best[0]), "checks": explained[best[0]]}


def _explained(
    mistake: Mistake, checks: dict[str, list[dict[str, Any]]], failed: list[str]
) -> list[str]:
    """The failed checks that ``mistake`` explains; none if it contradicts a passed check."""
    found = [name for name in failed if explains(mistake, checks[name])]
    passed = checks.keys() - set(failed)
    return found if found and all(explains(mistake, checks[name]) for name in passed) else []


def explains(mistake: Mistake, calls: list[dict[str, Any]]) -> bool:
    """Whether the code with ``mistake`` answers every call as the submission did.

    Code that draws is run several times. Its draws differ each time, and their spread is compared.
    """
    functions = mistakes.implementation(mistake.changes)
    times: list[list[Any]] = [[] for _ in range(REPLAYS if mistake.chance else 1)]
    for number, call in enumerate(calls):
        try:
            answers = [_answer(call, calls, functions, returned) for returned in times]
        except Exception as error:
            replayed = f"{type(error).__name__}: {error}"
            seen = _reason(call.get("raised", ""), call)
            if not call["other"] and seen != _reason(replayed, call):
                return False
            for returned in times:
                returned[number:] = [None]
            continue
        if not call["other"] and ("raised" in call or not _agrees(call, answers)):
            return False
    return True


def _answer(
    call: dict[str, Any],
    calls: list[dict[str, Any]],
    functions: dict[str, Any],
    returned: list[Any],
) -> Any:
    """What ``functions`` answer to ``call``, after they ``returned`` so much before; adds it."""
    given = [_thawed(*each, calls=calls, returned=returned) for each in call["given"]]
    returned.append(_carry_out(call, functions, given, returned))
    return returned[-1]


class Drawn(NamedTuple):
    """Numbers that came out otherwise when they were computed again."""

    values: Any


def _drawn(value: Any, *again: Any) -> Any:
    """``value``, with `Drawn` for the numbers in it that are others in one of ``again``.

    So few numbers as tell nothing about a spread may be drawn and the same each time.
    """
    if not again or any(type(other) is not type(value) for other in again):
        return value
    if isinstance(value, tuple | list) and all(len(other) == len(value) for other in again):
        return [_drawn(*items) for items in zip(value, *again, strict=True)]
    if isinstance(value, dict) and all(other.keys() == value.keys() for other in again):
        return {name: _drawn(item, *(each[name] for each in again)) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool):
        same = np.size(value) >= FEWEST_DRAWS and all(_close(value, other) for other in again)
        return value if same else Drawn(value)
    return value


_PRODUCTS = (
    re.compile(
        r"ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, "
        r"with gufunc signature .* \(size (?P<second>\d+) is different from (?P<first>\d+)\)"
    ),
    re.compile(
        r"ValueError: shapes \([\d,]+\) and \([\d,]+\) not aligned: "
        r"(?P<first>\d+) \(dim \d+\) != (?P<second>\d+) \(dim \d+\)"
    ),
)
"""NumPy's messages about a product whose shapes do not fit, for @ and for `dot`."""


def _reason(raised: str, call: dict[str, Any]) -> str:
    """The reason why ``call`` raised an exception, whatever the style of the code.

    A product may be written with @ or with `dot`. If several settings were left out of the call,
    the code decides which one it misses first.
    """
    for product in _PRODUCTS:
        if match := product.fullmatch(raised):
            return f"a product along {match['first']} and {match['second']}"
    missed = raised.removeprefix("KeyError: ").strip("'\"")
    if raised.startswith("KeyError: ") and missed in OPTIONAL:
        held = {key for _, value in call["given"] if isinstance(value, dict) for key in value}
        if missed not in held:
            return "a setting is missing"
    return raised


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


def _thawed(
    kind: str,
    value: Any,
    place: int = 0,
    *,
    calls: list[dict[str, Any]],
    returned: list[Any],
) -> Any:
    """An argument of the replayed code: a copy, or what that code returned before."""
    if kind == "item":
        return returned[value][place]
    if kind == "object":
        return returned[value]
    if kind == "opaque":
        return returned[value][OPAQUE[calls[value]["function"]]]
    return _copied(value)


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_copied, value))
    return value


def _agrees(call: dict[str, Any], answers: list[Any]) -> bool:
    """Whether ``call`` was answered as it is each time that the mistake is carried out."""
    if call["kind"] == "place":
        return True
    if call["kind"] == "get" and call["attribute"] in DRAWN:
        return bool(summary(call["value"]) == summary(answers[0]))
    value = _drawn(*answers)
    hidden = OPAQUE.get(call["function"])
    if hidden is not None and isinstance(value, tuple | list) and len(value) > hidden:
        value = (*value[:hidden], None, *value[hidden + 1 :])
    return _same(call["value"], value)


def _same(seen: Any, replayed: Any) -> bool:
    """Whether two values are the same or, if they are drawn, may come from one distribution.

    A returned dict may hold more keys, which the student keeps for other purposes.
    """
    if isinstance(replayed, Drawn):
        return _alike(seen, replayed.values)
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
            and not (seen.keys() - replayed.keys()) & STATE
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


def _alike(seen: Any, replayed: Any) -> bool:
    """Whether two values may well come from one distribution."""
    if not isinstance(seen, np.ndarray | np.number | int | float):
        return False
    a, b = np.asarray(seen), np.asarray(replayed)
    if a.shape != b.shape or b.dtype.kind not in "biuf":
        return False
    if a.size < FEWEST_DRAWS:
        return True
    return bool(spread(a.astype(np.float64)) == spread(b.astype(np.float64)))
