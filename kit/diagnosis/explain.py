"""Says of each task that failed which known mistakes explain it, if they explain all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.diagnosis.catalogue import Catalogue
from kit.results import Diagnosis
from kit.tester.faults import KitFault, StudentFault
from kit.tester.process import WarmParent
from kit.tester.session import Session
from kit.tester.student import Student
from kit.wire import WireError

REPLAY = Path(__file__).with_name("replay.py")
NOTHING: dict[str, Any] = {"follows": [], "own": []}


def explain(
    catalogue: Catalogue,
    parent: WarmParent,
    failed: Sequence[str],
    calls: Mapping[str, list[dict[str, Any]]],
) -> dict[str, Diagnosis]:
    """The diagnoses of the tasks ``failed``, in their order; a task without one is left out.

    Each task's ``calls`` are all that were made. What several mistakes explain equally well is
    explained by none: nobody is told a guess. Raises KitFault where we could not look.
    """
    known = set(catalogue.tasks.values())
    wanted = [task for task in failed if task in known and _telling(calls.get(task, []))]
    if not wanted:
        return {}
    sources = {"mistakes.py": catalogue.source, "replay.py": REPLAY.read_bytes()}
    session = Session(sources, parent)
    found: dict[str, Diagnosis] = {}
    try:
        with Student(session).deadline(parent.limits.diagnosis_seconds):
            for task in wanted:
                made = [name for diagnosis in found.values() for name in diagnosis.mistakes]
                diagnosis = _diagnosis(catalogue, _found(session, task, calls[task], made))
                if diagnosis is not None:
                    found[task] = diagnosis
    finally:
        session.close()
    return found


def _telling(calls: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is more to see than a task that is not begun."""
    return any(not call.get("raised", "").startswith("NotImplementedError:") for call in calls)


def _found(session: Session, task: str, calls: list[dict[str, Any]], made: list[str]) -> Any:
    try:
        return Student(session).replay.find(task, calls, made)
    except WireError:  # what was answered is too large to be sent again
        return NOTHING
    except StudentFault as fault:  # no student's code ran here
        if fault.error is None or fault.error["type"] == "MemoryError":
            return NOTHING  # what was answered is too large to be computed with
        raise KitFault(f"The known mistakes of {task} could not be compared: {fault}") from fault


def _diagnosis(catalogue: Catalogue, found: dict[str, Any]) -> Diagnosis | None:
    if found["follows"]:
        return Diagnosis(follows_from=tuple(catalogue.tasks[name] for name in found["follows"]))
    if len(found["own"]) != 1:
        return None
    names = tuple(found["own"][0])
    texts = [catalogue.texts[name] for name in names]
    text = texts[0] if len(texts) == 1 else f"Two things at once. {' '.join(texts)}"
    return Diagnosis(names, text)
