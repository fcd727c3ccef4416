"""Says which known mistakes explain each failed task, if they explain all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kit.checks.student import Student
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.verdicts import Explanation
from kit.results import Diagnosis
from kit.sandbox.faults import KitFault, StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.wire import WireError

IN_WORKER = (
    *("replay.py", "circumstances.py", "compared.py", "narrow.py"),
    *("differences.py", "scenes.py", "lines.py", "shrinker.py"),
)
"""The modules beside this one that run in a worker."""
Calls = dict[str, list[dict[str, Any]]]
"""The calls of each check of a task."""


def explain(
    catalogue: Catalogue,
    parent: WarmParent,
    failed: Mapping[str, Sequence[str]],
    calls: Mapping[str, Calls],
    *,
    said: Mapping[str, str] = MappingProxyType({}),
    again: Collection[str] = (),
    session: Session | None = None,
) -> dict[str, Explanation]:
    """The explanations of tasks with ``failed`` checks; a task without one is left out.

    ``calls`` are all calls that were made, ``said`` the messages of failed checks by name, and
    ``again`` the tasks whose failed checks were made a second time, on right earlier functions.
    ``session`` is one of `session_of`, if it is to be used further. If several mistakes explain a
    task equally well, no diagnosis is given, because nobody should read a guess. Raises KitFault if
    the look itself fails.
    """
    known = set(catalogue.tasks.values())
    wanted = [task for task in failed if task in known and is_written(calls.get(task, {}))]
    if not wanted:
        return {}
    replaying = session or session_of(catalogue, parent)
    found: dict[str, Explanation] = {}
    try:
        with Student(replaying).deadline(parent.limits.diagnosis_seconds):
            for task in wanted:
                names = [name for name in failed[task] if name in calls[task]]
                explained = _explanation(
                    catalogue, _found(replaying, task, calls[task], names), len(failed[task])
                )
                if explained is not None:
                    found[task] = explained
            for task in wanted:  # last, because it must not cost a diagnosis
                if is_open(task, failed, found) and calls[task].keys() >= set(failed[task]):
                    messages = {name: said.get(name, "") for name in failed[task]}
                    doubted = [each for each in failed if each != task]
                    given = (calls[task], messages, dict(catalogue.names), doubted)
                    text = _narrowed(replaying, *given, again=task in again)
                    if text:
                        found[task] = replace(found.get(task, Explanation()), narrowed=text)
    finally:
        if session is None:
            replaying.close()
    return found


def is_open(
    task: str, failed: Mapping[str, Sequence[str]], explained: Mapping[str, Explanation]
) -> bool:
    """Whether known mistakes leave a failed check of the task unexplained."""
    return task not in explained or len(explained[task].checks) < len(failed[task])


def session_of(
    catalogue: Catalogue, parent: WarmParent, more: Mapping[str, bytes] = MappingProxyType({})
) -> Session:
    """A worker that holds the catalogue and what compares with it, and no student's code.

    ``more`` are further modules of ours, by their file names.
    """
    sources = {"mistakes.py": catalogue.source, **_ours(), **more, **catalogue.besides}
    return Session(sources, parent)


@cache
def _ours() -> Mapping[str, bytes]:
    """The modules of IN_WORKER, read once and not for each submission."""
    return {name: Path(__file__).with_name(name).read_bytes() for name in IN_WORKER}


def is_written(calls: Calls) -> bool:
    """Whether the student has begun the task."""
    return any(
        not call.get("raised", "").startswith("NotImplementedError:")
        for made in calls.values()
        for call in made
    )


def _found(session: Session, task: str, calls: Calls, failed: list[str]) -> Any:
    try:
        return Student(session).replay.find(task, calls, failed)
    except WireError:  # the answers are too large to send again
        return None
    except StudentFault as fault:  # no student's code runs here
        if fault.error is None or fault.error["type"] == "MemoryError":
            return None  # the answers are too large to compute with
        raise KitFault(f"The known mistakes of {task} could not be compared: {fault}") from fault


def _narrowed(
    session: Session,
    calls: Calls,
    messages: dict[str, str],
    names: dict[str, Any],
    doubted: list[str],
    *,
    again: bool,
) -> str:
    """What tells right from wrong in a task whose failed checks gave ``messages``; "" if nothing.

    A fault in the worker costs the sentence and nothing else: it is a help and no part of a grade.
    """
    try:
        narrow = Student(session).narrow.narrow
        text: str = narrow(calls, messages, names, doubted, again=again)
    except (WireError, StudentFault):
        return ""
    return text


def _explanation(catalogue: Catalogue, found: dict[str, Any] | None, of: int) -> Explanation | None:
    if found is None or not found["mistakes"]:
        return None
    names, checks = tuple(found["mistakes"]), tuple(found["checks"])
    if 2 * len(checks) < of:
        return None  # it is seldom the cause: see docs/decisions/0007-diagnosis.md
    text = " ".join(catalogue.texts[name] for name in names)
    if len(names) > 1:
        text = f"Two things at once. {text}"
    if len(checks) < of:
        text += f" This explains {len(checks)} of the {of} checks that failed."
    return Explanation(Diagnosis(names, text), checks)


def first_wrong(
    found: Mapping[str, Sequence[Mapping[str, bool | None]]], failed: Sequence[str]
) -> tuple[str, int]:
    """The first of the ``failed`` checks with a wrong part, and the number of its first such call.

    ``found`` is a table of ``compared``. Returns ("", -1) if no part is wrong.
    """
    for check in failed:
        for number, parts in enumerate(found.get(check, ())):
            if False in parts.values():
                return check, number
    return "", -1
