"""Decides what a page may show of a result, by taking the rest out before a page is made.

What is not in the result that a template gets can't get onto the page.
"""

from __future__ import annotations

import builtins
import re
from enum import StrEnum
from typing import Any

Result = dict[str, Any]

NOTE_LEFT_OUT = "What was odd about the files is left out here, for it could name the student."
PLACE_LEFT_OUT = (
    "It stands in a wrong place, which is left out here, for it could name the student."
)
REASON_LEFT_OUT = "The reason is left out here, for it could name the student."


class Unseen(StrEnum):
    """What a student sees of a check whose inputs no notebook shows.

    ``hidden``: its name, whether it passed, its points. ``message``: also its rule, the message,
    the diagnosis and what the student's code raised. ``full``: also what was expected and got.
    """

    HIDDEN = "hidden"
    MESSAGE = "message"
    FULL = "full"


def for_student(result: Result, unseen: Unseen) -> Result:
    """``result`` with no more of the unseen checks in it than ``unseen`` allows.

    What work in a wrong place would get is for the instructor, who alone can give it.
    """
    tasks = [_unpromised(task) for task in result["tasks"]]
    if unseen is Unseen.FULL:
        return {**result, "tasks": tasks}
    tasks = [_task(task, unseen) for task in tasks]
    # what was printed can hold the inputs, so with hidden checks it is hidden as well
    output = "" if unseen is Unseen.HIDDEN else result["output"]
    return {**result, "output": output, "tasks": tasks}


def anonymous(result: Result, pseudonym: str) -> Result:
    """``result`` under ``pseudonym``, without the texts in which a submission can name its author.

    Left out are what the code printed and raised, remarks on the files, and what is computed from
    their bytes (seed, digest). In the messages that stay, the parts of the name are masked.
    """
    name = _name_pattern(result["student"])
    tasks = [
        _placeless({**task, "checks": [_nameless(check, name) for check in task["checks"]]})
        for task in result["tasks"]
    ]
    nameless = {
        **result,
        "student": pseudonym,
        "seed": None,
        "submission_sha256": None,
        "output": "",
        "notes": [NOTE_LEFT_OUT] if result["notes"] else [],
        "tasks": tasks,
    }
    return nameless | ({"message": REASON_LEFT_OUT} if "message" in result else {})


def is_seen(check: dict[str, Any]) -> bool:
    """Whether a check is on values that the notebook shows anyway."""
    return check.get("documented") is True


def mistakes(diagnosis: str | None) -> list[str]:
    """The ids of the known mistakes in the ``diagnosis`` of a check."""
    return diagnosis.split("+") if diagnosis else []


def _unpromised(task: dict[str, Any]) -> dict[str, Any]:
    if "wrong_place" not in task:
        return task
    return {**task, "wrong_place": {"text": task["wrong_place"]["text"]}}


def _placeless(task: dict[str, Any]) -> dict[str, Any]:
    if "wrong_place" not in task:
        return task
    return {**task, "wrong_place": {**task["wrong_place"], "text": PLACE_LEFT_OUT}}


def _task(task: dict[str, Any], unseen: Unseen) -> dict[str, Any]:
    shown = {**task, "checks": [_check(check, unseen) for check in task["checks"]]}
    if unseen is Unseen.HIDDEN:
        seen = [check for check in task["checks"] if is_seen(check)]
        told = {name for check in seen for name in mistakes(check.get("diagnosis"))}
        if not told.issuperset(task.get("diagnosis", {}).get("mistakes", ())):
            del shown["diagnosis"]
    return shown


def _check(check: dict[str, Any], unseen: Unseen) -> dict[str, Any]:
    if is_seen(check):
        return check
    if unseen is Unseen.HIDDEN:
        kept = {key: check[key] for key in ("name", "status", "points")}
        return {**kept, "message": "", "hint": "", "withheld": True}
    withheld = "expected" in check
    kept = {key: check[key] for key in check.keys() - {"expected", "got"}}
    return kept | ({"withheld": True} if withheld else {})


def _nameless(check: dict[str, Any], name: re.Pattern[str]) -> dict[str, Any]:
    masked = {
        key: name.sub("…", check[key]) if key in {"message", "got"} else check[key] for key in check
    }
    if "error" in check:
        kind = _public(check["error"]["type"])
        masked["message"] = f"The code raised {kind}; its text is left out here."
        masked["error"] = {"type": kind, "message": "", "trace": []}
    return masked


def _public(kind: str) -> str:
    """The name of an exception, if it is Python's own and not the student's."""
    found = getattr(builtins, kind, None)
    known = isinstance(found, type) and issubclass(found, BaseException)
    return kind if known else "an exception of its own"


def _name_pattern(student: str) -> re.Pattern[str]:
    """Matches a student's name, and each part of it that is long enough to be one."""
    parts = [part for part in re.split(r"[\W\d_]+", student) if len(part) > 2]
    letters = sorted({student, *parts} - {""}, key=len, reverse=True)
    if not letters:
        return re.compile(r"(?!)")
    either = "|".join(re.escape(part) for part in letters)
    return re.compile(rf"(?<![^\W\d_])(?:{either})(?![^\W\d_])", re.IGNORECASE)
