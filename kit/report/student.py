"""Arranges a result for the student's page: what to fix first comes first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.feedback import alike
from kit.report.curve import Curve, curves
from kit.report.visible import Result


@dataclass(frozen=True)
class Failure:
    """What one check said, or several for the same reason."""

    checks: tuple[dict[str, Any], ...]

    @property
    def first(self) -> dict[str, Any]:
        """The check whose message stands for all."""
        return self.checks[0]

    @property
    def count(self) -> int:
        """How many checks said it."""
        return len(self.checks)


@dataclass(frozen=True)
class TaskView:
    """One task as the page shows it."""

    task: dict[str, Any]
    failures: tuple[Failure, ...]
    passed: tuple[dict[str, Any], ...]
    curves: tuple[Curve, ...]
    causes: tuple[dict[str, Any], ...] = ()
    """The tasks whose mistakes alone explain what differs here, so that it passed all the same."""

    @property
    def diagnosis(self) -> str:
        """The sentences on what is wrong; empty where no known mistake explains it."""
        return str(self.task.get("diagnosis", {}).get("text", ""))

    @property
    def wrong_place(self) -> str:
        """Where the work on the task stands, if it was not written where it is graded."""
        return str(self.task.get("wrong_place", {}).get("text", ""))

    @property
    def missing(self) -> float:
        """The points that are still to be had."""
        return float(round(self.task["max_score"] - (self.task["score"] or 0.0), 6))


@dataclass(frozen=True)
class Stop:
    """One exception that ended the checks of several tasks, such as a file that is no Python."""

    error: dict[str, Any]
    tasks: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class StudentView:
    """A student's page: the tasks of a result in heaps, each in the order to be read."""

    result: Result
    stops: list[Stop] = field(default_factory=list)
    to_fix: list[TaskView] = field(default_factory=list)
    unchecked: list[TaskView] = field(default_factory=list)
    passed: list[TaskView] = field(default_factory=list)
    by_a_person: list[TaskView] = field(default_factory=list)
    not_graded: list[TaskView] = field(default_factory=list)

    @property
    def withheld(self) -> bool:
        """Whether the page leaves something of a check out."""
        views = (*self.to_fix, *self.unchecked, *self.passed)
        return any(check.get("withheld") for view in views for check in view.task["checks"])


def arrange(result: Result) -> StudentView:
    """The tasks of ``result`` by what there is to do about them.

    Of those to fix, the ones with a diagnosis, or with work in a wrong place, come first.
    """
    view = StudentView(result)
    by_id = {task["id"]: task for task in result["tasks"]}
    heaps = {"failed": view.to_fix, "error": view.unchecked, "passed": view.passed}
    for task in result["tasks"]:
        other = view.by_a_person if task["manual"] else view.not_graded
        heaps.get(task["status"], other).append(_view(task, by_id))
    view.stops.extend(_stops(result["tasks"]))
    view.to_fix.sort(key=lambda each: not (each.diagnosis or each.wrong_place))
    return view


def _view(task: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> TaskView:
    checks = task["checks"]
    causes = (by_id.get(each) for each in task.get("follows_from", ()))
    return TaskView(
        task=task,
        failures=_failures([check for check in checks if check["status"] != "passed"]),
        passed=tuple(check for check in checks if check["status"] == "passed"),
        curves=tuple(each for check in checks for each in curves(check.get("measured", {}))),
        causes=tuple(cause for cause in causes if cause is not None),
    )


def _stops(tasks: Sequence[dict[str, Any]]) -> list[Stop]:
    """The exceptions that more than one task ended with, each with its tasks."""
    ended: dict[str, dict[str, dict[str, Any]]] = {}
    for task in tasks:
        for check in task["checks"]:
            if "error" in check and check["error"]["trace"]:  # else two may only look the same
                ended.setdefault(json.dumps(check["error"]), {})[task["id"]] = task
    return [
        Stop(json.loads(error), tuple(stopped.values()))
        for error, stopped in ended.items()
        if len(stopped) > 1
    ]


def _failures(checks: Sequence[dict[str, Any]]) -> tuple[Failure, ...]:
    """Checks that failed for the same reason are told once."""
    return tuple(Failure(tuple(group)) for group in alike(checks))
