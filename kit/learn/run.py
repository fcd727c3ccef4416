"""Learns from a class: runs unexplained failures again, groups them, and writes what came out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit import files
from kit.batch import processes
from kit.batch.pool import HANGING_SECONDS
from kit.course import Assignment, CourseError
from kit.feedback import count
from kit.grading.diagnosis import catalogue
from kit.intake.downloads import Found
from kit.learn import entry, groups, page, probe, unexplained
from kit.learn.groups import Answers, Group
from kit.learn.nameless import Nameless, of_course
from kit.learn.probe import Seen, Settings, Work
from kit.learn.unexplained import Class
from kit.results import Result, read_all
from kit.sandbox import host
from kit.sandbox.faults import IsolationMissing, KitFault, RunStopped

PAGE, ENTRIES = "index.html", "entries.txt"
Submit = Callable[..., Future[Any]]


@dataclass
class Learned:
    """What a class taught: the ``groups``, those of many first, and where that is written.

    ``faults`` are sentences on hand-ins that could not be run again by our fault.
    """

    of: Class
    groups: list[Group] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    page: Path = Path()
    entries: Path = Path()


def learn(
    assignment: Assignment,
    found: Sequence[Found],
    results: Path,
    out: Path,
    *,
    jobs: int,
    say: Callable[[str], None] = lambda _: None,
) -> Learned:
    """Group the unexplained failures in ``results``, and write a page and entries into ``out``.

    Raises CourseError where the results can't be used or the files can't be written, RunStopped
    where the answers can't be compared by our fault.
    """
    graded = read_all(results, assignment.name)
    for name in (PAGE, ENTRIES):
        files.require_file(out / name, page.is_ours if name == PAGE else _is_entries)
    course = of_course(assignment)
    settings = Settings(assignment, assignment.limits, " ".join(sorted(course.words)))
    learned = Learned(Class(), page=out / PAGE, entries=out / ENTRIES)
    coming = unexplained.work(assignment, found, graded, learned.of)
    with _testers(jobs, settings) as submit:
        say("running failed tasks again on fixed inputs")
        seen = list(_looked(submit, settings, coming, jobs, learned))
        told = [each for each in seen if not each.why_not]
        learned.of.leave_out(each.why_not for each in seen if each.why_not)
        say("comparing the answers")
        students = [*(each.student for each in found), *(each.student for each in graded)]
        nameless = Nameless(course, students, _by_student(told))
        try:
            learned.groups = _grouped(submit, settings, told, nameless)
        except (KitFault, processes.TesterLost) as fault:
            raise RunStopped(f"The answers could not be compared. {fault}") from fault
    _write(assignment, learned, graded, settings.course)
    return learned


@contextmanager
def _testers(jobs: int, settings: Settings) -> Iterator[Submit]:
    """A function that lets a tester call a function, or this process if ``jobs`` is 1."""
    if jobs == 1:
        try:
            yield _here
        finally:
            probe.close()
        return
    seconds = settings.limits.attempts * (settings.limits.total_seconds + HANGING_SECONDS)
    with processes.Testers(jobs, host.cores(), seconds) as testers:
        yield testers.submit


def _here(function: Callable[..., Any], *given: Any) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(function(*given))
    except Exception as error:
        future.set_exception(error)
    return future


def _looked(
    submit: Submit, settings: Settings, coming: Iterable[Work], jobs: int, learned: Learned
) -> Iterator[Seen]:
    """What is seen of each hand-in, as it comes; a fault of ours costs one hand-in."""
    running: dict[Future[list[Seen]], str] = {}

    def done(most: int) -> Iterator[Seen]:
        while len(running) > most:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                student = running.pop(future)
                try:
                    yield from future.result()
                except IsolationMissing:
                    raise  # the same for every hand-in
                except (KitFault, processes.TesterLost) as fault:
                    learned.faults.append(f"{student} could not be run again. {fault}")

    for each in coming:
        running[submit(probe.look, settings, each)] = each.submission.student
        yield from done(2 * jobs - 1)
    yield from done(0)


def _by_student(seen: Iterable[Seen]) -> list[list[str]]:
    texts: dict[str, list[str]] = defaultdict(list)
    for each in seen:
        texts[each.student] += each.functions
    return list(texts.values())


def _grouped(
    submit: Submit, settings: Settings, seen: Iterable[Seen], nameless: Nameless
) -> list[Group]:
    by_task: dict[str, list[Seen]] = defaultdict(list)
    for each in sorted(seen, key=lambda each: (each.signature, each.functions)):
        by_task[each.task].append(each)
    coming = {
        task: submit(
            groups.grouped, settings, [Answers(each.signature, each.answers) for each in some]
        )
        for task, some in by_task.items()
    }
    found = [
        groups.made([by_task[task][place] for place in places], nameless)
        for task, future in coming.items()
        for places in future.result()
    ]
    return groups.in_order(found, [task.id for task in settings.assignment.tasks])


def _write(assignment: Assignment, learned: Learned, graded: Sequence[Result], known: str) -> None:
    """Write the page and the entries; neither holds a student's name."""
    hints = {c.name: c.hint for result in graded for task in result.tasks for c in task.checks}
    titles = {task.id: task.title for task in assignment.tasks}
    right = {
        task: entry.right_functions(assignment, task, known)
        for task in {group.task for group in learned.groups}
    }
    entries = _entries(assignment, learned.groups, right)
    try:
        shown = page.page(
            assignment.name,
            learned.of,
            learned.groups,
            entries,
            right=right,
            titles=titles,
            hints=hints,
        )
        files.write_whole(learned.page, shown, durable=False)
        text = "".join([entry.head(assignment.name), *entries])
        files.write_whole(learned.entries, text.encode("utf-8", "replace"), durable=False)
    except OSError as error:
        raise CourseError(f"What was learned could not be written ({error}).") from error


def _entries(
    assignment: Assignment, found: Sequence[Group], right: Mapping[str, Sequence[str]]
) -> list[str]:
    catalogued = set(catalogue.load(assignment).tasks.values())
    return [
        entry.entry(group, number, right[group.task], has_others=group.task in catalogued)
        for number, group in enumerate(found, start=1)
    ]


def _is_entries(path: Path) -> bool:
    return path.read_text("utf-8", "replace").startswith(entry.HEAD[:30])


def lines(learned: Learned) -> list[str]:
    """What to tell the person who asked."""
    of, many = learned.of, [group for group in learned.groups if group.size > 1]
    hand_ins = count(of.hand_ins, "hand-in")
    if not of.unexplained:
        return [
            f"{hand_ins}: nothing is left to learn. Known mistakes explain "
            f"{count(of.explained, 'failed task')}, and there is no other that could be compared."
        ]
    alone = len(learned.groups) - len(many)
    said = [
        f"{hand_ins}, {count(of.unexplained, 'failed task')} that no known mistake explains: "
        f"{count(len(many), 'group')} that answer alike, {alone} alone."
    ]
    said += [f"  {number}. {g.task}: {g.size} hand-ins" for number, g in enumerate(many, 1)]
    return [*said, f"The page:    {learned.page}", f"The entries: {learned.entries}"]
