"""Compares the submitted notebook with the released one, for the people who read it.

This changes no points: a person reads the written answers, and the suites judge the code. A note
names each graded cell that was changed or lost, so that nobody trusts its output.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from kit.course import Assignment
from kit.intake.tree import Entry, Tree, UnreadableError
from kit.limits import Limits


class Cell(NamedTuple):
    """A notebook cell: its id if it is graded, whether the student fills it in, its source."""

    grade_id: str | None
    answer: bool
    source: str


def notes(tree: Tree, home: str, assignment: Assignment, limits: Limits) -> list[str]:
    """Sentences on the notebook in ``tree``; none if the release has no notebook."""
    released = next(iter(sorted(assignment.release.glob("*.ipynb"))), None)
    if released is None:
        return []
    found = [entry for entry in tree.entries if entry.name.lower().endswith(".ipynb")]
    if not found:
        return [f"No notebook was handed in ({released.name})."]
    picked = chosen(found, released.name, home)
    if picked is None:
        names = ", ".join(sorted(entry.name for entry in found)[:5])
        return [
            f"Several notebooks were handed in ({names}), and none of them is called "
            f"{released.name}."
        ]
    try:
        cells = read_cells(content_of(tree, picked, limits))
    except UnreadableError as error:
        return [f"{picked.name} was not compared with the original: {error}."]
    except OSError as error:  # a note is enough: the notebook changes no points
        return [f"{picked.name} was not compared with the original ({error.strerror})."]
    except ValueError as error:
        return [f"{picked.name} is not a notebook: {error}."]
    return compare(picked.name, cells, read_cells(released.read_bytes()))


def content_of(tree: Tree, entry: Entry, limits: Limits) -> bytes:
    """The bytes of a notebook; raises UnreadableError if the notebook is too large."""
    content = tree.read(entry, limits.notebook_bytes)
    most = limits.notebook_items
    if len(content) > most and sum(map(content.count, (b",", b"[", b"{"))) > most:
        raise UnreadableError(f"it has more than {most:,} items")
    return content


def chosen(found: Sequence[Entry], name: str, home: str) -> Entry | None:
    """The notebook with the right name, nearest to ``home`` and to the top; else the only one."""
    named = [entry for entry in found if entry.name.rpartition("/")[2].lower() == name.lower()]
    named.sort(key=lambda entry: (not entry.name.startswith(home), entry.name.count("/")))
    return named[0] if named else found[0] if len(found) == 1 else None


@lru_cache(maxsize=2)
def read_cells(content: bytes) -> list[Cell]:
    """The cells of a notebook; raises ValueError, with the end of a sentence, if it is invalid.

    The last two are kept: the released one, which is the same for a whole class, and that of the
    submission, which is looked at more than once. Callers must not change the list.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON, so Jupyter can't open it either") from error
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _cell(cell: dict[str, Any]) -> Cell:
    metadata = cell.get("metadata")
    graded = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    if not isinstance(graded, dict) or graded.get("grade") is not True:
        return Cell(None, False, _normal(text))
    return Cell(str(graded.get("grade_id")), graded.get("solution") is True, _normal(text))


def _normal(source: str) -> str:
    """``source`` without invisible differences: white space at the ends of lines and the cell."""
    return "\n".join(line.rstrip() for line in source.splitlines()).strip()


def compare(name: str, cells: Sequence[Cell], released: Iterable[Cell]) -> list[str]:
    """A sentence for each graded cell of ``released`` that is missing, repeated or changed."""
    originals = [cell for cell in released if cell.grade_id is not None]
    sources = {cell.source for cell in cells}
    said, missing = [], 0
    for original in originals:
        found = [cell for cell in cells if cell.grade_id == original.grade_id]
        if not found:
            # some programs drop the metadata of cells and keep the rest
            if original.answer or original.source not in sources:
                missing += 1
                said.append(f"{name}: the graded cell `{original.grade_id}` is missing.")
        elif len(found) > 1:
            said.append(f"{name}: the graded cell `{original.grade_id}` occurs {len(found)} times.")
        elif not original.answer and found[0].source != original.source:
            said.append(
                f"{name}: the graded cell `{original.grade_id}` was changed; only the original "
                "counts."
            )
    if originals and missing == len(originals):
        return [f"{name} holds none of the graded cells. Is it the assignment's notebook?"]
    return said
