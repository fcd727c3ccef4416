"""`kit export`: results for the gradebook and for other tools."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.commands.consoles import show_written, warn
from kit.commands.options import AssignmentName
from kit.course import Assignment, CourseError, find_assignment
from kit.feedback import absent

if TYPE_CHECKING:
    from kit.results import Result


class Format(StrEnum):
    """The formats that `kit export` can write."""

    GRADEBOOK = "gradebook"
    CSV = "csv"
    CANVAS = "canvas"
    JUNIT = "junit"


def export(
    format: Annotated[Format, typer.Argument(help="gradebook means nbgrader's gradebook")],
    assignment: AssignmentName,
    out: Annotated[Path | None, typer.Option(help="the file to write (default: print it)")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="for canvas: the gradebook exported by Canvas, to fill in")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="for canvas: the column's name (default: ASSIGNMENT)"),
    ] = None,
) -> None:
    """Put the results of an assignment into nbgrader's gradebook or another tool's format."""
    from kit import files, results

    if format is not Format.CANVAS and (roster or column):
        raise CourseError("--roster and --column are for canvas alone.")
    found = find_assignment(assignment)
    graded = results.read_all(found.root / "results" / assignment, assignment)
    if format is Format.GRADEBOOK:
        _export_to_gradebook(found, graded)
        return
    content, remarks = _text_of(format, found, graded, roster, column)
    for remark in remarks:
        warn(remark)
    if out is None:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # on every terminal
        sys.stdout.write(content)
    else:
        files.write_to(out, content.encode())


def _export_to_gradebook(found: Assignment, graded: list[Result]) -> None:
    """Write results into nbgrader's gradebook; ``submitted/`` says when students handed in."""
    from kit.intake.timestamps import timestamps
    from kit.nbgrader import gradebook

    times, remarks = timestamps(found, [found.root / "submitted"])
    try:
        written = gradebook.write(found, graded, times)
    except gradebook.GradebookError as error:
        raise CourseError(str(error)) from error
    show_written(written, len(graded), remarks)


def _text_of(
    format: Format,
    found: Assignment,
    graded: list[Result],
    roster: Path | None,
    column: str | None,
) -> tuple[str, list[str]]:
    """The results in a format that is a text, and what a person should know of it."""
    from kit.export import canvas, junit, spreadsheet
    from kit.nbgrader.finals import finals

    if format is Format.JUNIT:
        return junit.export(graded).decode("utf-8"), []
    final = finals(found, graded)
    remarks = list(final.remarks)
    if roster is not None:
        filled = canvas.fill_in(found, graded, final, roster, column)
        remarks += [f"Canvas has no line for {student}." for student in filled.missing]
        if filled.absent:
            remarks.append(absent(filled.absent, str(roster)))
        return filled.text, remarks
    if final.absent:
        remarks.append(absent(final.absent, "the gradebook"))
    if format is Format.CSV:
        return spreadsheet.export(graded, final.of), remarks
    return canvas.export(found, graded, final, column), remarks
