"""Says which known mistakes explain each failed task, if they explain all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.checks.student import Student
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.verdicts import Explanation
from kit.results import Diagnosis
from kit.sandbox.faults import KitFault, StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.wire import WireError

REPLAY = Path(__file__).with_name("replay.py")
Calls = dict[str, list[dict[str, Any]]]
"""The calls of each check of a task."""


def explain(
    catalogue: Catalogue,
    parent: WarmParent,
    failed: Mapping[str, Sequence[str]],
    calls: Mapping[str, Calls],
) -> dict[str, Explanation]:
    """The explanations of tasks with ``failed`` checks; a task without one is left out.

    ``calls`` are all calls that were made. If several mistakes explain a task equally well, it has
    no explanation, because nobody should read a guess. Raises KitFault if the look itself fails.
    """
    known = set(catalogue.tasks.values())
    wanted = [task for task in failed if task in known and _telling(calls.get(task, {}))]
    if not wanted:
        return {}
    sources = {
        "mistakes.py": catalogue.source,
        "replay.py": REPLAY.read_bytes(),
        **catalogue.besides,
    }
    session = Session(sources, parent)
    found: dict[str, Explanation] = {}
    try:
        with Student(session).deadline(parent.limits.diagnosis_seconds):
            for task in wanted:
                names = [name for name in failed[task] if name in calls[task]]
                explained = _explanation(
                    catalogue, _found(session, task, calls[task], names), len(failed[task])
                )
                if explained is not None:
                    found[task] = explained
    finally:
        session.close()
    return found


def _telling(calls: Calls) -> bool:
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
