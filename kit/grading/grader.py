"""Grades one submission: runs the suites, looks again where earlier work was wrong, explains."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from socket import socket

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading import earlier, wrong_place
from kit.grading.diagnosis import catalogue
from kit.grading.diagnosis.explain import Calls, explain, session_of
from kit.grading.diagnosis.smallest import Searched, smallest
from kit.grading.earlier import Answers
from kit.grading.suites import Suites, Watch
from kit.grading.verdicts import Explanation, Verdict, build, build_ungraded
from kit.intake.submission import Submission, sources_of
from kit.limits import Limits
from kit.results import Result, SmallExample
from kit.sandbox import host
from kit.sandbox.faults import IsolationMissing, KitFault, StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.tester.transcript import Transcript


@dataclass
class SecondLook:
    """What became of failed checks once the functions that they build on were right ones.

    By a check's name its verdict; by a task's id the ``calls`` that were made, and the failed tasks
    that it ``follows``, where a check passed that had failed by them.
    """

    home: str = ""
    """The earlier assignment whose code students bring, if there is one."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    calls: dict[str, Calls] = field(default_factory=dict)
    follows: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def take(
        self, task: str, wrong: tuple[str, ...], again: list[Verdict], transcript: Transcript
    ) -> None:
        """Take what was seen of ``task``, which builds on the tasks that are ``wrong``."""
        for verdict in again:
            if verdict.status == "passed":
                self.follows[task] = wrong
                verdict.remark = self._remark(wrong)
            if not _cannot_import(verdict.problem):  # what its own functions would have had
                self.verdicts[verdict.check.name] = verdict
        self.calls |= transcript.calls

    def _remark(self, wrong: tuple[str, ...]) -> str:
        """What is said of a check that passed with right functions."""
        if wrong == (self.home,):
            return (
                f"Passed with right code of the homework {self.home} in place of yours. Something "
                "in yours is wrong, and costs nothing here."
            )
        others = " and ".join(f"`{each}`" for each in wrong)
        return (
            f"Passed with a right {others} in place of yours, which is wrong and costs its own "
            "points only."
        )


def _merged(first: Mapping[str, Calls], again: Mapping[str, Calls]) -> dict[str, Calls]:
    """The calls of each check: those made ``again`` where there are any, else the ``first``."""
    return {task: {**first.get(task, {}), **again.get(task, {})} for task in {*first, *again}}


def _cannot_import(problem: BaseException | None) -> bool:
    return isinstance(problem, StudentFault) and (problem.error or {}).get("type") == "ImportError"


class Grader:
    """Grades submissions of one assignment: suites collected and NumPy loaded once.

    A context manager. ``tasks`` restricts what is graded; ``floor_only``, ``trust`` and ``first``
    are those of WarmParent; ``watch`` is told how far it is. Raises CourseError where the suites
    can't be collected and IsolationMissing where this host can't confine a worker.
    """

    def __init__(
        self,
        assignment: Assignment,
        tasks: Collection[str] | None = None,
        limits: Limits | None = None,
        *,
        floor_only: bool = False,
        trust: bool = False,
        first: socket | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.assignment = assignment
        self.limits = limits or assignment.limits
        assignment.require_packages()
        host.require()
        self._parent = WarmParent(
            self.limits,
            floor_only=floor_only,
            trust=trust,
            packages=assignment.packages,
            first=first,
        )
        try:
            self.suites = Suites(assignment, tasks, watch)
            self._catalogue = catalogue.load(assignment)
            self._earlier = earlier.load(assignment)
        except BaseException:
            self._parent.close()
            raise

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.close()  # first: a check that is being run has nothing to wait for then
        self.suites.close()

    def grade(self, submission: Submission, seed: int | None = None) -> Result:
        """The result of one submission (see ``kit.results``).

        Without ``seed`` the unseen inputs follow from the submission's own bytes, so that the same
        bytes always get the same grade. A fault of ours gives a result with status ``error``.

        Where a worker was lost by no doing of the submission, all of it is graded again, in new
        workers and with the same seed; nothing of the try before counts.
        """
        seed = submission.seed if seed is None else seed
        message = ""
        for attempt in range(1, self.limits.attempts + 1):
            try:
                self._parent.renew(final=attempt == self.limits.attempts)
                result = self._graded(submission, seed)
                if self._parent.lost is None:
                    return result
                message = self._parent.lost
            except IsolationMissing:
                raise
            except KitFault as fault:
                message = str(fault)
                if self._parent.lost is None:
                    break
        return build_ungraded(self.assignment, submission.student, "error", message, score=None)

    def _graded(self, submission: Submission, seed: int) -> Result:
        """The result of one try; raises KitFault where it broke."""
        sources = sources_of(self.assignment, submission)
        session, transcript = self._session(sources)
        began = time.monotonic()
        try:
            session.start()
            verdicts = self.suites.run(Student(session), seed)
            second = self._second_look(sources, verdicts, seed)
            verdicts = [second.verdicts.get(each.check.name, each) for each in verdicts]
            calls = _merged(transcript.calls, second.calls)
            run = partial(self._run_anew, seed)
            places = wrong_place.look(self.assignment, submission, verdicts, self._parent, run)
            failed = self._failed(verdicts)
            said = {each.check.name: str(each.problem) for each in verdicts if each.problem}
            with closing(session_of(self._catalogue, self._parent)) as replay:
                explained = explain(
                    self._catalogue, self._parent, failed, calls,
                    said=said, again=second.calls, session=replay,
                )  # fmt: skip
                examples = self._examples(replay, sources, failed, calls, explained)
        except Exception:
            session.close()
            raise
        # what stops this process while the suites run leaves the session to their thread
        session.close()
        return build(
            self.assignment,
            submission,
            verdicts,
            explained,
            second.follows,
            wrong_places=places,
            examples=examples,
            seed=seed,
            seconds=time.monotonic() - began,
            layers=session.layers,
            trusted=self._parent.trust,
            notes=self._notes(session),
            output=bytes(session.output),
        )

    def _session(
        self, sources: Mapping[str, bytes], answers: Answers | None = None
    ) -> tuple[Session, Transcript]:
        transcript = Transcript(self._catalogue.tasks.values(), self._catalogue.opaque)
        return Session(sources, self._parent, transcript, answers), transcript

    def _run_anew(self, seed: int, sources: Mapping[str, bytes], only: list[str]) -> list[Verdict]:
        """The verdicts of the checks ``only`` on other sources."""
        with closing(self._session(sources)[0]) as session:
            return self.suites.run(Student(session), seed, only)

    def _failed(self, verdicts: Iterable[Verdict]) -> dict[str, list[str]]:
        """The checks that failed by their task, in the notebook's order."""
        failed = defaultdict(list)
        for verdict in verdicts:
            if verdict.status == "failed":
                failed[verdict.check.task].append(verdict.check.name)
        return {task.id: failed[task.id] for task in self.assignment.tasks if task.id in failed}

    def _second_look(
        self, sources: Mapping[str, bytes], verdicts: Sequence[Verdict], seed: int
    ) -> SecondLook:
        """The failed checks of tasks that build on failed ones, with right functions for those."""
        found = SecondLook(self._earlier.home)
        failed = self._failed(verdicts)
        for task, names in failed.items():
            wrong = self._earlier.wrong(task, failed)
            if not wrong:
                continue
            answers = self._earlier.answers(task)
            session, transcript = self._session(answers.sources(self.assignment, sources), answers)
            try:
                again = self.suites.run(Student(session), seed, names)
            finally:
                session.close()
            found.take(task, wrong, again, transcript)
        return found

    def _examples(
        self,
        replay: Session,
        sources: Mapping[str, bytes],
        failed: Mapping[str, Sequence[str]],
        calls: Mapping[str, Calls],
        explained: Mapping[str, Explanation],
    ) -> dict[str, SmallExample]:
        """The smallest failing examples of tasks that known mistakes don't explain.

        Where a task builds on wrong ones, an example is shown if right functions in their place
        give the same.
        """
        with ExitStack() as kept:

            def opened(answers: Answers | None = None) -> Session:
                own = answers.sources(self.assignment, sources) if answers else sources
                seconds = self.limits.example_seconds
                return Session(own, self._parent, answers=answers, seconds=seconds)

            searching = kept.enter_context(closing(opened()))

            @contextmanager
            def run(task: str, *, anew: bool) -> Iterator[list[Session]]:
                if not anew:
                    yield [searching]
                    return
                with ExitStack() as closed:
                    new = [opened()]
                    if self._earlier.wrong(task, failed):
                        new.append(opened(self._earlier.answers(task)))
                    for session in new:
                        closed.enter_context(closing(session))
                    yield new

            searched = Searched(replay, self._parent, self._catalogue, run)
            return smallest(searched, failed, calls, explained)

    def _notes(self, session: Session) -> list[str]:
        kept = self.limits.output_bytes
        if session.printed_bytes <= kept:
            return []
        return [f"Your code printed {session.printed_bytes:,} bytes; the first {kept:,} were kept."]
