"""Makes the notebook that a student handed in harmless to those who read it.

It was not run, so its outputs are what the student says they are, and all in it may be written to
attack a reader's browser. What is kept is text and PNG and JPEG images; the rest is built anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbconvert.filters import strip_ansi
from nbformat.notebooknode import NotebookNode, from_dict
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from kit.course import Assignment
from kit.results import printable

Cell = dict[str, Any]

MAX_TEXT = 20_000
"""So many characters of an output are kept."""
_IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_LOST = "*There was no such cell in the notebook that was handed in.*"


class Plain(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """The first step of autograding: drops what could do harm, and puts lost graded cells back."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """The notebook, plain; raises NbGraderException where it is a link to another."""
        about = resources["nbgrader"]
        folders = self.parent.parent.coursedir
        place = (about["student"], about["assignment"])
        _refuse_links(
            Path(folders.format_path(folders.submitted_directory, *place)),
            Path(folders.format_path(folders.autograded_directory, *place)),
            f"{about['notebook']}.ipynb",
        )
        return plain(nb, Assignment(Path(folders.root), about["assignment"])), resources


def plain(notebook: Mapping[str, Any], assignment: Assignment) -> NotebookNode:
    """``notebook`` without all that is not text, PNG or JPEG, and with every graded cell once.

    Of cells that say they are the same graded one, the last is; nbgrader's own rule.
    """
    authored = _authored(assignment)
    cells: list[Cell] = []
    found, ids = set[str](), set[str]()
    for number, old in reversed(list(enumerate(notebook["cells"]))):
        grade_id = _grade_id(old)
        known = authored[grade_id] if grade_id in authored and grade_id not in found else None
        kept = old.get("id")
        valid = isinstance(kept, str) and _ID.fullmatch(kept) and kept not in ids
        cell = _cell(old, kept if valid else f"cell-{number}", known)
        cells.insert(0, cell)
        found.add(grade_id)
        ids.add(cell["id"])
    cells += [_lost(name, cell) for name, cell in authored.items() if name not in found]
    return node({"nbformat": 4, "nbformat_minor": 5, "metadata": _METADATA, "cells": cells})


def node(value: dict[str, Any]) -> NotebookNode:
    """A part of a notebook as nbformat has it."""
    return from_dict(value)  # type: ignore[no-any-return, no-untyped-call]  # it has no types


def markdown_cell(source: str, name: str) -> Cell:
    """A cell of text, with the id ``name``."""
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def text_output(text: str) -> dict[str, Any]:
    """``text``, however it came about, as an output that shows it as it is."""
    plain_text = strip_ansi(text)  # type: ignore[no-untyped-call]  # nbconvert has no types
    return {"output_type": "stream", "name": "stdout", "text": printable(plain_text, MAX_TEXT)}


def literal(text: str) -> str:
    """``text`` as a block of Markdown that shows it as it is."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _authored(assignment: Assignment) -> dict[str, Cell]:
    """The cells of the notebook in ``source/`` that nbgrader knows, by their ids."""
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: cell
        for cell in assignment.document["cells"]
        if "nbgrader" in cell["metadata"]
    }


def _grade_id(cell: Mapping[str, Any]) -> str:
    """Which of the cells that nbgrader knows ``cell`` says it is; empty where it says nothing."""
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    grade_id = about.get("grade_id") if isinstance(about, Mapping) else None
    return grade_id if isinstance(grade_id, str) else ""


def _cell(old: Mapping[str, Any], name: str, known: Cell | None) -> Cell:
    """A cell made of the source and the harmless outputs of ``old``.

    Where it is a ``known`` one of nbgrader's, its kind and nbgrader's metadata are that one's.
    """
    source = old.get("source")
    source = source if isinstance(source, str) else ""
    kind = known["cell_type"] if known else old.get("cell_type")
    # a raw cell would go into a page as it is
    cell = markdown_cell(source if kind in {"markdown", "code"} else literal(source), name)
    if kind == "code":
        outputs = list(_outputs(old.get("outputs")))
        cell |= {"cell_type": "code", "execution_count": None, "outputs": outputs}
    elif attachments := _attachments(old.get("attachments")):
        cell["attachments"] = attachments
    if known:
        cell["metadata"]["nbgrader"] = known["metadata"]["nbgrader"]
    return cell


def _lost(name: str, authored: Cell) -> Cell:
    """A graded cell in the place of one that was not handed in."""
    about = authored["metadata"]["nbgrader"]
    # what is authored in an answer's place is the solution
    source = _LOST if about["solution"] else "".join(authored["source"])
    cell = markdown_cell(source, f"lost-{hashlib.sha256(name.encode()).hexdigest()[:8]}")
    if authored["cell_type"] == "code":
        cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
    cell["metadata"]["nbgrader"] = about
    return cell


def _outputs(outputs: Any) -> Iterator[dict[str, Any]]:
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, Mapping):
            yield from _output(output)


def _output(output: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What is left of an output: one that shows text or an image, or none."""
    data = output.get("data")
    traceback = output.get("traceback")
    if images := _images(data):
        yield {"output_type": "display_data", "data": images, "metadata": {}}
    elif isinstance(data, Mapping) and isinstance(data.get("text/plain"), str):
        yield text_output(data["text/plain"])
    elif isinstance(output.get("text"), str):
        yield text_output(output["text"])
    elif isinstance(traceback, list):
        yield text_output("\n".join(line for line in traceback if isinstance(line, str)))


def _attachments(attachments: Any) -> dict[str, dict[str, str]]:
    if not isinstance(attachments, Mapping):
        return {}
    found = {str(name): _images(data) for name, data in attachments.items()}
    return {name: images for name, images in found.items() if images}


def _images(data: Any) -> dict[str, str]:
    """Those of ``data`` that begin as a PNG or JPEG image does, encoded anew."""
    found = {}
    for kind, begin in _IMAGES.items():
        encoded = data.get(kind) if isinstance(data, Mapping) else None
        if isinstance(encoded, str):
            try:
                content = base64.b64decode(encoded)
            except (binascii.Error, ValueError):
                continue
            if content.startswith(begin):
                found[kind] = base64.b64encode(content).decode("ascii")
    return found


def _refuse_links(submitted: Path, autograded: Path, notebook: str) -> None:
    """Remove what nbgrader copied by following a link; it could be any file of the instructor's."""
    if (submitted / notebook).is_symlink():
        raise NbGraderException(
            f"{submitted / notebook} is a link to another file, so nothing of it was graded. Ask "
            "the student for the file itself."
        )
    for path in submitted.rglob("*"):
        if path.is_symlink():
            (autograded / path.relative_to(submitted)).unlink(missing_ok=True)
