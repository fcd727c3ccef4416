"""Compares a transcript with right code: which parts of each answer are right.

Like ``replay``, this module runs in a worker beside the assignment's mistakes.py, and its face is
`table`. The tester asks with ``Student(session_of(catalogue, parent)).compared.table(...)``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import mistakes
import numpy as np
from circumstances import before
from differences import Drawn, drawn
from replay import OBJECT, OPAQUE, _carry_out, _copied, _same

Call = dict[str, Any]
Parts = dict[str, bool | None]
"""Whether each part of an answer is right; None if nobody can tell, because right code may differ.

A part is called as the solution calls it: ``out``, ``config["velocity"]``, ``grads["W1"]``;
``x, afterwards`` is what a call left in an argument that was placed, ``""`` the whole answer and
`RAISED` an exception that right code does not raise. Parts in which right code only returns what it
was given, or leaves a placed argument as it was, are `KEPT` together unless they are wrong.
"""
RAISED = "an exception"
AFTERWARDS = "{}, afterwards"
KEPT = "what was given"
MISSING = "a key"
"""Is among the parts where a key is missing in a dict."""
SHIFT = 7919
"""What is added to seeds in a second run, so that what is drawn by a seed is known as drawn."""


def table(
    checks: Mapping[str, Sequence[Call]],
    names: Mapping[str, Mapping[str, Any]],
    doubted: Sequence[str] = (),
) -> dict[str, list[Parts]]:
    """The parts of each call's answer, in the order of the calls; by check.

    ``checks`` are the calls of a task as a transcript has them (`kit.sandbox.tester.transcript`).
    Each is made on right code with the inputs that the submission's code got: what an earlier call
    left in a dict does not make a later one look wrong. ``names`` has the parameters and the names
    of the returned values of each function (`kit.grading.diagnosis.names`). ``doubted`` are failed
    tasks: where an answer of one of them is an input, nothing is said.

    Calls of other tasks and those that give no answer have no parts.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {check: _Check(calls, names, doubted).parts() for check, calls in checks.items()}


class _Run:
    """One replay of the calls of a check on right code."""

    def __init__(self, shift: int) -> None:
        self.functions = mistakes.implementation({})
        self.shift = shift
        self.returned: list[Any] = []
        self.held: dict[int, Any] = {}
        """Placed values by the number of their call: as right code got or left them."""

    def make(self, call: Call, calls: Sequence[Call]) -> Any:
        """What right code answers; raises what it raises, or LookupError where it can't be made."""
        try:
            given = [self._given(*each, calls=calls) for each in call["given"]]
            with seeds_shifted(self.shift):
                answer = _carry_out(call, self.functions, given, self.returned)
        except Exception:
            self.returned.append(None)
            raise
        if call["kind"] == "place":
            self.held[len(self.returned)] = answer
        self.returned.append(answer)
        return answer

    def _given(self, kind: str, value: Any, place: int = 0, *, calls: Sequence[Call]) -> Any:
        if kind == "value":
            return _copied(value)
        if self.returned[value] is None:
            raise LookupError
        if kind == "object":
            return self.held.get(value, self.returned[value])
        place = place if kind == "item" else OPAQUE[calls[value]["function"]]
        return self.returned[value][place]


@contextmanager
def seeds_shifted(by: int) -> Iterator[None]:
    """Whatever is seeded in the block gets another seed."""
    kept = {name: getattr(np.random, name) for name in ("seed", "default_rng")}

    def other(make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda seed=None: make(seed + by if isinstance(seed, int) else seed)

    try:
        if by:
            for name, make in kept.items():
                setattr(np.random, name, other(make))
        yield
    finally:
        for name, make in kept.items():
            setattr(np.random, name, make)


class _Check:
    """The comparison of the calls of one check."""

    def __init__(
        self,
        calls: Sequence[Call],
        names: Mapping[str, Mapping[str, Any]],
        doubted: Sequence[str],
    ) -> None:
        self._calls, self._names, self._doubted = calls, names, doubted
        self._runs = [_Run(0), _Run(SHIFT)]
        self._found: list[Parts] = []
        self._user: dict[int, int] = {}
        """The last call that was given a placed value and was not looked at, by its number."""
        self._invented: set[str] = set()
        """Keys that the submission puts into a dict for purposes of its own."""
        self._spoiled: set[int] = set()
        """Objects of which an answer was wrong: what they hold is not known from then on."""

    def parts(self) -> list[Parts]:
        for call in self._calls:
            self._found.append({})
            try:
                answers = [run.make(call, self._calls) for run in self._runs]
            except Exception:  # right code can't take these inputs: nothing is known
                self._fail_to_compare(call)
                continue
            if call["kind"] == "fetch":
                self._look(call)
            elif call["kind"] in {"call", "get"} and not call["other"]:
                self._found[-1] = self._judged(call, answers)
                placed = {v for kind, v, *_ in call["given"] if kind == "object"}
                self._user |= dict.fromkeys(placed, len(self._found) - 1)
        return self._found

    def _fail_to_compare(self, call: Call) -> None:
        for run in self._runs:
            run.returned[len(self._found) - 1 :] = [None]
        if call["kind"] == "call" and not call["other"] and not call.get("raised"):
            self._found[-1] = {"": None}

    def _judged(self, call: Call, answers: list[Any]) -> Parts:
        if call.get("raised") == "" or self._is_doubted(call):
            return {"": None}
        if "raised" in call:
            parts: Parts = {RAISED: False}
        else:
            parts = self._compared(call, answers)
        if call["object"] >= 0:
            if call["object"] in self._spoiled:
                parts = {name: right or None for name, right in parts.items()}
            if False in parts.values():
                self._spoiled.add(call["object"])
        return parts

    def _is_doubted(self, call: Call) -> bool:
        """Whether an input is the answer of a task that failed."""
        made_by = [self._calls[n] for kind, n, *_ in call["given"] if kind != "value"]
        return any(
            each["attribute"] in self._doubted
            if each["other"]
            else each["kind"] == "place" and self._is_doubted(each)
            for each in made_by
        )

    def _compared(self, call: Call, answers: list[Any]) -> Parts:
        right = drawn(*answers)
        if call["kind"] == "get":
            return dict(self._leaves(call["value"], right, call["attribute"], ()))
        given = [value for kind, value, *_ in call["given"] if kind == "value"]
        given += self._runs[0].held.values()
        if not isinstance(answers[0], tuple):
            if isinstance(call["value"], str) and call["value"] == OBJECT:
                return {} if _same(call["value"], answers[0]) else {"": False}
            (name,) = self._returns(call, 1)
            return dict(self._leaves(call["value"], right, name, given))
        seen, hidden = call["value"], OPAQUE.get(call["function"])
        if not isinstance(seen, tuple | list) or len(seen) != len(answers[0]):
            return {"": False}
        parts: Parts = {}
        for place, name in enumerate(self._returns(call, len(seen))):
            if place != hidden:
                parts |= dict(self._leaves(seen[place], right[place], name, given)) or {KEPT: True}
        return parts

    def _returns(self, call: Call, number: int) -> Sequence[str]:
        """The names of so many returned values."""
        known = self._names.get(call["attribute"], {}).get("returns", ())
        plain = [f"value {place + 1}" for place in range(number)]
        return next((names for names in known if len(names) == number), plain)

    def _look(self, call: Call) -> None:
        """Compare what a call has left in a placed value; further calls get what is there now."""
        number = call["object"]
        user = self._user.pop(number, None)
        ours = self._calls[number]["given"][0][0] != "value"  # in place of what the submission made
        if user is not None and "value" in call and not ours:
            by = self._calls[user]
            place = [given[:2] for given in by["given"]].index(["object", number])
            parameters = self._names.get(by["attribute"], {}).get("parameters", ())
            name = parameters[place] if place < len(parameters) else f"argument {place + 1}"
            right = drawn(*(run.held.get(number) for run in self._runs))
            was = [before(self._calls, number, user)]
            left = dict(self._leaves(call["value"], right, name, was))
            self._found[user] |= {AFTERWARDS.format(part): good for part, good in left.items()}
            if not left:
                self._found[user][KEPT] = True
        for run in self._runs:
            if "value" in call and not ours and not _holds_object(call["value"]):
                run.held[number] = _copied(call["value"])

    def _leaves(
        self, seen: Any, right: Any, name: str, given: Sequence[Any]
    ) -> Iterator[tuple[str, bool | None]]:
        """The parts of a value called ``name``, and whether each is right."""
        if isinstance(right, dict):
            if isinstance(seen, dict):
                yield from self._keys(seen, right, name, given)
            else:
                yield name, False
        elif (right is None and seen is None) or (_given_back(right, given) and _same(seen, right)):
            return
        elif isinstance(right, list | tuple) and any(isinstance(item, dict) for item in right):
            if isinstance(seen, list | tuple) and len(seen) == len(right):
                for place, item in enumerate(right):
                    yield from self._leaves(seen[place], item, f"{name}[{place}]", given)
            else:
                yield name, False
        elif isinstance(right, Drawn):
            yield name, None if _same_kind(seen, right.value) else False
        elif not _same(seen, right):
            yield name, False
        else:
            yield name, True if _same_kind(seen, right) else None

    def _keys(
        self, seen: dict[str, Any], right: dict[str, Any], name: str, given: Sequence[Any]
    ) -> Iterator[tuple[str, bool | None]]:
        """The parts of a dict, but for what only the submission keeps there."""
        was = {key: item for each in given if isinstance(each, dict) for key, item in each.items()}
        for key, item in right.items():
            if key not in self._invented:
                if key not in seen:
                    yield MISSING, True
                old = [was[key]] if key in was else []
                yield from self._leaves(seen.get(key), item, f'{name}["{key}"]', old)
        self._invented |= seen.keys() - right.keys()


def _holds_object(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_holds_object, value))
    return isinstance(value, str) and value == OBJECT


def _given_back(right: Any, given: Sequence[Any]) -> bool:
    """Whether a right value, or each item of it, is one of the arguments."""
    if isinstance(right, tuple | list):
        return all(_given_back(item, given) for item in right)
    return any(type(each) is type(right) and _same(each, right) for each in given)


def _same_kind(seen: Any, right: Any) -> bool:
    """Whether an array has the shape and the dtype of another; of other values nothing is asked."""
    if not isinstance(right, np.ndarray):
        return True
    return isinstance(seen, np.ndarray) and (seen.shape, seen.dtype) == (right.shape, right.dtype)
