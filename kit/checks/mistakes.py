"""The vocabulary of a catalogue of known mistakes, so that a mistakes.py holds only mistakes.

A catalogue is replayed in a worker, and tests hand it in as a submission. This file goes with it,
so it needs only NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

FEWEST_DRAWS = 10
"""Fewer random numbers than this may lie close together by chance, so they prove nothing."""


class Mistake(NamedTuple):
    """One way to get a task wrong.

    ``text`` is what the student reads: what their code does and what the rule says, in formulas and
    not in code. ``changes`` is what the catalogue's ``implementation`` takes. ``chance`` says that
    the code with this mistake draws numbers that nobody can draw again: those of its answers that
    are others each time are compared by shape, mean and standard deviation, not number by number.
    """

    id: str
    task: str
    changes: dict[str, Any]
    text: str
    chance: bool = False


class Switches:
    """The places where people go wrong, by task: ``{"double": {"factor": 2}}``.

    With the values given here the code is right. A mistake sets some of them to other values, by
    names such as ``"double.factor"``.
    """

    def __init__(self, tasks: Mapping[str, Mapping[str, Any]]) -> None:
        self.tasks = {task: dict(switches) for task, switches in tasks.items()}
        self._places = {
            f"{task}.{what}": (task, what)
            for task, switches in self.tasks.items()
            for what in switches
        }
        self.right: dict[str, Any] = {
            name: self.tasks[task][what] for name, (task, what) in self._places.items()
        }
        """Every switch with its right value."""

    def on(self, changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The switches of each task with ``changes``; raises KeyError for one that is not there."""
        unknown = sorted(changes.keys() - self.right.keys())
        if unknown:
            raise KeyError(f"The catalogue of mistakes has no switch {', '.join(unknown)}.")
        found = dict(self.tasks)
        for name, value in changes.items():
            task, what = self._places[name]
            found[task] = {**found[task], what: value}
        return found

    @staticmethod
    def mistakes(
        task: str, *entries: tuple[str, dict[str, Any], str], chance: bool = False
    ) -> list[Mistake]:
        """The mistakes of one task, each given as its name, the task's switches and the text."""
        return [
            Mistake(
                f"{task}.{name}",
                task,
                {f"{task}.{what}": value for what, value in changes.items()},
                text,
                chance,
            )
            for name, changes, text in entries
        ]


class Draws:
    """Random numbers; they equal others if both may well come from one distribution."""

    def __init__(self, values: np.ndarray) -> None:
        self.mean, self.std, self.size = float(values.mean()), float(values.std()), values.size

    def __eq__(self, other: object) -> bool:
        """Whether means and standard deviations are within six standard errors of each other.

        For n normal draws the standard error of the mean is σ/√n, that of log σ is 1/√(2n).
        """
        if not isinstance(other, Draws) or self.size != other.size:
            return False
        if self.size < FEWEST_DRAWS:
            return True
        error = 6 * np.sqrt(2 / self.size)
        if abs(np.log(self.std / other.std)) > error / np.sqrt(2):
            return False
        return bool(abs(self.mean - other.mean) <= error * max(self.std, other.std))

    __hash__ = None  # type: ignore[assignment]  # equality with a tolerance allows none

    def __repr__(self) -> str:
        return f"Draws(mean={self.mean:.3g}, std={self.std:.3g}, size={self.size})"


def summary(value: Any) -> Any:
    """A stand-in for a value with random numbers in it, which can be compared with ==.

    An array becomes its shape, its dtype and its `Draws`, or its number if all are the same.
    """
    if isinstance(value, dict):
        return {str(name): summary(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(summary, value)]
    if not isinstance(value, np.ndarray):
        return (type(value).__name__,)
    kind = (value.shape, value.dtype.name)
    if value.dtype.kind != "f" or value.size == 0:
        return kind
    return (*kind, spread(value))


def spread(value: np.ndarray) -> Draws | float | str:
    """Mean and standard deviation of a non-empty array of floats."""
    with np.errstate(all="ignore"):
        draws = Draws(value.astype(np.float64))
        bounded = np.isfinite([draws.mean, draws.std]).all()
    if not bounded:
        return "not finite"
    return draws if draws.std > 1e-150 else float(value.flat[0])
