"""Makes the page of what a class taught: one file that loads nothing and names nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, PackageLoader, Template

from kit.feedback import without_surrogates
from kit.learn.groups import Group
from kit.learn.unexplained import Class
from kit.report.pages import MARK, environment

_HEAD = 1000
"""In so many bytes of a page its mark has come."""


@dataclass(frozen=True)
class Failed:
    """Checks that all of a group fail with the same sentence on what is wrong ``first``.

    ``hint`` is the rule of the first of them.
    """

    first: str
    hint: str
    names: list[str]


def page(
    assignment: str,
    of: Class,
    groups: Sequence[Group],
    entries: Sequence[str],
    *,
    right: Mapping[str, Sequence[str]],
    titles: Mapping[str, str],
    hints: Mapping[str, str],
) -> bytes:
    """The page; ``entries`` are those of the ``groups``, ``hints`` the rules of checks by name.

    ``right`` are the solution's functions, and ``titles`` what people read, of each task.
    """
    pairs = zip(groups, entries, strict=True)
    shown = [(number, group, entry.strip()) for number, (group, entry) in enumerate(pairs, 1)]
    text = _template().render(
        assignment=assignment,
        of=of,
        many=[each for each in shown if each[1].size > 1],
        alone=[each for each in shown if each[1].size == 1],
        right=right,
        titles=titles,
        failed=lambda group: _failed(group, hints),
        passed=lambda group: [_short(name) for name in group.first.passed],
        near=lambda group: [_near(group, each) for each in group.first.nearest],
    )
    return without_surrogates(text).encode()


def is_ours(path: Path) -> bool:
    """Whether the file is a page of the kit."""
    with path.open("rb") as file:
        return MARK in file.read(_HEAD)


@cache
def _template() -> Template:
    loader = ChoiceLoader([PackageLoader("kit.learn"), PackageLoader("kit.report")])
    return environment().overlay(loader=loader).get_template("learn.html.jinja")


def _failed(group: Group, hints: Mapping[str, str]) -> list[Failed]:
    found: dict[str, Failed] = {}
    for name in group.first.failed:
        said = group.first.first.get(name, "")
        found.setdefault(said, Failed(said, hints.get(name, ""), [])).names.append(_short(name))
    return list(found.values())


def _near(group: Group, entry: Mapping[str, Any]) -> str:
    """What an entry of the catalogue explains of a group, and what speaks against it."""
    of = len(group.first.failed)
    said = f"`{entry['id']}` explains {len(entry['explains'])} of the {of} checks that fail"
    if not entry["against"]:
        return f"{said}, and none of its answers is another where they pass."
    against = _listed(f"`{_short(name)}`" for name in entry["against"])
    return f"{said}, but answers otherwise in {against}, which they pass."


def _listed(names: Iterable[str], most: int = 3) -> str:
    several = list(names)
    more = f" and {len(several) - most} more" if len(several) > most else ""
    return ", ".join(several[:most]) + more


def _short(name: str) -> str:
    return name.rpartition("::")[2]
