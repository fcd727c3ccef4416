"""Grades many submissions at once, through anything that gives a ``concurrent.futures.Future``.

A job is data: it names the assignment and carries the submission's bytes. The process that runs it
keeps one ``Grader`` for all jobs of the same kind, so each process collects the suites and loads
NumPy only once. This module uses the processes of this machine; ``kit.batch.cluster`` uses other
machines.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Future,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kit.batch import processes
from kit.course import Assignment, CourseError
from kit.grading import verdicts
from kit.intake.submission import Submission
from kit.limits import MIB, Limits
from kit.results import Result
from kit.sandbox import host
from kit.sandbox.faults import IsolationMissing, RunStopped

if TYPE_CHECKING:
    from kit.grading.grader import Grader

JOBS_A_CORE = 4
JOB_BYTES, JOB_FILES, JOB_PROCESSES = 256 * MIB, 8, 5
"""The cost of one process that grades: memory, open files of the dispatcher, and processes and
threads. These are a thread of the dispatcher, the process itself, its own thread, a warm parent and
a worker."""
HANGING_SECONDS = 600
"""The time that grading one submission may take beyond the limit of the submission's code."""

LOOK_UP_SECONDS = 60
"""While no result comes, the dispatcher checks this often whether any grader is left."""


@dataclass(frozen=True)
class Settings:
    """The settings that all jobs of one run share; see ``kit.grading.grader.Grader``."""

    assignment: Assignment
    limits: Limits
    tasks: tuple[str, ...] | None = None
    seed: int | None = None
    floor_only: bool = False
    trust: bool = False


@dataclass(frozen=True)
class Graders:
    """Processes that grade, on this machine or elsewhere.

    ``submit`` hands them a submission. ``at_once`` gives the number of submissions that they should
    have in hand; it may raise RunStopped. A future raises ``killed`` if the process that had its
    submission was killed.
    """

    submit: Callable[[Submission], Future[Result]]
    at_once: Callable[[], int]
    killed: type[Exception]


_kept: dict[Settings, Grader] = {}
_one_at_a_time = threading.Lock()
"""A Grader has only one worker at a time, but a cluster's node may have several threads."""


def grade(settings: Settings, submission: Submission) -> Result:
    """The result of one submission, graded in this process.

    Raises IsolationMissing or CourseError if nothing can be graded here.
    """
    from kit.grading.grader import Grader  # noqa: PLC0415 (slow; the dispatcher does not need it)

    with _one_at_a_time:
        if settings not in _kept:
            close()
            _kept[settings] = Grader(
                settings.assignment,
                settings.tasks,
                settings.limits,
                floor_only=settings.floor_only,
                trust=settings.trust,
                first=processes.first_parent(),
            )
        return _kept[settings].grade(submission, settings.seed)


def close() -> None:
    """Close the Grader that ``grade`` keeps for further jobs."""
    while _kept:
        _, grader = _kept.popitem()
        grader.__exit__()


def affordable(jobs: int | None) -> tuple[int, str | None]:
    """The number of processes, at most ``jobs``, that this machine can run; a remark if fewer.

    None asks for one process on each core.
    """
    host.require()
    cores, available = len(host.cores()), host.available_bytes()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most = JOBS_A_CORE * cores
    if available is not None:
        most = min(most, available // JOB_BYTES)
    if files != resource.RLIM_INFINITY:
        most = min(most, (files - host.NEEDED_FILES) // JOB_FILES)
    wanted = jobs or cores
    tried = max(1, min(wanted, most))
    most = max(1, min(most, host.more_processes(tried * JOB_PROCESSES) // JOB_PROCESSES))
    if wanted <= most:
        return wanted, None
    memory = "" if available is None else f", {available / 1024 / MIB:.1f} GiB of free memory"
    return most, (
        f"{wanted} grading processes are too many for this machine ({cores} cores{memory}; "
        f"limits: ulimit -n, ulimit -u). It runs {most}."
    )


def grade_all(settings: Settings, submissions: Iterable[Submission], jobs: int) -> Iterator[Result]:
    """The results of ``submissions`` as they come, from this process or from ``jobs`` others."""
    host.require()
    if jobs > 1:
        yield from distribute(settings, submissions, partial(_of_this_machine, settings, jobs))
        return
    try:
        for submission in submissions:
            yield grade(settings, submission)
    finally:
        close()


def distribute(
    settings: Settings,
    submissions: Iterable[Submission],
    graders: Callable[[bool], AbstractContextManager[Graders]],
) -> Iterator[Result]:
    """The results of ``submissions`` as they come, from processes that ``graders`` opens.

    A killed process costs only the submissions that it had in hand. Each of them is graded once
    more, alone (``graders(True)``), and gets status ``error`` if that process is killed as well.
    Raises RunStopped, IsolationMissing or CourseError if nothing more can be graded.
    """
    waiting = iter(submissions)
    while True:
        with graders(False) as several:
            lost = yield from _carried_out(several, settings, waiting)
        if not lost:
            return
        for submission in lost:
            with graders(True) as one:
                unlucky = yield from _carried_out(one, settings, iter([submission]))
            if unlucky:
                message = (
                    "The process that graded this submission was killed twice, or hung. Grade it "
                    "again."
                )
                yield _error(settings, submission, message)


def _carried_out(
    graders: Graders, settings: Settings, submissions: Iterator[Submission]
) -> Generator[Result, None, list[Submission]]:
    """Yield results until all are done or a process is killed; return the lost submissions."""
    running: dict[Future[Result], Submission] = {}
    lost: list[Submission] = []
    try:
        while True:
            while not lost and len(running) < graders.at_once():
                submission = next(submissions, None)
                if submission is None:
                    break
                try:
                    running[graders.submit(submission)] = submission
                except graders.killed:
                    lost.append(submission)
            if not running:
                return lost
            for future in wait(running, LOOK_UP_SECONDS, FIRST_COMPLETED).done:
                submission = running.pop(future)
                try:
                    yield future.result()
                except graders.killed:
                    lost.append(submission)
                except (IsolationMissing, RunStopped, CourseError, CancelledError):
                    raise  # the same for every submission
                except Exception as error:
                    yield _error(settings, submission, f"{type(error).__name__}: {error}")
    finally:
        for future in running:
            future.cancel()


def _error(settings: Settings, submission: Submission, message: str) -> Result:
    return verdicts.build_ungraded(
        settings.assignment, submission.student, "error", message, score=None
    )


@contextmanager
def _of_this_machine(settings: Settings, jobs: int, alone: bool) -> Iterator[Graders]:
    jobs, limits = 1 if alone else jobs, settings.limits
    seconds = limits.attempts * (limits.total_seconds + HANGING_SECONDS)
    with processes.Testers(jobs, host.cores(), seconds) as testers:
        yield Graders(
            lambda submission: testers.submit(grade, settings, submission),
            lambda: 1 if alone else 2 * jobs,
            processes.TesterLost,
        )
