"""`kit preview`: the solved notebook as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.commands.consoles import console, errors
from kit.commands.options import AssignmentName
from kit.course import find_assignment


def preview(
    assignment: AssignmentName,
    out: Annotated[
        Path | None, typer.Option(help="the page (default: build/preview/ASSIGNMENT.html)")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="do not run cells that are tagged training")
    ] = False,
) -> None:
    """Run the notebook with the solution, and write it with its outputs as one HTML page."""
    from kit import files
    from kit.display import show_steps
    from kit.release import notebook

    found = find_assignment(assignment)
    page = out or found.root / "build" / "preview" / f"{assignment}.html"
    files.require_file(page)
    with show_steps(console) as say:
        run = notebook.preview(found, say, quick=quick)
    files.write_to(page, notebook.page(run.document).encode())
    console.print(f"Written: {page}", markup=False, soft_wrap=True)
    if run.problem:
        errors.print(run.problem, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)
