"""Writes a scene as three lines of Python: the inputs, what the submission gives, what is right.

This module runs in a worker, beside ``replay``. What it makes of a submission's answers is short,
and text in a comment; the tester looks at the lines once more before anybody sees them.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import differences
import numpy as np
import replay
from differences import RAISED, Difference
from scenes import RIGHT, Call, Scene, arrays_in

MOST_NUMBERS = 64
"""The most numbers of an answer that are shown."""
MOST_CHARACTERS = 600
"""The most characters of an answer, and of the inputs."""
INLINE = 40
"""The most characters of an argument without arrays that gets no name of its own."""


def shown(scene: Scene, outcome: dict[str, Any], where: Difference) -> dict[str, Any] | None:
    """The example of ``scene``, whose last call has this ``outcome``.

    Its ``inputs``, the ``call``, what it ``gives`` (or ``raises``), what is ``right``, and the
    ``functions`` of the submission that the lines name. None where it can't be said shortly.
    """
    written = _Written(scene)
    expression = written.last()
    right = scene.answers[-1]
    if where.kind == RAISED:
        told = _told(where, None, right, expression)
        text = outcome["raised"][:MOST_CHARACTERS]
        call, gives = "; ".join([*written.statements, expression]), text
    else:
        expression += "".join(f"[{_quoted(key)}]" for key in where.place)
        seen, leaf = (
            differences.at(outcome["value"], where.place),
            differences.at(right, where.place),
        )
        told = _told(where, seen, leaf, expression)
        if told is None:
            return None
        call, gives = "; ".join([*written.statements, f"print({told[0]})"]), told[1]
    inputs = written.inputs()
    if told is None or told[1] == told[2] or max(map(len, (inputs, call))) > MOST_CHARACTERS:
        return None
    return {
        "functions": written.functions,
        "inputs": inputs,
        "call": call,
        "gives": gives,
        "raises": where.kind == RAISED,
        "right": told[2],
    }


def _told(where: Difference, seen: Any, right: Any, expression: str) -> tuple[str, str, str] | None:
    """What to print of an answer, what it is and what it should be; None where it is too much."""
    right = right.value if isinstance(right, differences.Drawn) else right
    if where.kind == RAISED:
        return expression, "", _text(right) or "no exception"
    if where.kind == "shape":
        return f"np.shape({expression})", str(np.shape(seen)), str(np.shape(right))
    if where.kind == "length":
        return f"len({expression})", str(len(seen)), str(len(right))
    if where.kind == "keys" and all(isinstance(key, str) for key in seen):
        gone = sorted(key for key in seen if key in right or key in replay.STATE)
        return (
            f"sorted({expression})",
            str(sorted(seen))[:MOST_CHARACTERS],
            str(sorted({*right, *(set(seen) - set(gone))}))[:MOST_CHARACTERS],
        )
    if where.kind == "type" and seen is not None:
        kind = "np.ndarray" if isinstance(right, np.ndarray) else type(right).__name__
        known = isinstance(right, np.ndarray | tuple | dict)
        return (f"isinstance({expression}, {kind})", "False", "True") if known else None
    gives, as_right = _text(seen), _text(right)
    return None if gives is None or as_right is None else (expression, gives, as_right)


def _text(value: Any) -> str | None:
    """What ``print`` writes of a value, in one line; None where that is long."""
    if isinstance(value, np.ndarray) and value.size > MOST_NUMBERS:
        return None
    if not isinstance(value, np.ndarray | np.generic | bool | int | float | None):
        return None
    return " ".join(str(value).split())[:MOST_CHARACTERS]


class _Written:
    """The names, inputs and statements of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.calls = scene.calls
        self.statements: list[str] = []
        self.functions: list[str] = []
        self._inputs: dict[str, str] = {}
        self._values: dict[int, str] = {}
        """How the value of each call is written where it is used."""
        self._classes: dict[int, Any] = {}
        self._taken: Counter[str] = Counter()
        self._uses = Counter(
            number
            for call in self.calls
            for number in [call["object"], *(r[0] for k, *r in call["given"] if k != "value")]
        )

    def inputs(self) -> str:
        """The first line: the inputs under their names."""
        if not self._inputs:
            return ""
        return f"{', '.join(self._inputs)} = {', '.join(self._inputs.values())}"

    def last(self) -> str:
        """The expression of the last call; what comes before becomes statements."""
        for number, call in enumerate(self.calls[:-1]):
            self._before(number, call)
        return self._expression(len(self.calls) - 1, self.calls[-1])

    def _before(self, number: int, call: Call) -> None:
        if call["kind"] == "place":
            self._values[number] = self._named(self._name_of_placed(number), call["given"][0][1])
            return
        if call["kind"] == "set":
            value = self._argument(call["attribute"], *call["given"][0])
            self.statements.append(f"{self._values[call['object']]}.{call['attribute']} = {value}")
            return
        expression = self._expression(number, call)
        if self._uses[number] == 1 and number not in self._classes:
            self._values[number] = expression
        elif self._uses[number]:
            name = self._free(re.split(r"(?=[A-Z])|_", call["attribute"])[-1].lower() or "made")
            self.statements.append(f"{name} = {expression}")
            self._values[number] = name
        elif call["kind"] == "call":
            self.statements.append(expression)

    def _expression(self, number: int, call: Call) -> str:
        if call["kind"] == "fetch":
            return self._values[call["object"]]
        if call["kind"] == "get":
            return f"{self._values[call['object']]}.{call['attribute']}"
        if call["function"]:
            function = RIGHT[call["function"]]
            if isinstance(function, type):
                self._classes[number] = function
            if call["function"] not in self.functions:
                self.functions.append(call["function"])
            return f"{call['attribute']}({self._arguments(call, function)})"
        method = getattr(self._classes.get(call["object"]), call["attribute"], None)
        owner = self._values[call["object"]]
        return f"{owner}.{call['attribute']}({self._arguments(call, method, skipped=1)})"

    def _arguments(self, call: Call, function: Callable[..., Any] | None, skipped: int = 0) -> str:
        names = _parameters(function)[skipped:]
        positional = len(call["given"]) - len(call["names"])
        written = []
        for place, (kind, *rest) in enumerate(call["given"]):
            own = call["names"][place - positional] if place >= positional else ""
            name = own or (names[place] if place < len(names) else f"input{place + 1}")
            text = self._argument(name, kind, *rest)
            written.append(f"{own}={text}" if own else text)
        return ", ".join(written)

    def _argument(self, name: str, kind: str, *rest: Any) -> str:
        if kind == "value":
            text = written(rest[0])
            short = next(arrays_in(rest[0]), None) is None and len(text) <= INLINE
            return text if short else self._named(name, rest[0])
        value = self._values[rest[0]]
        if kind == "object":
            return value
        item = replay.OPAQUE[self.calls[rest[0]]["function"]] if kind == "opaque" else rest[1]
        return f"{value}[{item}]"

    def _name_of_placed(self, number: int) -> str:
        """The name of the parameter that first gets the placed value."""
        for call in self.calls:
            for place, (kind, *rest) in enumerate(call["given"]):
                if kind == "object" and rest[0] == number and call["function"]:
                    names = _parameters(RIGHT[call["function"]])
                    return names[place] if place < len(names) else "placed"
        return "placed"

    def _named(self, name: str, value: Any) -> str:
        free = self._free(name)
        self._inputs[free] = written(value)
        return free

    def _free(self, name: str) -> str:
        """``name``, with a number where something else has it."""
        self._taken[name] += 1
        return name if self._taken[name] == 1 else f"{name}_{self._taken[name]}"


def _parameters(function: Callable[..., Any] | None) -> list[str]:
    try:
        return [] if function is None else list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def written(value: Any) -> str:
    """A value of ours as Python writes it."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(written, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, type):
        return f"np.{value.__name__}"
    return _quoted(value)


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and value.isidentifier() else repr(value)


def _array(array: np.ndarray) -> str:
    shape = str(array.shape[0] if array.ndim == 1 else array.shape)
    dtype = "" if array.dtype in (np.float64, np.int64) else f", np.{array.dtype.name}"
    for value, function in ((0, "zeros"), (1, "ones")):
        if array.dtype.kind == "f" and array.size > 3 and (array == value).all():
            return f"np.{function}({shape}{dtype})"
    return f"np.array({_nested(array.tolist())}{dtype})"


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    if isinstance(value, float):
        return f"{value:.6g}" + ("." if value == int(value) else "")
    return str(value)
