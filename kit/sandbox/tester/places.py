"""Finds where a submission defines the functions that checks call, so that messages can say it.

This module reads a file as lines of text. It never parses the file: only the worker does. The
places only appear in messages; no grade depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_LONGEST = 2000
"""Characters of a signature that are read."""


class Definition(NamedTuple):
    """The place of a definition and the names of its parameters."""

    file: str
    line: int
    name: str
    parameters: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}, `{self.name}`, line {self.line}"


def find(sources: Mapping[str, bytes], module: str, name: str) -> Definition | None:
    """The last definition of the function or class ``name`` in ``module``, dotted."""
    file = f"{module.replace('.', '/')}.py"
    text = _text(sources.get(file, b""))
    found = _last(rf"^(?:def|class)[ \t]+({re.escape(name)})\b", text)
    if found is None:
        return None
    made_by = text.find("def __init__(", found.end()) if found[0].startswith("class") else -1
    opening = text.find("(", found.end() if made_by < 0 else made_by)
    return Definition(file, _line(text, found), name, _parameters(text, opening))


def method(sources: Mapping[str, bytes], kind: str, name: str) -> Definition | None:
    """The first definition of the method ``name`` in the class ``kind``, in any file."""
    for file, content in sources.items():
        text = _text(content)
        of_class = _last(rf"^class[ \t]+{re.escape(kind)}\b", text)
        if of_class is not None:
            inside = re.compile(rf"^[ \t]+def[ \t]+({re.escape(name)})\b", re.MULTILINE)
            found = inside.search(text, of_class.end())
            if found is not None:
                opening = text.find("(", found.end())
                return Definition(file, _line(text, found), name, _parameters(text, opening)[1:])
    return None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _last(pattern: str, text: str) -> re.Match[str] | None:
    found = None
    for found in re.finditer(pattern, text, re.MULTILINE):  # noqa: B007 - the last one is wanted
        pass
    return found


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start(found.lastindex or 0)) + 1


def _parameters(text: str, opening: int) -> tuple[str, ...]:
    """The names between the parenthesis at ``opening`` and its counterpart; none if unclosed."""
    parts, depth = [""], 0
    for char in text[opening : opening + _LONGEST] if opening >= 0 else "":
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            named = [re.match(r"[(\s]*([^\W\d]\w*)", part) for part in parts]
            return tuple(each[1] for each in named if each is not None)
        if char == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += char
    return ()
