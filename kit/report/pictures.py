"""Draws how numbers are distributed over a class, as SVG that takes its colors from the page.

The same numbers give the same bytes: no date, and ids that come from what is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kit.report.curve import nice

# stand-ins for the colors that the page's style has
_TEXT, _GRID, _BAR, _LINE = "#010101", "#010102", "#010103", "#010104"
_COLORS = {
    _TEXT: "currentColor",
    _GRID: "var(--line)",
    _BAR: "var(--accent)",
    _LINE: "var(--fail)",
}
_STYLE: Any = {  # its type would be the literal names of all settings
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 11,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "text.color": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "xtick.major.pad": 7,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
_OF_ITS_OWN = re.compile(r'(?<= id=")|(?<=url\(#)|(?<=href="#)')


@dataclass(frozen=True)
class Picture:
    """A drawing with what it shows in words, and in numbers: ``bins`` from, to, how many."""

    svg: Markup
    caption: str
    bins: tuple[tuple[str, str, int], ...]


def histogram(
    values: Sequence[float],
    *,
    name: str,
    label: str,
    top: float | None = None,
    needed: float | None = None,
) -> Picture:
    """How often which values are, with a line at what was needed.

    ``name`` tells the pictures of a page apart. ``top``, where there is one, is the end of the
    scale, which then begins at 0. There is at least one value.
    """
    edges = _edges(values, top)
    counts = np.histogram(values, bins=edges)[0]
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(6, 2.4), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(axis="y")
        widths = np.diff(edges)
        axes.bar(edges[:-1] + widths / 2, counts, 0.92 * widths, color=_BAR, edgecolor="none")
        if needed is not None:
            axes.axvline(needed, color=_LINE, linestyle="--", linewidth=1.5)
        axes.set(xlabel=label, ylabel="submissions", xlim=(edges[0], edges[-1]))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        drawn = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(drawn, format="svg", transparent=True, metadata=nothing)
    bins = tuple(
        (f"{low:g}", f"{high:g}", int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return Picture(_for_the_page(drawn.getvalue(), name), _caption(values, needed), bins)


def _edges(values: Sequence[float], top: float | None) -> np.ndarray:
    """The ends of about ten to twenty bins, at round numbers; the last bin holds its end."""
    low, high = (0.0, top) if top else (min(values), max(values))
    steps = nice(low, max(high, *values))
    fine = np.linspace(steps[0], steps[-1], 2 * (len(steps) - 1) + 1)
    last = max(1, int(np.searchsorted(fine, max(high, *values))))  # one bin where all are the same
    return fine[: last + 1]


def _caption(values: Sequence[float], needed: float | None) -> str:
    lower, middle, upper = np.percentile(values, [25, 50, 75])
    if len(values) == 1:
        said = f"One submission: {_short(values[0])}."
    else:
        said = (
            f"{len(values):,} submissions: median {_short(middle)}, the middle half from "
            f"{_short(lower)} to {_short(upper)}, all from {_short(min(values))} to "
            f"{_short(max(values))}."
        )
    if needed is None:
        return said
    reached = sum(value >= needed for value in values)
    return f"{said} {reached} reached the {needed:g} that are needed (dashed line)."


def _short(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 10 else f"{value:.3g}"


def _for_the_page(svg: str, name: str) -> Markup:
    """The ``<svg>`` alone: in the page's colors, with ids that no other picture has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = _OF_ITS_OWN.sub(f"{name}-", svg)
    for stand_in, color in _COLORS.items():
        svg = svg.replace(stand_in, color)
    return Markup(svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))  # noqa: S704 (matplotlib's own drawing of numbers and fixed labels)
