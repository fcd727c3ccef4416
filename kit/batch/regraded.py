"""What a run did about a submission: graded it or kept its result; and what became another.

A regrade changes scores where a check was corrected or other files were handed in. The instructor
must be able to say whose, and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kit import feedback
from kit.feedback import points
from kit.results import CheckResult, Result, TaskResult

_FEW = 3
"""So many checks of a task are named."""


@dataclass(frozen=True)
class Graded:
    """The ``result`` of a submission; ``before`` is the one that was there, None if there was none.

    ``kept`` says that ``result`` is that one: nothing that it depends on has changed.
    """

    result: Result
    before: Result | None = None
    kept: bool = False


@dataclass(frozen=True)
class Change:
    """A score that became another, or the score of a task: ``was``, ``now``, and the reasons."""

    student: str
    was: str
    now: str
    why: tuple[str, ...]


def change(graded: Graded) -> Change | None:
    """What changed in the score of a submission; None where nothing did, or there was no score."""
    before, now = graded.before, graded.result
    if graded.kept or before is None or before.score is None or now.score is None:
        return None
    tasks = list(_tasks(before, now))
    if not tasks and before.status == now.status:
        return None
    other = before.submission_sha256 != now.submission_sha256
    handed_in = ["Other files were handed in."] if other else []
    return Change(now.student, _score(before), _score(now), (*handed_in, *tasks))


def _score(result: Result) -> str:
    of = f"{points(result.score)} of {points(result.max_score)}"
    return of if result.status == "graded" else f"{of} ({result.status})"


def _tasks(before: Result, now: Result) -> Iterator[str]:
    """A sentence on each task whose score is another, of those that both times were judged."""
    old = {task.id: task for task in before.tasks if feedback.judged(task)}
    for task in now.tasks:
        if task.id in old and feedback.judged(task) and old[task.id].score != task.score:
            was, why = old[task.id], ", ".join(_checks(old[task.id], task))
            scores = f"{points(was.score)} → {points(task.score)}"
            yield f"{task.title}: {scores}{f' ({why})' if why else ''}"


def _checks(before: TaskResult, now: TaskResult) -> Iterator[str]:
    """The checks of a task that have another verdict or other points, or come or go."""
    old = {check.name: check for check in before.checks}
    new = {check.name: check for check in now.checks}
    said = [_check(old.get(name), new.get(name)) for name in {**old, **new}]
    changed = [each for each in said if each]
    yield from changed[:_FEW]
    if len(changed) > _FEW:
        yield f"and {feedback.count(len(changed) - _FEW, 'more check')}"


def _check(before: CheckResult | None, now: CheckResult | None) -> str:
    """What is new about a check; empty where nothing is."""
    if before is None or now is None:
        known = before or now
        assert known is not None
        return f"{_short(known)} is {'new' if before is None else 'gone'}"
    if before.status != now.status:
        return f"{_short(now)} {'passes' if now.status == 'passed' else 'fails'} now"
    if before.points != now.points:
        return f"{_short(now)} gives {points(now.points)} instead of {points(before.points)}"
    return ""


def _short(check: CheckResult) -> str:
    return check.name.rpartition("::")[2]
