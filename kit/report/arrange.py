"""Arranges a result for the student's page: what to fix first comes first."""

from __future__ import annotations

from dataclasses import dataclass, field

from kit import feedback
from kit.report.curve import Curve, curves
from kit.results import CheckResult, Raised, Result, TaskResult


@dataclass(frozen=True)
class TaskView:
    """One task as the page shows it; each of ``failures`` are checks that failed alike."""

    task: TaskResult
    failures: tuple[tuple[CheckResult, ...], ...]
    passed: tuple[CheckResult, ...]
    curves: tuple[Curve, ...]
    earlier: tuple[TaskResult, ...] = ()
    """The tasks to fix first: given these, this one is correct."""

    @property
    def explained(self) -> bool:
        """Whether it is known why the task failed."""
        return bool(feedback.causes(self.task))

    @property
    def missing(self) -> float:
        """The points that are still to be had."""
        return round(self.task.max_score - (self.task.score or 0.0), 6)


@dataclass(frozen=True)
class Stop:
    """One exception that ended the checks of several tasks, such as a file that is no Python."""

    error: Raised
    tasks: tuple[TaskResult, ...]


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


def arrange(result: Result) -> StudentView:
    """The tasks of ``result`` by what there is to do about them.

    Of those to fix, the ones whose cause is known come first.
    """
    view = StudentView(result)
    by_id = {task.id: task for task in result.tasks}
    heaps = {"failed": view.to_fix, "error": view.unchecked, "passed": view.passed}
    for task in result.tasks:
        other = view.by_a_person if task.manual else view.not_graded
        heaps.get(task.status, other).append(_view(task, by_id))
    view.stops.extend(
        Stop(error, tuple(tasks)) for error, tasks in feedback.shared_exceptions(result)
    )
    view.to_fix.sort(key=lambda each: not each.explained)
    return view


def _view(task: TaskResult, by_id: dict[str, TaskResult]) -> TaskView:
    return TaskView(
        task=task,
        failures=tuple(feedback.alike(task.checks)),
        passed=tuple(check for check in task.checks if check.status == "passed"),
        curves=tuple(each for check in task.checks for each in curves(check.measured)),
        earlier=tuple(by_id[each] for each in task.follows_from if each in by_id),
    )
