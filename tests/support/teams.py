"""Known mistakes of several tasks handed in together, so that many are graded at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, NamedTuple

from kit.course import Assignment
from kit.grading.diagnosis.catalogue import Catalogue
from kit.intake.submission import Submission
from kit.release.coverage import made
from kit.skeleton import regions


class Team(NamedTuple):
    """Mistakes of different tasks, and the tasks on which they are graded."""

    mistakes: Sequence[str]
    tasks: Sequence[str]


def teams(known: Catalogue, *groups: Sequence[str]) -> dict[str, Team]:
    """All known mistakes, in teams with one of each task of a group, by the team's first mistake.

    The ``groups`` name each task that has mistakes once. A task is in another group than those that
    it builds on if its mistakes can't be recognised on top of wrong ones.
    """
    assert sorted(task for group in groups for task in group) == sorted({*known.tasks.values()})
    found = [
        Team(tuple(filter(None, team)), group)
        for group in groups
        for team in zip_longest(*([m for m in known.tasks if known.tasks[m] == t] for t in group))
    ]
    assert sorted(mistake for team in found for mistake in team.mistakes) == sorted(known.tasks)
    return {team.mistakes[0]: team for team in found}


def submission_of(assignment: Assignment, known: Catalogue, *mistakes: str) -> Submission:
    """The solution with all these mistakes, which are of different tasks."""
    files = {path: assignment.written[path].read_bytes() for path in assignment.student_files}
    for path in assignment.student_files:
        tasks = {region.task for region in regions(files[path].decode(), path)}
        if own := [mistake for mistake in mistakes if known.tasks[mistake] in tasks]:
            changes = {key: to for one in own for key, to in known.changes[one].items()}
            at_once = replace(known, changes={own[0]: changes})
            files[path] = made(assignment, at_once, own[0]).files[path]
    return Submission(mistakes[0], {**known.besides, **files})


def check_caught(result: dict[str, Any], known: Catalogue, *mistakes: str) -> None:
    """Their tasks failed and no others, and each failed check names the mistake of its task."""
    assert result["status"] == "graded"
    named = {
        task["id"]: {each.get("diagnosis") for each in task["checks"] if each["status"] == "failed"}
        for task in result["tasks"]
        if task["status"] == "failed"
    }
    assert named == {known.tasks[mistake]: {mistake} for mistake in mistakes}
