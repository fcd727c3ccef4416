"""The results of grading: one JSON file a submission, as ``docs/results.schema.json`` says."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, NoReturn

from kit import files
from kit.course import CourseError, read_text

SCHEMA_VERSION = 1
MAX_MESSAGE = 2000


def write(result: dict[str, Any], path: Path) -> None:
    """Write a result so that ``path`` holds all of it or is as it was. Raises OSError."""
    files.write_whole(path, _text(result).encode())


def read_all(folder: Path, assignment: str) -> list[dict[str, Any]]:
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


def _load(path: Path, assignment: str) -> dict[str, Any]:
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
    import fastjsonschema  # noqa: PLC0415 (grading does not need it)

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
    import fastjsonschema  # noqa: PLC0415 (grading does not need it)

    schema = json.loads((resources("kit") / "results.schema.json").read_text("utf-8"))
    made: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


_JSON = json.JSONEncoder(allow_nan=False)


def _text(result: dict[str, Any]) -> str:
    """``result`` as JSON, with a line for each member and each item of a list, such as a task."""

    text = _JSON.encode  # indented, it would take ten times as long

    def lines(value: Any) -> str:
        if not isinstance(value, list) or not value:
            return text(value)
        return "[\n    " + ",\n    ".join(map(text, value)) + "\n  ]"

    members = (f"{text(name)}: {lines(value)}" for name, value in result.items())
    return "{\n  " + ",\n  ".join(members) + "\n}\n"


@cache
def versions() -> dict[str, str]:
    """The versions of what a grade may depend on."""
    from importlib.metadata import version  # noqa: PLC0415 - slow, and who writes a result has them

    return {
        "kit": version("nndl-kit"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
    }


def printable(text: str, limit: int = MAX_MESSAGE) -> str:
    """``text`` with control characters spelled out, cut to ``limit`` characters."""
    cut = text[:limit] + (f"… ({len(text) - limit:,} more characters)" if len(text) > limit else "")
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in cut
    )
