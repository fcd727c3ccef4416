"""Says at which places an answer of a submission differs from that of right code.

This module runs in a worker, beside ``replay``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import replay

RAISED = "raised"
"""The place of a difference where the submission raised an exception."""


class Drawn(NamedTuple):
    """A value of right code that is another one at another time: only its form counts."""

    value: Any


class Difference(NamedTuple):
    """A difference at ``place``, the keys that lead there, and of which ``kind`` it is.

    These are: value, shape, type, length, keys; or raised, with the type of the exception as place.
    """

    place: tuple[Any, ...]
    kind: str


def between(seen: Any, right: Any, place: tuple[Any, ...] = ()) -> Iterator[Difference]:
    """Where ``seen`` differs from the ``right`` answer, in order."""
    if isinstance(right, Drawn):
        yield from (each for each in between(seen, right.value, place) if each.kind != "value")
    elif isinstance(right, tuple | list):
        yield from _of_tuples(seen, right, place)
    elif isinstance(right, dict):
        yield from _of_dicts(seen, right, place)
    elif isinstance(right, np.ndarray | np.generic | int | float) and not isinstance(right, bool):
        yield from _of_numbers(seen, right, place)
    elif not replay._same(seen, right):
        yield Difference(place, "value" if isinstance(seen, str | bool | None) else "type")


def _of_tuples(
    seen: Any, right: tuple[Any, ...] | list[Any], place: tuple[Any, ...]
) -> Iterator[Difference]:
    if not isinstance(seen, tuple | list):
        yield Difference(place, "type")
    elif len(seen) != len(right):
        yield Difference(place, "length")
    else:
        for number, pair in enumerate(zip(seen, right, strict=True)):
            yield from between(*pair, (*place, number))


def _of_dicts(seen: Any, right: dict[Any, Any], place: tuple[Any, ...]) -> Iterator[Difference]:
    if not isinstance(seen, dict):
        yield Difference(place, "type")
        return
    if right.keys() - seen.keys() or (seen.keys() - right.keys()) & replay.STATE:
        yield Difference(place, "keys")
    for key, item in right.items():
        if key in seen:
            yield from between(seen[key], item, (*place, key))


def _of_numbers(seen: Any, right: Any, place: tuple[Any, ...]) -> Iterator[Difference]:
    if not isinstance(seen, np.ndarray | np.number | int | float) or isinstance(seen, bool):
        yield Difference(place, "type")
    elif np.shape(seen) != np.shape(right):
        yield Difference(place, "shape")
    elif not _close(seen, right):
        yield Difference(place, "value")


def _close(seen: Any, right: Any) -> bool:
    same = seen == right  # nearly always, and a tenth of the time
    return bool(same.all() if isinstance(same, np.ndarray) else same) or replay._close(seen, right)


def at(value: Any, place: tuple[Any, ...]) -> Any:
    """What is at ``place`` of a value; raises LookupError or TypeError where nothing is."""
    for key in place:
        value = value[key]
    return value


class Chance:
    """Finds out which values of right code are drawn: they differ from one time to the next.

    Generators with a seed draw otherwise at another time, too.
    """

    def __init__(self) -> None:
        self._time = 0
        self._drew = False
        made, self._seed = np.random.default_rng, np.random.seed

        def default_rng(seed: Any = None) -> np.random.Generator:
            self._drew = True
            return made([self._time, seed if isinstance(seed, int) else 0])

        def reseed(seed: Any = None) -> None:
            self._drew = True
            self._seed(7919 * self._time + (seed if isinstance(seed, int) else 0))

        np.random.default_rng, np.random.seed = default_rng, reseed

    def begin(self, time: int) -> None:
        """Let everything that is drawn from now on be as it is at this time."""
        self._time, self._drew = time, False
        self._seed(time)

    def answers(self, carried_out: Callable[[], list[Any]]) -> list[Any]:
        """What ``carried_out`` answers, with Drawn around what is drawn."""
        self.begin(0)
        before = _state()
        answers = carried_out()
        if not self._drew and _state() == before:
            return answers
        self.begin(1)
        return [drawn(*pair) for pair in zip(answers, carried_out(), strict=True)]


def marked(value: Any, like: Any) -> Any:
    """``value`` with Drawn where ``like``, a value of the same form, has it."""
    if isinstance(like, Drawn):
        return Drawn(value)
    both_tuples = isinstance(value, tuple | list) and isinstance(like, tuple | list)
    if both_tuples and len(value) == len(like):
        return type(value)([marked(*pair) for pair in zip(value, like, strict=True)])
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: marked(item, like.get(key)) for key, item in value.items()}
    return value


def _state() -> tuple[Any, ...]:
    _, keys, position, has_gauss, _ = np.random.get_state(legacy=True)
    return position, has_gauss, int(keys[0])


def drawn(value: Any, again: Any) -> Any:
    """``value``, with `Drawn` for the parts of it that are others in ``again``."""
    if isinstance(value, tuple | list) and isinstance(again, tuple | list):
        if len(value) == len(again):
            return type(value)([drawn(*pair) for pair in zip(value, again, strict=True)])
    elif isinstance(value, dict) and isinstance(again, dict) and value.keys() == again.keys():
        return {name: drawn(item, again[name]) for name, item in value.items()}
    elif not isinstance(value, np.ndarray | np.number | int | float) or _close(value, again):
        return value
    return Drawn(value)
