"""Reads from the list in a Gradescope download who handed in what.

The list also holds every result of every student, including Gradescope's own objects. This module
takes only names, from the parser's events. It builds nothing else and ignores tags and aliases, so
the file can be neither dangerous nor expensive.
"""

from __future__ import annotations

from collections import defaultdict

from kit.limits import Limits

NAMES = (":sid", ":email", ":name")
"""The keys that name a student, the best first."""
_DEEPEST = 50
"""The deepest nesting allowed. Gradescope's list has fewer than ten levels. The parser's cost grows
with the square of the depth."""
_NOTHING = {"", "~"}
_PERSON = 4
"""The depth of ``value`` in ``submission_1: {":submitters": [{":sid": value}]}``."""


class ListError(Exception):
    """The file is not such a list; the text says why."""


def read(content: bytes, limits: Limits) -> dict[str, list[str]]:
    """The students of each folder, ``{"submission_1": ["ada@example.org"]}``; raises ListError."""
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - only Gradescope's downloads need it

    if content.startswith(b"%") or b"\n%" in content:
        raise ListError("it holds a directive")  # the parser would accept any number of them
    people = _People()
    try:
        for count, event in enumerate(yaml.parse(content, Loader=yaml.CBaseLoader)):
            if count > limits.list_items:
                raise ListError(f"it has more than {limits.list_items:,} items")
            if isinstance(event, yaml.DocumentEndEvent):
                break
            if isinstance(event, yaml.ScalarEvent):
                people.value(event.value)
            elif isinstance(event, yaml.AliasEvent):
                people.value("")
            elif isinstance(event, yaml.CollectionStartEvent):
                people.begin(mapping=isinstance(event, yaml.MappingStartEvent))
            elif isinstance(event, yaml.CollectionEndEvent):
                people.end()
    except (yaml.YAMLError, UnicodeError) as error:
        raise ListError(str(error).partition("\n")[0]) from error
    return people.names()


class _People:
    """Follows the parser through the list and collects the people in it."""

    def __init__(self) -> None:
        self._found: dict[str, list[dict[str, str]]] = defaultdict(list)
        self._path: list[str | None] = []
        """The current key of each open mapping (None before it is known); "" for a sequence."""

    def begin(self, *, mapping: bool) -> None:
        """Enter a mapping or a sequence."""
        if len(self._path) >= _DEEPEST:
            raise ListError(f"it is nested more than {_DEEPEST} deep")
        self._path.append(None if mapping else "")
        if self._of_person():
            self._found[str(self._path[0])].append({})

    def end(self) -> None:
        """Leave a mapping or a sequence; it was the value of a key, or a key to be ignored."""
        self._path.pop()
        self._after("")

    def value(self, value: str) -> None:
        """Take a key, or a value that is neither a mapping nor a sequence."""
        if self._of_person() and self._path[-1] in NAMES and value not in _NOTHING:
            self._found[str(self._path[0])][-1][str(self._path[-1])] = value
        self._after(value)

    def _of_person(self) -> bool:
        return len(self._path) == _PERSON and self._path[1:3] == [":submitters", ""]

    def _after(self, key: str) -> None:
        if self._path and self._path[-1] is None:
            self._path[-1] = key or "?"
            if len(self._path) == 1:
                self._found[self._path[0] or ""] += []
        elif self._path and self._path[-1]:
            self._path[-1] = None

    def names(self) -> dict[str, list[str]]:
        """The best name of each person, by folder."""
        return {
            folder: list(filter(None, map(_best, known))) for folder, known in self._found.items()
        }


def _best(person: dict[str, str]) -> str | None:
    return next((person[name] for name in NAMES if name in person), None)
