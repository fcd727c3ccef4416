"""Draws a list of measured numbers as a line, small enough to be made for every student."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 560, 244
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 26, 40
NEEDED = "needed_"
TICKS = 6
MANY = 40
"""So many points are drawn as a line without dots."""


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where it stands, in the units of the drawing, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A drawing of ``values``: everything that its template needs, in the units of the drawing."""

    title: str
    x_label: str
    values: tuple[float, ...]
    points: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    needed: Tick | None

    width, height = WIDTH, HEIGHT
    left, right, bottom = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM

    @property
    def dots(self) -> bool:
        """Whether the points are few enough to be marked."""
        return len(self.points) <= MANY


def curves(measured: Mapping[str, Any]) -> list[Curve]:
    """A curve for each value that is a list of numbers: ``accuracy_percent_by_epoch``."""
    return [
        curve(name, value, needed(name, measured))
        for name, value in measured.items()
        if isinstance(value, list) and value and all(is_number(each) for each in value)
    ]


def needed(name: str, measured: Mapping[str, Any]) -> float | None:
    """What had to be reached: ``needed_percent`` is for the values with ``percent`` in the name."""
    words = name.split("_")
    for key, value in measured.items():
        if key.startswith(NEEDED) and key.removeprefix(NEEDED) in words and is_number(value):
            return float(value)
    return None


def is_number(value: Any) -> bool:
    """Whether a value of a JSON file is a number that can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def words(name: str) -> str:
    """The name of a value or a mistake as people write it."""
    return name.replace(".", ": ").replace("_", " ").replace("-", " ")


def curve(name: str, values: Sequence[float], goal: float | None = None) -> Curve:
    """``values`` one after the other, with a line at ``goal``; there is at least one value."""
    title, _, by = name.partition("_by_")
    marks = [*values, *([] if goal is None else [goal])]
    steps = nice(min(0.0, *marks), max(marks))
    low, high = steps[0], steps[-1]
    across = WIDTH - LEFT - RIGHT
    up = HEIGHT - TOP - BOTTOM

    def x(place: int) -> float:
        return round(LEFT + across * (place + 0.5) / len(values), 1)

    def y(value: float) -> float:
        return round(TOP + up * (high - value) / (high - low), 1)

    every = math.ceil(len(values) / 12)
    return Curve(
        title=words(title),
        x_label=words(by),
        values=tuple(values),
        points=tuple((x(place), y(value)) for place, value in enumerate(values)),
        x_ticks=tuple(Tick(x(at), str(at + 1)) for at in range(0, len(values), every)),
        y_ticks=tuple(Tick(y(step), f"{step:g}") for step in steps),
        needed=None if goal is None else Tick(y(goal), f"{goal:g} needed"),
    )


def nice(low: float, high: float) -> list[float]:
    """Round numbers, evenly spaced, that reach from ``low`` or below to ``high`` or above."""
    span = high - low
    if span < 1e-9 * max(1.0, abs(low), abs(high)):
        span = 1.0
    unit = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next(unit * factor for factor in (1, 2, 5, 10, 20) if span / (unit * factor) <= TICKS)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * place, 12) for place in range(first, max(last, first + 1) + 1)]
