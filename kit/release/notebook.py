"""Runs an assignment's notebook with the solution, as a student sees it whose code is right.

The notebook and the solution are the instructor's own, so they run in an ordinary Jupyter kernel,
in a temporary folder: the release with the solution's files laid over it. The course's ``data``
folder is beside it, so what is fetched already is found.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.course import TRAINING, Assignment
from kit.release import build
from kit.skeleton import ReleaseError


@dataclass(frozen=True)
class Run:
    """The notebook with its outputs, as far as it ran, and what is wrong; empty if nothing is."""

    document: Any
    problem: str


def run(
    assignment: Assignment,
    release: Path,
    say: Callable[[str], None],
    *,
    quick: bool = False,
) -> Run:
    """Run the notebook of the folder ``release`` with the solution, up to a cell that fails.

    ``say`` is told of each cell before it runs. With ``quick``, cells with the tag ``training`` are
    left out. Raises ReleaseError if no kernel starts.
    """
    import nbformat  # noqa: PLC0415 - slow, as is what runs a notebook

    with tempfile.TemporaryDirectory(prefix="kit-notebook-") as course:
        folder = _laid_out(assignment, release, Path(course))
        document = nbformat.read(folder / assignment.notebook.name, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
        return Run(document, _execute(assignment, document, folder, say, quick=quick))


def preview(assignment: Assignment, say: Callable[[str], None], *, quick: bool = False) -> Run:
    """Build the release in a temporary folder, without its proofs, and run its notebook."""
    with tempfile.TemporaryDirectory(prefix="kit-release-") as folder:
        say("building the release")
        build.build(assignment, Path(folder, "new"))
        return run(assignment, Path(folder, "new"), say, quick=quick)


def page(document: Any) -> str:
    """The notebook with its outputs as one HTML page, pictures included.

    Formulas are drawn by MathJax, which the page loads from the web.
    """
    from nbconvert.exporters import HTMLExporter  # noqa: PLC0415 - slow

    text, _ = HTMLExporter().from_notebook_node(document)  # type: ignore[no-untyped-call]  # as above
    return str(text)


def _laid_out(assignment: Assignment, release: Path, course: Path) -> Path:
    """The folder in ``course`` in which the notebook runs."""
    folder = course / assignment.name
    shutil.copytree(release, folder)
    for name, path in assignment.written.items():
        shutil.copyfile(path, folder / name)
    if (assignment.root / "data").is_dir():
        (course / "data").symlink_to(assignment.root / "data")
    return folder


def _execute(
    assignment: Assignment, document: Any, folder: Path, say: Callable[[str], None], *, quick: bool
) -> str:
    """Run the cells of ``document`` in ``folder``; what is wrong with the first that fails."""
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415 - slow
    from nbclient import NotebookClient  # noqa: PLC0415 - slow
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415 - slow

    last = ""

    def begin(cell: Any, cell_index: int) -> None:
        nonlocal last
        last = f"cell {cell_index + 1} ({cell['id']})"
        say(f"running {last} of {len(document.cells)} in {assignment.notebook.name}")

    client = NotebookClient(
        document,
        km=AsyncKernelManager(transport="ipc", ip=str(folder.parent / "kernel")),
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=begin,
        skip_cells_with_tag=TRAINING if quick else "",
    )
    try:
        client.execute(cleanup_kc=True)  # the kernel ends with it
    except CellExecutionError as error:
        what = f"{error.ename}: {error.evalue}".partition("\n")[0]
    except RuntimeError as error:
        if not last:
            raise ReleaseError(f"No Jupyter kernel starts here: {error}.") from error
        what = f"the kernel ended ({error})"
    else:
        return ""
    return f"{assignment.notebook.name}, {last} fails with the solution: {what}"
