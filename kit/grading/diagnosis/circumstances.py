"""Says in words what the inputs of a call are like, to tell right calls from wrong ones.

It runs in a worker, like ``compared``. A circumstance is something about an input that a sentence
can name without giving its numbers away: whether a setting is there or zero, how many dimensions
an array has, whether a call goes on from the answer of an earlier one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from replay import STATE

Call = dict[str, Any]
Names = Mapping[str, Mapping[str, Any]]
Circumstances = dict[tuple[str, str], Hashable]
"""By kind of circumstance and name of the input, what is so."""
SMALL = 1e-3
"""Below it a number counts as small, as an epsilon or a rate may be."""


def circumstances(calls: Sequence[Call], names: Names) -> list[Circumstances]:
    """Those of each call of a check."""
    found: list[Circumstances] = []
    for number, call in enumerate(calls):
        own: Circumstances = {}
        if call["kind"] in {"call", "get", "set"}:
            for each in _made_by(calls, number):
                own |= found[each]
            for name, value in _arguments(calls, number, names):
                own |= dict(_of(name, value))
            if call["kind"] == "call":
                own["later", ""] = _goes_on(calls, number)
        found.append(own)
    return found


def complete(found: Sequence[Circumstances]) -> None:
    """Say of each call also what it lacks: a key in a dict that others have, and its zero.

    A key counts only if it is in a dict that no student's code has had in its hands, or is one that
    right code keeps there. So no sentence repeats a word of a submission's.
    """
    fresh = [each for each in found if not each.get(("later", ""), False)]
    given = {name for each in fresh for kind, name in each if kind == "has"}
    told = {item for each in fresh for item in each.items() if item[0][0] == "is"}
    for each in found:
        for (kind, name), value in list(each.items()):
            invented = "[" in name and name not in given and _key(name) not in STATE
            if invented or (kind == "is" and ((kind, name), value) not in told):
                del each[kind, name]
    keys = {name for each in found for kind, name in each if kind == "has"}
    zeros = {name for each in found for kind, name in each if kind == "zero"}
    for each in found:
        for name in keys:
            if ("dict", name.partition("[")[0]) in each or ("none", name.partition("[")[0]) in each:
                each.setdefault(("has", name), False)
                if not each["has", name] and name in zeros and _key(name) in STATE:
                    each["zero", name] = True


def _key(name: str) -> str:
    return name.partition('["')[2].removesuffix('"]')


def _made_by(calls: Sequence[Call], number: int) -> Iterator[int]:
    """The calls whose answers are inputs: of a cache, an object, and what was set in the object."""
    call = calls[number]
    yield from (n for kind, n, *_ in call["given"] if kind in {"item", "opaque"})
    if call["object"] >= 0:
        yield call["object"]
        for n in range(call["object"] + 1, number):
            if calls[n]["kind"] == "set" and calls[n]["object"] == call["object"]:
                yield n


def _arguments(calls: Sequence[Call], number: int, names: Names) -> Iterator[tuple[str, Any]]:
    """The inputs of a call by the names of its parameters; None for one that was left out."""
    call = calls[number]
    if call["kind"] == "set":
        kind, value, *_ = call["given"][0]
        if kind == "value" and not isinstance(value, dict):  # a dict of parameters says nothing
            yield call["attribute"], value
        return
    parameters = list(names.get(call["attribute"], {}).get("parameters", ()))
    positional = len(call["given"]) - len(call["names"])
    given = dict(zip([*parameters[:positional], *call["names"]], call["given"], strict=False))
    for name in parameters:
        if name not in given:
            yield name, None
            continue
        kind, value, *_ = given[name]
        if kind == "object":
            yield name, before(calls, value, number)
        elif kind == "value":
            yield name, value


def before(calls: Sequence[Call], placed: int, number: int) -> Any:
    """What the value that call ``placed`` has placed was before the call ``number``."""
    looks = [
        call["value"]
        for call in calls[placed:number]
        if call["kind"] == "fetch" and call["object"] == placed and "value" in call
    ]
    kind, value, *_ = calls[placed]["given"][0]
    return looks[-1] if looks else value if kind == "value" else None


def _goes_on(calls: Sequence[Call], number: int) -> bool:
    """Whether an input is what an earlier call of the same function returned, or was left by it."""
    call = calls[number]
    earlier = [each for each in calls[:number] if each["attribute"] == call["attribute"]]
    answers = [
        item
        for each in earlier
        for item in (each["value"] if isinstance(each.get("value"), tuple | list) else ())
        if isinstance(item, dict)
    ]
    for given in call["given"]:
        if given[0] == "object" and any(given in each["given"] for each in earlier):
            return True
        if isinstance(given[1], dict) and any(_equal(given[1], item) for item in answers):
            return True
    return call["object"] >= 0 and any(each["object"] == call["object"] for each in earlier)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(v, other[k]) for k, v in one.items())
    return type(one) is type(other) and bool(np.array_equal(one, other))


def _of(name: str, value: Any) -> Iterator[tuple[tuple[str, str], Hashable]]:
    """What there is to say about one input."""
    yield ("none", name), value is None
    if isinstance(value, dict):
        yield ("dict", name), True
        for key, item in value.items():
            inner = f'{name}["{key}"]'
            yield ("has", inner), True
            yield from (found for found in _of(inner, item) if found[0][0] != "none")
    elif isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            zeros = int((value == 0).sum())
            yield ("dtype", name), value.dtype.name
            yield ("zero", name), zeros == value.size
            yield ("zeros", name), zeros > 0
        yield ("dims", name), value.ndim
        yield ("single", name), value.ndim > 0 and len(value) == 1
        if value.ndim > 1:
            yield ("square", name), value.shape[-1] == value.shape[-2]
    elif isinstance(value, bool | str):
        yield ("is", name), value
    elif isinstance(value, int | float):
        yield ("zero", name), value == 0
        yield ("one", name), value == 1
        yield ("small", name), bool(abs(value) < SMALL)
    elif isinstance(value, tuple | list):
        yield ("length", name), min(len(value), 2)


ORDER = (
    "later",
    "none",
    "has",
    "zero",
    "is",
    "one",
    "length",
    "dims",
    "single",
    "square",
    "dtype",
    "zeros",
    "small",
)
"""The kinds of circumstances, those that are named first before the others."""
_COUNTS = ("no", "one", "two", "three", "four", "five", "six")


def phrase(kind: str, names: Sequence[str], values: Collection[Any]) -> str:
    """Words for calls in which a circumstance of the inputs ``names`` has one of ``values``."""
    listed = [f"`{name}`" for name in names]
    shown = ", ".join(listed[:-1]) + " and " * (len(listed) > 1) + listed[-1]
    be, have = ("are", "have") if len(listed) > 1 else ("is", "has")
    if kind == "dims":
        many = sorted(values)
        counts = " or ".join(_COUNTS[n] if n < len(_COUNTS) else str(n) for n in many)
        return f"where {shown} {have} {counts} dimension{'s' * (many != [1])}"
    if kind == "length":
        words = {0: f"{be} empty", 1: f"{have} one entry", 2: f"{have} more than one entry"}
        return f"where {shown} " + " or ".join(words[each] for each in sorted(values))
    if kind in {"is", "dtype"}:
        plain = [value if kind == "dtype" else _literal(value) for value in values]
        return f"where {shown} {be} {' or '.join(sorted(plain))}"
    yes, no = {
        "later": ("that go on from an earlier one", "that go on from no earlier one"),
        "none": (f"without {shown}", f"with {shown}"),
        "has": (f"where {shown} {be} there", f"where {shown} {be} missing"),
        "zero": (f"where {shown} {be} 0", f"where {shown} {be} not 0"),
        "one": (f"where {shown} {be} 1", f"where {shown} {be} not 1"),
        "single": (f"where {shown} {have} one row", f"where {shown} {have} more than one row"),
        "square": (
            f"where the last two dimensions of {shown} are equal",
            f"where the last two dimensions of {shown} differ",
        ),
        "zeros": (f"where {shown} {have} zeros in it", f"where {shown} {have} no zeros in it"),
        "small": (f"where {shown} {be} less than {SMALL}", f"where {shown} {be} at least {SMALL}"),
    }[kind]
    return yes if next(iter(values)) else no


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
