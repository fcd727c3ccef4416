"""Makes small scenes, calls with inputs of our own, after calls that a submission answered wrongly.

A template is a copy of such calls in which every number has become a leaf: what is kept of an array
is its shape, its dtype and its sign. So no number that was drawn for grading can get into a scene.
This module runs in a worker, beside ``replay``.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import mistakes
import numpy as np
import replay

Path = tuple[Any, ...]
"""Where a leaf is: the number of the call, that of the argument, and the keys within it."""
Call = dict[str, Any]
"""A call as in a transcript; see ``kit.sandbox.tester.transcript``."""

NUMBERS = (0.0, *(digit * 10.0**power for power in range(-8, 3) for digit in (1, 2, 5)))
RATES = (0.9, 0.99, 0.999)
"""More numbers that stay as they are."""
MOST_WHOLE = 12
"""Whole numbers above it are replaced: they are no sizes of small things."""
MOST_ELEMENTS = 400
"""The most numbers of an array in a scene."""


class Array(NamedTuple):
    """An array: its original shape, its dtype and the sign of its elements."""

    at: Path
    shape: tuple[int, ...]
    dtype: str
    sign: str
    """zero, one, positive, negative, or mixed."""


class Number(NamedTuple):
    """A number; ``value`` is a common number near it."""

    at: Path
    value: float


class Whole(NamedTuple):
    """A whole number, such as a size or a count; ``size`` says that it is one of an object."""

    at: Path
    value: int
    size: bool


@dataclass(frozen=True)
class Choice:
    """How a template becomes a scene.

    ``sizes`` gives, for a length of the original arrays, the length in the scene. ``fill`` numbers
    the ways to fill arrays; ``plain`` are those with ones. ``wholes`` are whole numbers that are
    others than in the template. ``dropped`` are left out: settings and arguments with a name.
    ``flat`` are arrays of more than two axes whose rows become flat.
    """

    sizes: Mapping[int, int]
    fill: int = 0
    plain: frozenset[Path] = frozenset()
    flat: frozenset[Path] = frozenset()
    wholes: Mapping[Path, int] = field(default_factory=dict)
    dropped: frozenset[Path] = frozenset()


class Scene(NamedTuple):
    """Calls, what right code answered to each, and the choice that they were made by."""

    calls: list[Call]
    answers: list[Any]
    choice: Choice

    @property
    def cost(self) -> tuple[Any, ...]:
        """What makes it harder to read than another: the smaller, the better."""
        arrays = [a for call in self.calls for _, *v in call["given"] for a in arrays_in(v)]
        longest = max((length for each in arrays for length in each.shape), default=0)
        entries = sum(_entries(v) for call in self.calls for _, *v in call["given"])
        numbers = sum(each.size + each.ndim for each in arrays)
        tenths = 2 if self.choice.fill >= WHOLE_FILLS else 0
        weight = sum(float(np.abs(each).sum()) for each in arrays if each.dtype.kind == "f")
        return max(longest, 3), numbers + 2 * entries + tenths, weight


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays in a value, in order."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from arrays_in(item)


def _entries(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_entries, value.values()))
    return sum(map(_entries, value)) if isinstance(value, list | tuple) else 1


# -- templates -------------------------------------------------------------------------------------


def needed(calls: Sequence[Call], last: int) -> list[Call]:
    """The calls that call number ``last`` needs, and itself at the end, numbered anew."""
    kept = {last}
    for number in range(last, -1, -1):
        touched = _needs(calls[number])
        if number in kept:
            kept |= touched
        elif calls[number]["kind"] not in {"get", "fetch"} and any(
            _is_object(calls[each]["value"]) for each in touched & kept
        ):
            kept |= {number, *touched}
    return numbered(calls, sorted(kept))


def numbered(calls: Sequence[Call], kept: Sequence[int]) -> list[Call]:
    """The calls with the ``kept`` numbers, numbered anew."""
    numbers = {old: new for new, old in enumerate(kept)}
    return [_numbered(calls[old], numbers) for old in kept]


def is_used(calls: Sequence[Call], number: int) -> bool:
    """Whether a later call needs the value of call ``number``."""
    return any(number in _needs(call) for call in calls[number + 1 :])


def _is_object(value: Any) -> bool:
    return isinstance(value, str) and value == replay.OBJECT


def _needs(call: Call) -> set[int]:
    """The numbers of the calls whose values ``call`` needs."""
    found = {rest[0] for kind, *rest in call["given"] if kind != "value"}
    return found | ({call["object"]} if call["object"] >= 0 else set())


def _numbered(call: Call, numbers: Mapping[int, int]) -> Call:
    given = [
        [kind, *rest] if kind == "value" else [kind, numbers[rest[0]], *rest[1:]]
        for kind, *rest in call["given"]
    ]
    return {**call, "given": given, "object": numbers.get(call["object"], -1)}


_KEPT = ("kind", "other", "function", "object", "attribute", "names")
"""What a scene's call has of the original one, beside the arguments: not what was answered."""


class Template:
    """Calls whose numbers are leaves, with what is known of their shapes."""

    def __init__(
        self, calls: Sequence[Call], functions: Mapping[str, Any], right: Any = None
    ) -> None:
        self.right = right
        """What right code answers to the last call, with Drawn around what it draws."""
        self.functions = functions
        self.calls = [self._call(number, call) for number, call in enumerate(calls)]
        self._shaped = dict(_shaped(calls, functions))
        self.sizes = self._lengths()
        self._products = self._found_products()

    def _call(self, number: int, call: Call) -> Call:
        maker = call["attribute"][:1].isupper()
        given = [
            [kind, _leaves(rest[0], (number, place), maker)] if kind == "value" else [kind, *rest]
            for place, (kind, *rest) in enumerate(call["given"])
        ]
        return {**{key: call[key] for key in _KEPT}, "given": given}

    def leaves(self) -> Iterator[Any]:
        """The leaves of all calls."""
        for call in self.calls:
            for kind, *rest in call["given"]:
                if kind == "value":
                    yield from _leaves_in(rest[0])

    def optional(self) -> Iterator[Path]:
        """What may be left out: entries of dicts and arguments with a name."""
        for number, call in enumerate(self.calls):
            positional = len(call["given"]) - len(call["names"])
            for place, (kind, *rest) in enumerate(call["given"]):
                if place >= positional and call["attribute"][:1].isupper():
                    yield number, place
                if kind == "value" and call["kind"] != "set":
                    yield from _entries_in(rest[0], (number, place))

    def _lengths(self) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for leaf in self.leaves():
            if isinstance(leaf, Array):
                found |= dict.fromkeys(leaf.shape)
            elif isinstance(leaf, Whole) and leaf.size:
                found[leaf.value] = None
        return tuple(each for each in found if each > 0)

    def _found_products(self) -> dict[int, tuple[int, ...]]:
        """The lengths that are another array's lengths multiplied, as where images become rows."""
        return {
            math.prod(leaf.shape[1:]): leaf.shape[1:]
            for leaf in self.leaves()
            if isinstance(leaf, Array) and len(leaf.shape) > 2
            if math.prod(leaf.shape[1:]) in self.sizes
            if math.prod(leaf.shape[1:]) not in leaf.shape
        }

    def length(self, original: int, choice: Choice) -> int:
        """How long an axis becomes that was ``original`` long."""
        if original in self._products:
            return math.prod(self.length(each, choice) for each in self._products[original])
        return choice.sizes.get(original, original)

    def scene(self, choice: Choice) -> Scene | None:
        """The scene of ``choice``; None where right code can't answer it, or draws."""
        calls: list[Call] = []
        answers: list[Any] = []
        returned: list[Any] = []
        try:
            for number, call in enumerate(self.calls):
                made = self._made(number, call, choice, returned)
                given = [
                    replay._thawed(*each, calls=calls, returned=returned) for each in made["given"]
                ]
                calls.append(made)
                returned.append(replay._carry_out(made, self.functions, given, returned))
                answers.append(replay._copied(returned[-1]))
        except Exception:
            return None
        inputs = [value for call in calls for _, *value in call["given"]]
        arrays = list(arrays_in([inputs, answers[-1]]))
        if any(not each.size or each.size > MOST_ELEMENTS for each in arrays):
            return None
        return Scene(calls, answers, choice)

    def _made(self, number: int, call: Call, choice: Choice, returned: list[Any]) -> Call:
        """``call`` with values; what right code ``returned`` before shapes some of them."""
        positional = len(call["given"]) - len(call["names"])
        given, names = [], []
        for place, (kind, *rest) in enumerate(call["given"]):
            if (number, place) in choice.dropped:
                continue
            value = [kind, *rest]
            if kind == "value":
                shaper = self._shaper(number, call, place, choice, returned)
                value = [kind, self._filled(rest[0], choice, shaper)]
            given.append(value)
            if place >= positional:
                names.append(call["names"][place - positional])
        return {**call, "given": given, "names": names}

    def _shaper(
        self, number: int, call: Call, place: int, choice: Choice, returned: list[Any]
    ) -> Callable[[Array], tuple[int, ...]]:
        """What gives the shape of each array in an argument."""
        if call["kind"] == "set":
            owned = getattr(returned[call["object"]], call["attribute"], None)
            return lambda leaf: _at(owned, leaf.at[2:]) or self._small(leaf, choice)
        shaped = self._shaped.get((number, place))
        if shaped is not None:
            name, other = shaped
            filled = self._filled(
                call["given"][other][1], choice, lambda leaf: self._small(leaf, choice)
            )
            shape = _shape_from(self.functions[name], filled)
            return lambda leaf: shape
        return lambda leaf: self._small(leaf, choice)

    def _small(self, leaf: Array, choice: Choice) -> tuple[int, ...]:
        shape = tuple(self.length(each, choice) for each in leaf.shape)
        return (shape[0], math.prod(shape[1:])) if leaf.at in choice.flat else shape

    def _filled(
        self, value: Any, choice: Choice, shaper: Callable[[Array], tuple[int, ...]]
    ) -> Any:
        if isinstance(value, Array):
            return _array(value, shaper(value), choice)
        if isinstance(value, Number):
            return value.value
        if isinstance(value, Whole):
            if value.size and value.value in self.sizes:
                return self.length(value.value, choice)
            return choice.wholes.get(value.at, value.value)
        if isinstance(value, dict):
            return {
                key: self._filled(item, choice, shaper)
                for key, (at, item) in value.items()
                if at not in choice.dropped
            }
        if isinstance(value, list | tuple):
            return type(value)([self._filled(item, choice, shaper) for item in value])
        return value


def _leaves(value: Any, at: Path, maker: bool) -> Any:
    """``value`` with leaves for its numbers; a dict's items come with where they are."""
    if isinstance(value, np.ndarray):
        return Array(at, value.shape, value.dtype.name, _sign(value))
    if isinstance(value, dict):
        return {key: ((*at, key), _leaves(item, (*at, key), maker)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_leaves(item, (*at, n), maker) for n, item in enumerate(value)])
    if isinstance(value, float):
        return Number(at, common(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return Whole(at, value if maker or 0 <= value <= MOST_WHOLE else 1, maker)
    return value


def common(value: float) -> float:
    """A common number near ``value``."""
    if value in {*NUMBERS, *RATES} or not math.isfinite(value):
        return value if math.isfinite(value) else 1.0
    size = max(abs(value), 1e-12)
    near = [each for each in NUMBERS[1:] if size > 1 or each < 1]  # a share stays a share
    found = min(near, key=lambda each: abs(math.log(each / size)))
    return math.copysign(found, value)


def _sign(array: np.ndarray) -> str:
    if array.dtype.kind != "f" or not array.size:
        return "positive"
    if not array.any():
        return "zero"
    if (array == 1).all():
        return "one"
    if (array >= 0).all():
        return "positive"
    return "negative" if (array <= 0).all() else "mixed"


def _leaves_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Array | Number | Whole):
        yield value
    elif isinstance(value, dict):
        for _, item in value.values():
            yield from _leaves_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves_in(item)


def _entries_in(value: Any, at: Path) -> Iterator[Path]:
    """The entries of the dicts in an argument."""
    if isinstance(value, dict):
        for path, item in value.values():
            yield path
            yield from _entries_in(item, path)
    elif isinstance(value, list | tuple) and not isinstance(value, Array | Number | Whole):
        for number, item in enumerate(value):
            yield from _entries_in(item, (*at, number))


def _at(value: Any, path: Path) -> tuple[int, ...] | None:
    """The shape of the array at ``path`` of ``value``; None where there is none."""
    try:
        for key in path:
            value = value[key]
    except (LookupError, TypeError):
        return None
    return value.shape if isinstance(value, np.ndarray) else None


def _shaped(
    calls: Sequence[Call], functions: Mapping[str, Any]
) -> Iterator[tuple[tuple[int, int], tuple[str, int]]]:
    """Arrays that have the shape of what a function makes of another argument.

    ``dout`` has the shape of the output, and the cache is what the function got that made it. For
    such an argument: the function's name, and the position of the other.
    """
    for number, call in enumerate(calls):
        given = [(n, rest[0]) for n, (kind, *rest) in enumerate(call["given"]) if kind == "value"]
        for other, cache in given:
            for place, value in given:
                if isinstance(cache, tuple) and isinstance(value, np.ndarray):
                    for name, function in functions.items():
                        if _takes(function, cache) and _shape_from(function, cache) == value.shape:
                            yield (number, place), (name, other)
                            break


def _takes(function: Any, cache: tuple[Any, ...]) -> bool:
    return not isinstance(function, type) and len(inspect.signature(function).parameters) == len(
        cache
    )


def _shape_from(function: Any, cache: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of the first array that ``function`` makes of ``cache``; () where it makes none."""
    try:
        made = function(*replay._copied(cache))
    except Exception:
        return ()
    first = made[0] if isinstance(made, tuple) and made else made
    return first.shape if isinstance(first, np.ndarray) else ()


# -- values ----------------------------------------------------------------------------------------


def _array(leaf: Array, shape: tuple[int, ...], choice: Choice) -> np.ndarray:
    """The array that stands for ``leaf``: whole numbers or tenths, in a fixed order."""
    count = math.prod(shape)
    if count > MOST_ELEMENTS:
        raise ValueError("too large")
    dtype = np.dtype(leaf.dtype)
    if leaf.sign == "zero":
        return np.zeros(shape, dtype)
    plain = leaf.at in choice.plain
    if dtype.kind != "f":
        counted = np.zeros(count) if plain else np.arange(count) % 2
        return counted.astype(dtype).reshape(shape)
    if leaf.sign == "one" or plain:
        return np.ones(shape, dtype)
    order = sum(map(ord, repr(leaf.at[:2]))) + sum(map(ord, repr(leaf.at[2:])))
    prime = _prime_after(count)
    factor = 1 + (choice.fill + order) % (prime - 1)
    sizes = [1 + (each + 1 + order) * factor % prime for each in range(count)]
    signs = [_SIGNS[(each + order + choice.fill) % len(_SIGNS)] for each in range(count)]
    if leaf.sign != "mixed":
        signs = [1 if leaf.sign == "positive" else -1] * count
    values: np.ndarray = np.array(signs, np.float64) * np.array(sizes)
    if choice.fill >= WHOLE_FILLS:
        values = values / 10
    return values.astype(dtype).reshape(shape)


_SIGNS = (1, -1, -1, 1, 1, -1, 1)
WHOLE_FILLS = 3
"""So many ways to fill arrays are with whole numbers; the others are with tenths."""


def _prime_after(count: int) -> int:
    number = max(count, 2) + 1
    while any(number % each == 0 for each in range(2, math.isqrt(number) + 1)):
        number += 1
    return number


def shaken(scene: Scene, functions: Mapping[str, Any], sign: int) -> Any:
    """The last answer of right code, to floats that are a little different."""
    calls: list[Call] = []
    returned: list[Any] = []
    for call in scene.calls:
        calls.append(call)
        given = [replay._thawed(*each, calls=calls, returned=returned) for each in call["given"]]
        for each in arrays_in(given):
            if each.dtype.kind == "f":
                size = SHAKE if each.dtype == np.float64 else COARSE_SHAKE
                step = size * (1 + np.arange(each.size).reshape(each.shape) % 3)
                each[...] += step if (each >= 0).all() else sign * step
        returned.append(replay._carry_out(call, functions, given, returned))
    return returned[-1]


SHAKE, COARSE_SHAKE = 1e-9, 1e-5
"""By how much float64 and other numbers are moved."""


RIGHT: dict[str, Any] = mistakes.implementation({})
"""Right code of all functions."""
