"""Proves an assignment: release, cells and checks, scores, and the notebook with the solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.grading.suites import Suites
from kit.intake.submission import Submission
from kit.release import build
from kit.release.notebook import run
from kit.results import Result


def publish(assignment: Assignment) -> None:
    """Build ``release/`` after proving what can be proved without grading.

    Raises ReleaseError, naming every problem; the old release then stays.
    """
    build.publish(assignment, _checks(assignment))


def check(
    assignment: Assignment, say: Callable[[str], None] = lambda _: None, *, quick: bool = False
) -> list[str]:
    """Everything that is wrong with the assignment, a sentence each; empty when nothing is.

    ``say`` is told of each step before it is taken. With ``quick``, tasks and cells that train are
    left out.
    """
    say("building the release again, to compare it")
    return (
        build.problems(assignment, _checks(assignment))
        or _problems_of_scores(assignment, say, quick=quick)
        or list(filter(None, [run(assignment, assignment.release, say, quick=quick).problem]))
    )


def _checks(assignment: Assignment) -> list[tuple[str, float]]:
    with Suites(assignment) as suites:
        return [(check.task, check.points) for check in suites.checks]


def _problems_of_scores(
    assignment: Assignment, say: Callable[[str], None], *, quick: bool
) -> list[str]:
    """Where the released skeleton earns a point, or the solution not all of them."""
    tasks = {
        task.id: task.points
        for task in assignment.tasks
        if not task.manual and not (quick and task.training)
    }
    with Grader(assignment, tasks) as grader:
        say("grading the skeleton")
        released = {name: assignment.release / name for name in assignment.student_files}
        skeleton = grader.grade(_submission("the release", released))
        say("grading the solution")
        solution = grader.grade(_submission("the solution", assignment.written))
    return [*_unlike(skeleton, dict.fromkeys(tasks, 0.0)), *_unlike(solution, tasks)]


def _submission(name: str, files: Mapping[str, Path]) -> Submission:
    return Submission(name, {file: path.read_bytes() for file, path in files.items()})


def _unlike(result: Result, meant: Mapping[str, float]) -> list[str]:
    if result.message is not None:
        return [f"{result.student} could not be graded: {result.message}"]
    return [
        f"{result.student} scores {task.score} of {task.max_score} on {task.id}, "
        f"not {meant[task.id]:g}: "
        + " ".join(
            f"{check.name}: {check.message}"
            for check in task.checks
            if (check.status == "passed") is (meant[task.id] == 0)
        )
        for task in result.tasks
        if task.id in meant and task.score != meant[task.id]
    ]
