"""The result of grading one submission: its types, and its file.

``docs/results.schema.json`` describes the file, one for each submission. ``Result`` and what it is
made of have the same fields under the same names, in the order of the file. What a result means to
a reader, ``kit.feedback`` says.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Literal, NoReturn

from kit import files
from kit.course import CourseError, read_text

SCHEMA_VERSION = 1
MAX_MESSAGE = 2000

Status = Literal["graded", "rejected", "error"]
"""Of a submission: every check has a verdict; nothing could be graded; the grader failed."""
Outcome = Literal["passed", "failed", "error", "not_graded"]
"""Of a task or a check: ``error`` is a fault of the grader. A check is never ``not_graded``."""


@dataclass(frozen=True)
class Frame:
    """A line of a student's code that an exception passed through."""

    file: str
    line: int
    function: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """The frame as it stands in the file."""
        return {
            "file": self.file,
            "line": self.line,
            "function": self.function,
            "text": self.text,
        }


@dataclass(frozen=True)
class Raised:
    """An exception that a student's code raised; the last frame of ``trace`` raised it."""

    type: str
    message: str
    trace: tuple[Frame, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Raised:
        """The exception of a file."""
        trace = [
            Frame(frame["file"], frame["line"], frame["function"], frame["text"])
            for frame in data["trace"]
        ]
        return cls(data["type"], data["message"], tuple(trace))

    def as_dict(self) -> dict[str, Any]:
        """The exception as it stands in the file."""
        trace = [frame.as_dict() for frame in self.trace]
        return {"type": self.type, "message": self.message, "trace": trace}


@dataclass(frozen=True)
class Diagnosis:
    """The known mistakes (their ids, one or two) that explain a failed task, and what to read."""

    mistakes: tuple[str, ...]
    text: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Diagnosis:
        """The diagnosis of a file."""
        return cls(tuple(data["mistakes"]), data["text"])

    def as_dict(self) -> dict[str, Any]:
        """The diagnosis as it stands in the file."""
        return {"mistakes": list(self.mistakes), "text": self.text}


@dataclass(frozen=True)
class WrongPlace:
    """Where the work on a task stands that was not written where it is graded.

    ``would_get`` are the points that it would get there; None where that is not known.
    """

    text: str
    would_get: float | None

    def as_dict(self) -> dict[str, Any]:
        """The place as it stands in the file."""
        return {"text": self.text, "would_get": self.would_get}


@dataclass(frozen=True)
class SmallExample:
    """The smallest inputs found at which a task goes wrong, as three lines of Python.

    ``inputs`` names them, ``gives`` is the call with what the student's code gives, ``right`` says
    what is right. None of the numbers was drawn for grading.
    """

    inputs: str
    gives: str
    right: str

    def as_dict(self) -> dict[str, Any]:
        """The example as it stands in the file."""
        return {"inputs": self.inputs, "gives": self.gives, "right": self.right}


@dataclass(frozen=True)
class CheckResult:
    """The verdict of one check.

    ``hint`` is the rule that the check tests; ``documented`` says that the notebook shows its
    inputs. ``expected`` and ``got`` are there together or not at all. ``diagnosis`` holds the ids
    of the known mistakes that explain the check, joined by ``+``. ``measured`` are numbers, or
    lists of them, by name.
    """

    name: str
    status: Outcome
    points: float
    documented: bool
    message: str
    hint: str
    expected: str | None = None
    got: str | None = None
    error: Raised | None = None
    diagnosis: str | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CheckResult:
        """The check of a file."""
        error = data.get("error")
        return cls(  # by position, for a class has a hundred thousand of them
            data["name"],
            data["status"],
            data["points"],
            data["documented"],
            data["message"],
            data["hint"],
            data.get("expected"),
            data.get("got"),
            None if error is None else Raised.from_dict(error),
            data.get("diagnosis"),
            data.get("measured") or {},
        )

    def as_dict(self) -> dict[str, Any]:
        """The check as it stands in the file."""
        entry: dict[str, Any] = {
            "name": self.name,
            "status": self.status,
            "points": self.points,
            "documented": self.documented,
            "message": self.message,
            "hint": self.hint,
        }
        if self.expected is not None:
            entry["expected"] = self.expected
            entry["got"] = self.got
        if self.error is not None:
            entry["error"] = self.error.as_dict()
        if self.diagnosis is not None:
            entry["diagnosis"] = self.diagnosis
        if self.measured:
            entry["measured"] = dict(self.measured)
        return entry


@dataclass(frozen=True)
class TaskResult:
    """The verdict on one task; ``score`` is None after an error, ``manual`` asks for a person.

    ``follows_from`` are the failed tasks by which alone some checks had failed here at first.
    ``narrowed`` says which parts of the answers are wrong, and in which calls, if a known mistake
    does not explain all.
    """

    id: str
    title: str
    score: float | None
    max_score: float
    manual: bool
    status: Outcome
    checks: tuple[CheckResult, ...]
    diagnosis: Diagnosis | None = None
    follows_from: tuple[str, ...] = ()
    wrong_place: WrongPlace | None = None
    narrowed: str | None = None
    example: SmallExample | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TaskResult:
        """The task of a file."""
        typed = {**data, "checks": tuple(map(CheckResult.from_dict, data["checks"]))}
        if "diagnosis" in data:
            typed["diagnosis"] = Diagnosis.from_dict(data["diagnosis"])
        if "follows_from" in data:
            typed["follows_from"] = tuple(data["follows_from"])
        if "wrong_place" in data:
            typed["wrong_place"] = WrongPlace(**data["wrong_place"])
        if "example" in data:
            typed["example"] = SmallExample(**data["example"])
        return cls(**typed)

    def as_dict(self) -> dict[str, Any]:
        """The task as it stands in the file."""
        entry: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "score": self.score,
            "max_score": self.max_score,
            "manual": self.manual,
            "status": self.status,
            "checks": [check.as_dict() for check in self.checks],
        }
        if self.diagnosis is not None:
            entry["diagnosis"] = self.diagnosis.as_dict()
        if self.follows_from:
            entry["follows_from"] = list(self.follows_from)
        if self.wrong_place is not None:
            entry["wrong_place"] = self.wrong_place.as_dict()
        if self.narrowed is not None:
            entry["narrowed"] = self.narrowed
        if self.example is not None:
            entry["example"] = self.example.as_dict()
        return entry


@dataclass(frozen=True)
class Result:
    """The verdict on one submission.

    ``score`` is None after an error, which is never a zero. ``seed`` and ``submission_sha256`` are
    None where no check ran; ``seconds`` is how long grading took; ``sandbox`` are the layers of
    isolation that held. ``message`` says why nothing could be graded; None where something was.
    """

    assignment: str
    student: str
    status: Status
    versions: Mapping[str, str]
    score: float | None
    max_score: float
    seed: int | None
    seconds: float
    submission_sha256: str | None
    sandbox: tuple[str, ...]
    trusted: bool
    notes: tuple[str, ...]
    output: str
    tasks: tuple[TaskResult, ...]
    elsewhere_sha256: str | None = None
    message: str | None = None
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """The result of a file; raises KeyError or TypeError where its fields are others."""
        return cls(
            **{
                **data,
                "sandbox": tuple(data["sandbox"]),
                "notes": tuple(data["notes"]),
                "tasks": tuple(map(TaskResult.from_dict, data["tasks"])),
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """The result as it stands in the file, ready for ``json.dump``."""
        elsewhere, message = self.elsewhere_sha256, self.message
        return {
            "schema_version": self.schema_version,
            "assignment": self.assignment,
            "student": self.student,
            "status": self.status,
            "versions": dict(self.versions),
            "score": self.score,
            "max_score": self.max_score,
            "seed": self.seed,
            "seconds": self.seconds,
            "submission_sha256": self.submission_sha256,
            **({} if elsewhere is None else {"elsewhere_sha256": elsewhere}),
            "sandbox": list(self.sandbox),
            "trusted": self.trusted,
            **({} if message is None else {"message": message}),
            "notes": list(self.notes),
            "output": self.output,
            "tasks": [task.as_dict() for task in self.tasks],
        }


# -- files -----------------------------------------------------------------------------------------


def write(result: Result, path: Path) -> None:
    """Write a result so that ``path`` holds all of it or is as it was. Raises OSError."""
    files.write_whole(path, _text(result.as_dict()).encode())


def read(path: Path) -> Result:
    """The result in a file that this version of the kit wrote.

    Raises OSError, ValueError, KeyError or TypeError where it holds none.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    return Result.from_dict(data)


def read_all(folder: Path, assignment: str) -> list[Result]:
    """The results of ``assignment`` in ``folder``, by the names of their files.

    Raises CourseError where there are none, where a ``.json`` file is no result of this assignment
    and this version of the kit, and where two are of one student.
    """
    try:
        paths = sorted(folder.glob("*.json"))
    except OSError as error:
        raise CourseError(f"{folder} can't be read ({error.strerror}).") from error
    found = [_valid(path, assignment) for path in paths]
    if not found:
        raise CourseError(f"There are no results in {folder}. Make them with kit grade.")
    students = Counter(result.student for result in found)
    twice = next((student for student, count in students.items() if count > 1), None)
    if twice is not None:
        raise CourseError(f"{folder} holds two results of {twice!r}. Delete one of them.")
    return found


def _valid(path: Path, assignment: str) -> Result:
    """The result in a file, which has the form that everything after grading relies on."""
    if not path.is_file():
        raise CourseError(f"{path} is no file, so it is no result. Move it elsewhere.")
    try:
        data = json.loads(read_text(path), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CourseError(
            f"{path} is no result: it is not JSON ({error}). Move it elsewhere."
        ) from error
    told = data if isinstance(data, dict) else {}
    if told.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        raise CourseError(f"{path} is a result of version {told['schema_version']}. Grade again.")
    import fastjsonschema  # noqa: PLC0415 (grading does not need it)

    try:
        _validator()(data)
    except fastjsonschema.JsonSchemaException as error:
        reason = str(error).replace("data", "it", 1)
        raise CourseError(f"{path} is no result: {reason:.300}. Move it elsewhere.") from error
    if data["assignment"] != assignment:
        raise CourseError(
            f"{path} is a result of {data['assignment']}, not of {assignment}. Move it "
            "elsewhere, or say where the right ones are."
        )
    return Result.from_dict(data)


@cache
def _validator() -> Callable[[Any], Any]:
    import fastjsonschema  # noqa: PLC0415 (grading does not need it)

    schema = json.loads((resources("kit") / "results.schema.json").read_text("utf-8"))
    made: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


_JSON = json.JSONEncoder(allow_nan=False)


def _text(data: Mapping[str, Any]) -> str:
    """``data`` as JSON, with a line for each member and each item of a list, such as a task."""

    text = _JSON.encode  # indented, it would take ten times as long

    def lines(value: Any) -> str:
        if not isinstance(value, list) or not value:
            return text(value)
        return "[\n    " + ",\n    ".join(map(text, value)) + "\n  ]"

    members = (f"{text(name)}: {lines(value)}" for name, value in data.items())
    return "{\n  " + ",\n  ".join(members) + "\n}\n"


def printable(text: str, limit: int = MAX_MESSAGE) -> str:
    """``text`` with control characters spelled out, cut to ``limit`` characters."""
    if len(text) <= limit and text.isprintable():
        return text
    cut = text[:limit] + (f"… ({len(text) - limit:,} more characters)" if len(text) > limit else "")
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in cut
    )
