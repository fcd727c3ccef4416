"""Proves an assignment: its release is right, cells have checks, scores are as meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.grading.suites import Suites
from kit.intake.submission import Submission
from kit.release import build
from kit.results import Result


def publish(assignment: Assignment) -> None:
    """Build ``release/`` after proving what can be proved without grading.

    Raises ReleaseError, naming every problem; the old release then stays.
    """
    build.publish(assignment, _checks(assignment))


def check(assignment: Assignment) -> list[str]:
    """Everything that is wrong with the assignment, a sentence each; empty when nothing is."""
    found = build.problems(assignment, _checks(assignment))
    return found or _problems_of_scores(assignment)


def _checks(assignment: Assignment) -> list[tuple[str, float]]:
    with Suites(assignment) as suites:
        return [(check.task, check.points) for check in suites.checks]


def _problems_of_scores(assignment: Assignment) -> list[str]:
    """Where the released skeleton earns a point, or the solution not all of them."""
    with Grader(assignment) as grader:
        released = {name: assignment.release / name for name in assignment.student_files}
        skeleton = grader.grade(_submission("the release", released))
        solution = grader.grade(_submission("the solution", assignment.written))
    return [
        *_unlike(skeleton, {task.id: 0.0 for task in assignment.tasks if not task.manual}),
        *_unlike(solution, {task.id: task.points for task in assignment.tasks if not task.manual}),
    ]


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
