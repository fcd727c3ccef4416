"""Reads the results of an assignment and hands them to the other tools that want them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kit.course import Assignment, CourseError, read_text
from kit.export import canvas, gradebook_csv, junit
from kit.intake.timestamps import timestamps
from kit.nbgrader import gradebook

Result = dict[str, Any]


def to_gradebook(assignment: Assignment, results: Sequence[Result]) -> tuple[int, list[str]]:
    """Write results into nbgrader's gradebook; how many (no errors), and what one should know.

    When students handed in is read from the course's ``submitted/``.
    """
    times, remarks = timestamps(assignment, [assignment.root / "submitted"])
    try:
        return gradebook.write(assignment, results, times), remarks
    except gradebook.GradebookError as error:
        raise CourseError(str(error)) from error


def to_text(
    assignment: Assignment, results: Sequence[Result], form: str, roster: Path | None
) -> tuple[str, list[str]]:
    """The results as ``csv``, ``canvas`` or ``junit``, and what a person should know of it.

    ``roster``, for canvas, is the gradebook that Canvas exported, which is then filled in.
    """
    if roster is not None and form != "canvas":
        raise CourseError("--roster is for canvas alone.")
    if form == "csv":
        return gradebook_csv.export(results), []
    if form == "junit":
        return junit.export(results).decode("utf-8"), []
    if roster is None:
        return canvas.export(assignment, results), []
    text = read_text(roster)
    try:
        merged = canvas.merge(assignment, results, text)
    except canvas.RosterError as error:
        raise CourseError(f"{roster}: {error}") from error
    return merged.text, [f"Canvas has no line for {student}." for student in merged.missing]
