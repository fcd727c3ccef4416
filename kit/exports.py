"""Reads the results of an assignment and hands them to the other tools that want them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from kit import gradebook
from kit.course import Assignment, CourseError, read_text
from kit.export import canvas, gradebook_csv, junit
from kit.results import SCHEMA_VERSION
from kit.timestamps import timestamps

Result = dict[str, Any]


def load(folder: Path, assignment: str) -> list[Result]:
    """The results of ``assignment`` in ``folder``, by the names of their files.

    Raises CourseError where there are none, where a ``.json`` file is no result of this assignment
    and this version of the kit, and where two are of one student.
    """
    try:
        paths = sorted(folder.glob("*.json"))
    except OSError as error:
        raise CourseError(f"{folder} can't be read ({error.strerror}).") from error
    found = [_load(path, assignment) for path in paths]
    if not found:
        raise CourseError(f"There are no results in {folder}. Make them with kit grade.")
    students = Counter(result["student"] for result in found)
    twice = next((student for student, count in students.items() if count > 1), None)
    if twice is not None:
        raise CourseError(f"{folder} holds two results of {twice!r}. Delete one of them.")
    return found


def _load(path: Path, assignment: str) -> Result:
    """The result in a file, which has the form that everything after grading relies on."""
    if not path.is_file():
        raise CourseError(f"{path} is no file, so it is no result. Move it elsewhere.")
    try:
        result = json.loads(read_text(path), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CourseError(
            f"{path} is no result: it is not JSON ({error}). Move it elsewhere."
        ) from error
    told = result if isinstance(result, dict) else {}
    if told.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        raise CourseError(f"{path} is a result of version {told['schema_version']}. Grade again.")
    import fastjsonschema  # noqa: PLC0415 (what grades needs it not)

    try:
        _validator()(result)
    except fastjsonschema.JsonSchemaException as error:
        reason = str(error).replace("data", "it", 1)
        raise CourseError(f"{path} is no result: {reason:.300}. Move it elsewhere.") from error
    if result["assignment"] != assignment:
        raise CourseError(
            f"{path} is a result of {result['assignment']}, not of {assignment}. Move it "
            "elsewhere, or say where the right ones are."
        )
    return dict(result)


@cache
def _validator() -> Callable[[Any], Any]:
    import fastjsonschema  # noqa: PLC0415 (what grades needs it not)

    schema = json.loads((files("kit") / "results.schema.json").read_text("utf-8"))
    made: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


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
