"""Makes the copies of hand-ins that formgrader and feedback show, where nbgrader makes none.

``nbgrader autograde`` makes them of ``submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb``. What is graded
but does not stand there (a bulk download, a notebook in another folder or under another name, none
at all) would be missing from formgrader, a written answer included. ``kit grade`` makes its copy,
in ``autograded/``, where ``nbgrader autograde`` then leaves it alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import OverwriteCells

from kit import files, results
from kit.batch.run import find_all
from kit.course import Assignment, CourseError
from kit.intake.downloads import Found
from kit.intake.submission import RejectedError, notebook_in, take
from kit.intake.timestamps import FILE
from kit.nbgrader.cells import tell
from kit.nbgrader.plain import plain
from kit.results import Result

_MARK = "copied_by"
"""In the metadata of a notebook: tells our copies from nbgrader's."""


def write(
    assignment: Assignment,
    folders: Any,
    paths: Iterable[Path],
    changed: Collection[str],
    students: Collection[str],
) -> None:
    """Make the copies of those ``students`` whom nbgrader passes over, and remove needless ones.

    A copy that is there is left alone unless the student is among the ``changed``. ``folders`` is
    nbgrader's view of the course. Raises OSError where a copy can't be written.
    """
    with ExitStack() as kept:
        try:
            found = find_all(assignment, paths, kept)
        except CourseError:  # they have gone since they were graded
            return
        for each in found:
            if each.student in students:
                _renew(assignment, folders, each, again=each.student in changed)


def _renew(assignment: Assignment, folders: Any, found: Found, *, again: bool) -> None:
    name, place = assignment.notebook.name, (found.student, assignment.name)
    submitted = Path(folders.format_path(folders.submitted_directory, *place))
    copy = Path(folders.format_path(folders.autograded_directory, *place)) / name
    there = copy.is_file()
    if (submitted / name).is_file():
        if there and _is_ours(copy):
            shutil.rmtree(copy.parent)  # nbgrader makes the right one
        return
    if there and not again:
        return
    result = results.read(assignment.root / "results" / assignment.name / f"{found.student}.json")
    notebook = _copy(assignment, folders.db_url, found, result)
    if copy.parent.exists():
        shutil.rmtree(copy.parent)
    files.write_to(copy, nbformat.writes(notebook).encode())  # type: ignore[no-untyped-call]  # nbformat has no types
    with suppress(OSError):  # formgrader compares the times of both
        shutil.copyfile(submitted / FILE, copy.with_name(FILE), follow_symlinks=False)


def _is_ours(copy: Path) -> bool:
    with suppress(OSError, ValueError, AttributeError):
        metadata = json.loads(copy.read_text("utf-8")).get("metadata", {})
        return bool(metadata.get("kit", {}).get(_MARK) == "kit grade")
    return False


def _copy(assignment: Assignment, db_url: str, found: Found, result: Result) -> NotebookNode:
    """The notebook that was handed in, or an empty one, as ``nbgrader autograde`` would make it."""
    limits = assignment.limits
    content, handed_in = None, {}
    with suppress(RejectedError, OSError), found.open() as tree:
        content = notebook_in(tree, assignment, limits)
        handed_in = dict(take(tree, assignment, found.student, limits).files)
    notebook: NotebookNode = _plain(content, assignment)
    about = {"student": found.student, "assignment": assignment.name, "db_url": db_url}
    about["notebook"] = assignment.notebook.stem
    notebook = OverwriteCells().preprocess(notebook, {"nbgrader": about})[0]
    tell(notebook, result, handed_in)
    notebook.metadata["kit"] = {_MARK: "kit grade"}
    return notebook


def _plain(content: bytes | None, assignment: Assignment) -> NotebookNode:
    """What was handed in as a notebook, plain; the graded cells alone where it can't be read."""
    with suppress(Exception):  # whatever a hostile file makes of nbformat
        text = (content or b"").decode("utf-8")
        return plain(nbformat.reads(text, as_version=4), assignment)  # type: ignore[no-untyped-call]  # as above
    return plain({"cells": []}, assignment)
