"""Grades many submissions at once: jobs that any ``concurrent.futures.Executor`` can carry.

A job is data: it names the assignment and carries the submission's bytes. The process that carries
it out keeps one ``Grader`` and uses it for all jobs of the same kind, so suites are collected and
NumPy is loaded once a process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from kit import results
from kit.course import Assignment
from kit.grading import Grader
from kit.limits import Limits
from kit.submission import Submission
from kit.tester.faults import IsolationMissing

Result = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What all jobs of one run share; see ``kit.grading.Grader``."""

    assignment: Assignment
    limits: Limits
    tasks: tuple[str, ...] | None = None
    seed: int | None = None
    floor_only: bool = False
    trust: bool = False


_kept: dict[Settings, Grader] = {}


def grade(settings: Settings, submission: Submission) -> Result:
    """The result of one submission, graded in this process.

    Raises IsolationMissing or CourseError where nothing can be graded here.
    """
    if settings not in _kept:
        close()
        _kept[settings] = Grader(
            settings.assignment,
            settings.tasks,
            settings.limits,
            floor_only=settings.floor_only,
            trust=settings.trust,
        )
    return _kept[settings].grade(submission, settings.seed)


def close() -> None:
    """End what ``grade`` keeps for further jobs."""
    while _kept:
        _, grader = _kept.popitem()
        grader.__exit__()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def grade_all(settings: Settings, submissions: Iterable[Submission], jobs: int) -> Iterator[Result]:
    """The results of ``submissions`` as they come, from this process or from ``jobs`` others.

    A process that is killed costs only what it had in hand: those are graded once more, each in a
    new process of its own, and end as an ``error`` where that one is killed as well.
    """
    if jobs == 1:
        try:
            for submission in submissions:
                yield grade(settings, submission)
        finally:
            close()
        return
    waiting, lost = iter(submissions), list[Submission]()
    while True:
        with _processes(jobs) as executor:
            lost = yield from _carried_out(executor, settings, waiting, 2 * jobs)
        if not lost:
            return
        for submission in lost:
            with _processes(1) as executor:
                unlucky = yield from _carried_out(executor, settings, iter([submission]), 1)
            if unlucky:
                message = "The process that graded it was ended twice. Grade it again."
                yield _error(settings, submission, message)


def _carried_out(
    executor: Executor, settings: Settings, submissions: Iterator[Submission], at_once: int
) -> Generator[Result, None, list[Submission]]:
    """Yield results until all are done or a process is killed; return what was lost with it."""
    running: dict[Future[Result], Submission] = {}
    lost: list[Submission] = []
    while True:
        while not lost and len(running) < at_once:
            submission = next(submissions, None)
            if submission is None:
                break
            try:
                running[executor.submit(grade, settings, submission)] = submission
            except BrokenProcessPool:
                lost.append(submission)
        if not running:
            return lost
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            submission = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                lost.append(submission)
            except IsolationMissing:  # the same for every submission
                executor.shutdown(wait=False, cancel_futures=True)
                raise
            except Exception as error:
                yield _error(settings, submission, f"{type(error).__name__}: {error}")


def _error(settings: Settings, submission: Submission, message: str) -> Result:
    return results.build_ungraded(
        settings.assignment, submission.student, "error", message, score=None
    )


def _processes(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kit.grading"])
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Leave a Ctrl-C to the process that started this one, and end when that one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
