"""Gathers other texts of a submission if a task looks unwritten: its code may stand there.

These texts are the other Python files and the notebook's code cells. They are not graded or run
here; ``kit.grading.wrong_place`` looks for functions in them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from kit.course import Assignment, CourseError
from kit.intake import notebook
from kit.intake.tree import Entry, Tree, UnreadableError
from kit.limits import Limits
from kit.skeleton import parse, regions

STUB = b"NotImplementedError"


class Wanted(NamedTuple):
    """A function or class of ``file`` that a task asks for.

    ``least`` and ``most`` bound the number of arguments of a function; for a class they are None.
    """

    task: str
    file: str
    name: str
    least: int | None
    most: int | None


class Text(NamedTuple):
    """One other text of the submission: a module or a notebook cell."""

    where: str
    content: bytes
    cell: bool = False


def wanted(assignment: Assignment) -> list[Wanted]:
    """The top-level functions and classes that students write, by the marks in ``solutions/``."""
    return [
        each
        for name in assignment.student_files
        if name.endswith(".py")
        for each in _wanted(name, assignment.written[name].read_text("utf-8"))
    ]


@lru_cache(maxsize=64)
def _wanted(name: str, source: str) -> tuple[Wanted, ...]:
    found = {}
    try:
        marked = regions(source, name)
    except CourseError:  # `kit release` reports it
        return ()
    for region in marked:
        for node in parse(source, name).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno < region.begin <= (
                node.end_lineno or 0
            ):
                least = most = None
                if isinstance(node, ast.FunctionDef):
                    most = len(node.args.posonlyargs) + len(node.args.args)
                    least = most - len(node.args.defaults)
                found[region.task, node.name] = Wanted(region.task, name, node.name, least, most)
    return tuple(found.values())


def unwritten(files: Mapping[str, bytes], assignment: Assignment) -> list[Wanted]:
    """What may be unwritten in ``files``, as far as their bytes show without parsing."""
    return [each for each in wanted(assignment) if not _written(files.get(each.file), each.name)]


def _written(content: bytes | None, name: str) -> bool:
    if content is None or STUB in content:
        return False
    return bool(re.search(rb"^(?:async +)?(?:def|class) +" + name.encode() + rb"\b", content, re.M))


def gather(
    tree: Tree,
    files: Mapping[str, bytes],
    assignment: Assignment,
    limits: Limits,
    *,
    taken: Collection[str],
    home: str,
) -> tuple[Text, ...]:
    """The other texts in ``tree``; none if all ``files`` that a student writes look written.

    ``taken`` has the paths of these files in the tree. ``home`` is the folder to which their own
    names are relative. A text is left out if it can't be read or exceeds the limits: a person can
    still look at it.
    """
    if not unwritten(files, assignment):
        return ()
    modules = set(_modules(tree, taken, limits))
    book = _notebook(tree, home, assignment)
    found, room = [], limits.elsewhere_bytes
    for entry in tree.entries:  # in their order: some archives are read from the beginning
        if entry.name in modules or entry is book:
            try:
                if entry is book:
                    texts = _cells(entry.name, notebook.content_of(tree, entry, limits))
                else:
                    texts = [Text(entry.name, tree.read(entry, limits.elsewhere_bytes))]
            except (UnreadableError, OSError):
                continue
            for text in texts:
                room -= len(text.content)
                if room >= 0:
                    found.append(text)
    return tuple(found)


def _modules(tree: Tree, taken: Collection[str], limits: Limits) -> Iterator[str]:
    """The names of the other modules, the nearest to the top first."""
    left = limits.elsewhere_bytes
    for entry in sorted(tree.entries, key=lambda entry: (entry.name.count("/"), entry.name)):
        if entry.name.endswith(".py") and entry.name not in taken:
            left -= entry.size
            if left < 0:
                return
            yield entry.name


def _notebook(tree: Tree, home: str, assignment: Assignment) -> Entry | None:
    found = [entry for entry in tree.entries if entry.name.lower().endswith(".ipynb")]
    return notebook.chosen(found, assignment.notebook.name, home)


def _cells(name: str, content: bytes) -> list[Text]:
    """The code cells of a notebook (nbformat 4); none if it is damaged."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return []
    cells = document.get("cells") if isinstance(document, dict) else None
    return [
        Text(f"cell {number} of {name}", _source(cell), cell=True)
        for number, cell in enumerate(cells if isinstance(cells, list) else [], start=1)
        if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]


def _source(cell: dict[str, Any]) -> bytes:
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str)).encode("utf-8", "replace")
