"""Decides what a page may show of a result, by taking the rest out before a page is made.

What is not in the result that a template gets can't get onto the page.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from kit.feedback import mistakes_of
from kit.results import CheckResult, Raised, Result, TaskResult

NOTE_LEFT_OUT = "Remarks on the files are left out: they could name the student."
PLACE_LEFT_OUT = "It is in the wrong place. Where is left out: it could name the student."
REASON_LEFT_OUT = "The reason is left out: it could name the student."


class Unseen(StrEnum):
    """What a student sees of a check whose inputs no notebook shows.

    ``hidden``: its name, whether it passed, its points. ``message``: also its rule, the message,
    the diagnosis and what the student's code raised. ``example``: also the smallest inputs found at
    which a task goes wrong; they are none of the check's. ``full``: also what was expected and got.
    """

    HIDDEN = "hidden"
    MESSAGE = "message"
    EXAMPLE = "example"
    FULL = "full"


@dataclass(frozen=True)
class Shown:
    """What a page shows of a result; ``withheld`` says that it leaves something of a check out."""

    result: Result
    withheld: bool


def for_student(result: Result, unseen: Unseen) -> Shown:
    """``result`` with no more of the unseen checks in it than ``unseen`` allows.

    What work in a wrong place would get is for the instructor, who alone can give it.
    """
    result = replace(result, tasks=tuple(_unpromised(task) for task in result.tasks))
    if unseen is Unseen.FULL:
        return Shown(result, withheld=False)
    withheld = any(_withholds(check, unseen) for task in result.tasks for check in task.checks)
    tasks = tuple(_task(task, unseen) for task in result.tasks)
    # what was printed can hold the inputs, so with hidden checks it is hidden as well
    output = "" if unseen is Unseen.HIDDEN else result.output
    return Shown(replace(result, output=output, tasks=tasks), withheld)


def anonymous(result: Result, pseudonym: str) -> Result:
    """``result`` under ``pseudonym``, without the texts in which a submission can name its author.

    Left out are what the code printed and raised, examples of what it gives, remarks on the files,
    and what is computed from their bytes (seed, digests). In the messages that stay, the parts of
    the name are masked.
    """
    name = _name_pattern(result.student)
    return replace(
        result,
        student=pseudonym,
        seed=None,
        submission_sha256=None,
        elsewhere_sha256=None,
        output="",
        message=None if result.message is None else REASON_LEFT_OUT,
        notes=(NOTE_LEFT_OUT,) if result.notes else (),
        tasks=tuple(_nameless(task, name) for task in result.tasks),
    )


def is_seen(check: CheckResult) -> bool:
    """Whether a check is on values that the notebook shows anyway."""
    return check.documented is True


def _unpromised(task: TaskResult) -> TaskResult:
    if task.wrong_place is None:
        return task
    return replace(task, wrong_place=replace(task.wrong_place, would_get=None))


def _withholds(check: CheckResult, unseen: Unseen) -> bool:
    """Whether a student does not see all of a check."""
    hidden = unseen is Unseen.HIDDEN or check.expected is not None
    return hidden and not is_seen(check)


def _task(task: TaskResult, unseen: Unseen) -> TaskResult:
    example = task.example if unseen is Unseen.EXAMPLE else None
    checks = tuple(_check(check, unseen) for check in task.checks)
    shown = replace(task, checks=checks, example=example)
    if unseen is Unseen.HIDDEN:  # it is about all calls, those on unseen inputs as well
        shown = replace(shown, narrowed=None)
    if unseen is Unseen.HIDDEN and task.diagnosis is not None:
        told = {name for check in task.checks if is_seen(check) for name in mistakes_of(check)}
        if not told.issuperset(task.diagnosis.mistakes):
            return replace(shown, diagnosis=None)
    return shown


def _check(check: CheckResult, unseen: Unseen) -> CheckResult:
    if is_seen(check):
        return check
    if unseen is Unseen.HIDDEN:
        return CheckResult(check.name, check.status, check.points, False, message="", hint="")
    return replace(check, expected=None, got=None)


def _nameless(task: TaskResult, name: re.Pattern[str]) -> TaskResult:
    place = task.wrong_place
    return replace(
        task,
        checks=tuple(_nameless_check(check, name) for check in task.checks),
        wrong_place=None if place is None else replace(place, text=PLACE_LEFT_OUT),
        example=None,
    )


def _nameless_check(check: CheckResult, name: re.Pattern[str]) -> CheckResult:
    got = None if check.got is None else name.sub("…", check.got)
    if check.error is None:
        return replace(check, message=name.sub("…", check.message), got=got)
    kind = _public(check.error.type)
    return replace(
        check,
        message=f"The code raised {kind}; its text is left out here.",
        got=got,
        error=Raised(kind, "", ()),
    )


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
