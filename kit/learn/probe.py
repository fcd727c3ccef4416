"""Runs failed tasks of one hand-in again on fixed inputs, and keeps what its code answered.

This is done in a tester. Every hand-in gets the same inputs here, unlike in grading, so that the
answers of two can be compared.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kit.batch import processes
from kit.checks.student import Student
from kit.course import Assignment, read_text
from kit.grading import earlier
from kit.grading.diagnosis import catalogue
from kit.grading.diagnosis.explain import session_of
from kit.grading.suites import Suites
from kit.grading.verdicts import Verdict
from kit.intake.submission import Submission, sources_of
from kit.learn import first
from kit.limits import MIB, Limits
from kit.sandbox.faults import IsolationMissing, KitFault, StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.tester.transcript import Transcript
from kit.sandbox.wire import WireError
from kit.skeleton import Scope, parse, places

SEED = 18
"""Of the fixed inputs. Nobody's grade depends on them."""
MOST_BYTES = MIB
"""The most that the answers of one task may take. Those of honest code take a tenth of it."""
NEAREST = 3
NO_CATALOGUE = b"MISTAKES = []\n\n\ndef implementation(changes):\n    return {}\n"
WORKERS = [Path(__file__).with_name(f"{name}.py") for name in ("alike", "functions")]
UNWRITTEN = "not written"
NOT_LOADED = "in a file that can't be loaded"
SILENT = "without any answer"
PASSES = "right on the fixed inputs"
EXPLAINED = "explained by a known mistake on the fixed inputs"
TOO_LARGE = "too large to be compared"
"""Why a task is in no group, as the end of a sentence."""


@dataclass(frozen=True)
class Work:
    """The failed tasks of a hand-in that are to be run again; ``failed`` are all that failed."""

    submission: Submission
    tasks: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What was seen of one task of a hand-in.

    ``why_not`` says why it can't be compared, empty if it can. ``failed`` and ``passed`` are names
    of checks; ``narrowed`` is the sentence on what tells right from wrong, if there is one, and
    ``first`` has one on the first wrong answer of each failed check; ``answers``,
    ``signature`` and ``nearest`` are what ``kit.learn.alike`` makes; ``functions`` are the texts of
    the task's functions. They name nobody but by words of their own.
    """

    student: str
    task: str
    why_not: str = ""
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    narrowed: str = ""
    first: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    signature: str = ""
    nearest: tuple[Mapping[str, Any], ...] = ()
    functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What all hand-ins of one class share; ``course`` are the words of the course's files."""

    assignment: Assignment
    limits: Limits
    course: str


_kept: dict[Settings, Prober] = {}


def look(settings: Settings, work: Work) -> list[Seen]:
    """What is seen of each task of ``work``; raises KitFault if it can't be run here."""
    return kept(settings).look(work)


def kept(settings: Settings) -> Prober:
    """The prober of this process."""
    if settings not in _kept:
        close()
        _kept[settings] = Prober(settings)
    return _kept[settings]


def close() -> None:
    """End the processes that the prober of this process has started."""
    while _kept:
        _kept.popitem()[1].close()


class Prober:
    """Suites, catalogue and a warm parent, ready for one hand-in after another."""

    def __init__(self, settings: Settings) -> None:
        self._assignment, self._course = settings.assignment, settings.course
        self._tasks = [t.id for t in self._assignment.tasks if not t.manual and not t.training]
        loaded = catalogue.load(self._assignment)
        self._catalogue = loaded if loaded.source else replace(loaded, source=NO_CATALOGUE)
        self._earlier = earlier.load(self._assignment)
        self._wanted, self._ours = _names(self._assignment)
        self.parent = WarmParent(
            settings.limits,
            packages=self._assignment.packages,
            first=processes.first_parent(),
        )
        try:
            self._suites = Suites(self._assignment, self._tasks)
        except BaseException:
            self.parent.close()
            raise

    def close(self) -> None:
        """End what was started."""
        self.parent.close()
        self._suites.close()

    def look(self, work: Work) -> list[Seen]:
        """What is seen of each task of ``work``, tried anew if a worker is lost."""
        for attempt in range(1, self.parent.limits.attempts + 1):
            self.parent.renew(final=attempt == self.parent.limits.attempts)
            try:
                seen = self._look(work)
                if self.parent.lost is None:
                    return seen
            except IsolationMissing:
                raise
            except KitFault:
                if self.parent.lost is None:
                    raise
        raise KitFault(str(self.parent.lost))

    def workers(self) -> Session:
        """A worker with the catalogue and our own modules, and nobody's code."""
        ours = {path.name: path.read_bytes() for path in WORKERS}
        return session_of(self._catalogue, self.parent, ours)

    def _look(self, work: Work) -> list[Seen]:
        found = []
        with closing(self.workers()) as session:
            for task in work.tasks:
                verdicts, transcript = self._run(work, task)
                found.append(self._seen(session, work, task, verdicts, transcript))
        return found

    def _run(self, work: Work, task: str) -> tuple[list[Verdict], Transcript]:
        """The verdicts on one task, with right functions where those it builds on are wrong."""
        sources = sources_of(self._assignment, work.submission)
        transcript = Transcript(self._tasks, self._catalogue.opaque)
        answers = None
        if self._earlier.wrong(task, work.failed):
            answers = self._earlier.answers(task)
            sources = answers.sources(self._assignment, sources)
        names = [check.name for check in self._suites.checks if check.task == task]
        with closing(Session(sources, self.parent, transcript, answers)) as session:
            return self._suites.run(Student(session), SEED, names), transcript

    def _seen(
        self,
        session: Session,
        work: Work,
        task: str,
        verdicts: Sequence[Verdict],
        transcript: Transcript,
    ) -> Seen:
        student = work.submission.student
        calls = transcript.calls.get(task, {})
        failed = [each.check.name for each in verdicts if each.status == "failed"]
        passed = [each.check.name for each in verdicts if each.status == "passed"]
        if len(failed) + len(passed) < len(verdicts):
            broken = next(str(each.problem) for each in verdicts if each.status == "error")
            raise KitFault(f"{task} could not be run again: {broken}")
        why_not = _why_not(verdicts, calls, failed)
        if why_not:
            return Seen(student, task, why_not)
        own = {
            name: np.frombuffer(text, np.uint8)
            for name, text in work.submission.files.items()
            if name.endswith(".py")
        }
        prepared = self.asked(session, "alike", "prepare", calls)
        nearest = self.asked(session, "alike", "nearest", task, calls, failed, NEAREST)
        doubted = [each for each in work.failed if each != task]
        names = self._catalogue.names
        parts = self.asked(session, "compared", "table", calls, names, doubted)
        said = {each.check.name: str(each.problem) for each in verdicts if each.problem}
        narrowed = self.asked(session, "narrow", "narrow", calls, said, names, doubted)
        if None in (prepared, nearest, parts) or _bytes(prepared["answers"]) > MOST_BYTES:
            return Seen(student, task, TOO_LARGE)
        if len([each for each in nearest if _explains_all(each, failed)]) == 1:
            return Seen(student, task, EXPLAINED)
        wanted = self._wanted[task]
        shown = self.asked(session, "functions", "take", own, wanted, self._ours, self._course)
        return Seen(
            student,
            task,
            "",
            tuple(failed),
            tuple(passed),
            narrowed or "",
            {name: first.sentence(calls[name], parts[name]) for name in failed},
            prepared["answers"],
            hashlib.sha256(prepared["signature"].encode("utf-8", "replace")).hexdigest(),
            tuple(nearest),
            tuple(shown or ()),
        )

    def asked(self, session: Session, module: str, function: str, *given: Any) -> Any:
        """What a function of ours answers in a worker; None where a submission's data are too much.

        They may be too large to send or to compute with, or more than a parser can take. Raises
        KitFault for any other failure, since no student's code runs there.
        """
        ask = Student(session)
        try:
            with ask.deadline(self.parent.limits.diagnosis_seconds):
                return getattr(getattr(ask, module), function)(*given)
        except WireError:
            return None
        except StudentFault as fault:
            if fault.error is None or fault.error["type"] in {"MemoryError", "RecursionError"}:
                return None
            raise KitFault(f"{module}.{function} failed: {fault}") from fault


def _names(assignment: Assignment) -> tuple[dict[str, list[list[str]]], list[str]]:
    """The functions of each task, by file and qualified name; and all names in the solved files."""
    wanted: dict[str, list[list[str]]] = {task.id: [] for task in assignment.tasks}
    ours: set[str] = set()
    for file, path in assignment.written.items():
        if not file.endswith(".py"):
            continue
        text = read_text(path)
        for task, name in places(text, file):
            if [file, name] not in wanted.setdefault(task, []):
                wanted[task].append([file, name])
        ours |= {n.name for n in ast.walk(parse(text, file)) if isinstance(n, Scope)}
    return wanted, sorted(ours)


def _bytes(value: Any) -> int:
    """The bytes of all arrays in ``value``, and some for each other item."""
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(_bytes, value))
    return value.nbytes if isinstance(value, np.ndarray) else len(str(value))


def _why_not(
    verdicts: Sequence[Verdict], calls: Mapping[str, Sequence[Mapping[str, Any]]], failed: list[str]
) -> str:
    """Why the answers of a task say nothing; empty if they do."""
    if not failed:
        return PASSES
    problems = [each.problem for each in verdicts if each.status == "failed"]
    errors = [each.error for each in problems if isinstance(each, StudentFault) and each.error]
    if len(errors) == len(problems):
        if all(error["type"] == "NotImplementedError" for error in errors):
            return UNWRITTEN
        if all(_when_loaded(error) for error in errors):
            return NOT_LOADED
    if not calls:
        return TOO_LARGE
    answered = [
        call.get("raised", "a value")
        for made in calls.values()
        for call in made
        if call["kind"] not in {"place", "set"}
    ]
    return "" if any(answered) else SILENT


def _explains_all(entry: Mapping[str, Any], failed: list[str]) -> bool:
    """Whether an entry of the catalogue explains each failed check, and nothing speaks against it.

    Grading may not have named it: where earlier tasks are wrong, it replays the checks that passed
    on the answers to these.
    """
    return not entry["against"] and entry["explains"] == failed


def _when_loaded(error: Mapping[str, Any]) -> bool:
    """Whether an exception came before any function ran."""
    return not error["trace"] or error["trace"][0]["function"] in {"", "<module>"}
