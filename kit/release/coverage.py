"""Shows what the suites notice: every known mistake handed in, and which checks catch it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kit.batch import pool
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.intake.submission import Submission
from kit.results import Result
from kit.skeleton import regions


@dataclass(frozen=True)
class Caught:
    """What became of one known mistake: the checks of its task that failed, and its diagnosis.

    ``elsewhere`` are the other tasks that failed, which none should.
    """

    mistake: str
    task: str
    checks: tuple[str, ...]
    named: bool
    elsewhere: tuple[str, ...]


def count(assignment: Assignment) -> int:
    """How many mistakes the assignment's catalogue knows."""
    return len(catalogue.load(assignment).tasks)


def measure(assignment: Assignment) -> Iterator[Caught]:
    """Grade every known mistake of ``assignment`` on the tasks that have known mistakes.

    Results come as they are ready. Raises KitFault where one could not be graded.
    """
    known = catalogue.load(assignment)
    tasks = tuple(task.id for task in assignment.tasks if task.id in set(known.tasks.values()))
    settings = pool.Settings(assignment, assignment.limits, tasks)
    handed_in = (made(assignment, known, name) for name in known.tasks)
    for result in pool.grade_all(settings, handed_in, pool.affordable(None)[0]):
        name = result.student
        yield _caught(name, known.tasks[name], result)


def made(assignment: Assignment, known: catalogue.Catalogue, mistake: str) -> Submission:
    """The solution, in which the file of the mistake's task is the catalogue's with ``mistake``."""
    files = dict(known.besides)
    for path in assignment.student_files:
        source = assignment.written[path].read_text("utf-8")
        if known.tasks[mistake] in {region.task for region in regions(source, path)}:
            module = path.removesuffix(".py").rpartition("/")[2]
            lines = [f"{name} = _all[{module + '.' + name!r}]" for name in known.functions[module]]
            made = f"_all = implementation({known.changes[mistake]!r})"
            source = "\n".join([known.source.decode(), source, made, *lines, ""])
        files[path] = source.encode()
    return Submission(mistake, files)


def _caught(mistake: str, task: str, result: Result) -> Caught:
    failed: dict[str, list[str]] = defaultdict(list)
    named = []
    for each in result.tasks:
        for check in each.checks:
            if check.status == "failed":
                failed[each.id].append(check.name.rpartition("::")[2])
                named += [check.diagnosis] if each.id == task else []
    own = tuple(failed.pop(task, ()))
    return Caught(mistake, task, own, bool(named) and set(named) == {mistake}, tuple(failed))
