"""Recognises a hand-in of another homework of the course, such as last week's by mistake.

It goes by what each assignment declares: the files and functions that students write, and the name
and the graded cells of the notebook. A note says so; it changes no points.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from kit.course import Assignment, CourseError, assignment_names
from kit.intake import notebook
from kit.intake.elsewhere import wanted
from kit.intake.locate import listed, rank
from kit.intake.tree import Entry, Tree, UnreadableError
from kit.limits import Limits


class Signs(NamedTuple):
    """What tells an assignment from one other: what it alone has.

    That is files, functions in files that students write for both, and graded cells. ``written``
    are all files that its students write, ``notebook`` is the name of its notebook.
    """

    files: frozenset[str]
    functions: frozenset[tuple[str, str]]
    cells: frozenset[str]
    written: tuple[str, ...]
    notebook: str


def notes(
    tree: Tree, files: Mapping[str, bytes], assignment: Assignment, limits: Limits
) -> list[str]:
    """A sentence if ``tree`` looks like another homework; ``files`` are those found for this."""
    names = [entry.name.rpartition("/")[2] for entry in tree.entries]
    likely: dict[tuple[bool, float], tuple[Assignment, list[str]]] = {}
    for name in assignment_names(assignment.root):
        other = Assignment(assignment.root, name)
        with suppress(CourseError, OSError):  # `kit release` reports what is wrong with it
            if other != assignment and (held := _held(tree, files, assignment, other, limits)):
                part = len(_present(names, other.student_files)) / max(1, len(other.student_files))
                likely[any(each.endswith(".ipynb") for each in held), part] = other, held
    if not likely:
        return []
    other, held = likely[max(likely)]
    return [
        f"This looks like {other.name}, another homework: it holds {listed(held)}, and nothing "
        f"that {assignment.name} alone asks for{_asked(assignment, other)}. If it is, hand in "
        f"{assignment.name}."
    ]


def _held(
    tree: Tree,
    files: Mapping[str, bytes],
    assignment: Assignment,
    other: Assignment,
    limits: Limits,
) -> list[str]:
    """What ``tree`` holds of ``other`` alone; nothing if it holds something of ``assignment``."""
    mine, theirs = _signs(assignment, other), _signs(other, assignment)
    names = [entry.name.rpartition("/")[2] for entry in tree.entries]
    if _present(names, mine.files):
        return []
    held = _present(names, theirs.files)
    if not (theirs.files or theirs.functions) and len(_present(names, theirs.written)) == len(
        theirs.written
    ):
        held = list(theirs.written)
    if _functions(files, mine):
        return []
    held += _functions(files, theirs)
    for book in (entry for entry in tree.entries if entry.name.lower().endswith(".ipynb")):
        cells = _cells(tree, book, limits)
        if cells & mine.cells or (_is(book, mine) and not cells & theirs.cells):
            return []
        if cells & theirs.cells or _is(book, theirs):
            held.append(book.name)
    return held


def _asked(assignment: Assignment, other: Assignment) -> str:
    files = _signs(assignment, other).files
    return f" ({listed(files)})" if files else ""


@lru_cache(maxsize=64)
def _signs(assignment: Assignment, other: Assignment) -> Signs:
    """What ``assignment`` has and ``other`` has not."""
    both = {**other.given, **other.written}
    mine = {(each.file, each.name) for each in wanted(assignment)}
    theirs = {(each.file, each.name) for each in wanted(other)}
    cells = {task.id for task in assignment.tasks} - {task.id for task in other.tasks}
    return Signs(
        frozenset(name for name in assignment.student_files if name not in both),
        frozenset(each for each in mine - theirs if each[0] in other.written),
        frozenset(cells),
        assignment.student_files,
        assignment.notebook.name,
    )


def _present(names: Sequence[str], files: Iterable[str]) -> list[str]:
    """Those of ``files`` whose name, however spelt, is among ``names``."""
    return [file for file in sorted(files) if any(rank(name, file) is not None for name in names)]


def _functions(files: Mapping[str, bytes], signs: Signs) -> list[str]:
    return [
        f"`{name}` in {file}"
        for file, name in sorted(signs.functions)
        if re.search(rb"^(?:def|class) +" + name.encode() + rb"\b", files.get(file, b""), re.M)
    ]


def _is(entry: Entry, signs: Signs) -> bool:
    return PurePosixPath(entry.name).name.lower() == signs.notebook.lower()


def _cells(tree: Tree, book: Entry, limits: Limits) -> set[str]:
    """The ids of the graded cells of a notebook; none if it can't be read."""
    with suppress(UnreadableError, OSError, ValueError):
        cells = notebook.read_cells(notebook.content_of(tree, book, limits))
        return {cell.grade_id for cell in cells if cell.grade_id is not None}
    return set()
