"""Measures the suites as a classifier: what is wrong should fail, and what is right should pass.

Wrong are mutants of the solution and the known mistakes; right are rewrites of the solution. Each
is graded on its own task with one seed, and its verdict is looked at again with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from kit.batch import processes
from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.grading.grader import Grader
from kit.grading.suites import Suites
from kit.grading.verdicts import Check
from kit.intake.submission import Submission, sources_of
from kit.release import coverage, mutants, rewrites
from kit.release.mutants import Mutant
from kit.release.probe import Probe
from kit.results import CheckResult, Result
from kit.sandbox import host
from kit.sandbox.faults import KitFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session

Kind = Literal["mutant", "mistake", "rewrite"]
SEEDS = 50
HANGING_SECONDS = 3600.0


@dataclass(frozen=True)
class Sample:
    """A submission that is known to be wrong in one ``task`` (if it is no rewrite), or right.

    ``change`` is set for what was made automatically.
    """

    kind: Kind
    task: str
    submission: Submission
    change: Mutant | None = None

    @property
    def name(self) -> str:
        """The id of the mutant, the mistake or the rewrite."""
        return self.submission.student


@dataclass(frozen=True)
class Judged:
    """What became of a sample.

    ``failed`` are the checks that failed with the first seed, ``raised`` whether each failed by an
    exception; ``passed_with`` are the seeds with which none failed. ``diagnosis`` are the known
    mistakes that it was said to hold. ``differs`` is, for a mutant that passed with some seed, an
    input to which it answers otherwise than the solution; None: there is none, it is equivalent.
    ``contradicts`` is an input to which it answers otherwise than the code with the mistakes of
    ``diagnosis``.
    """

    sample: Sample
    failed: tuple[str, ...]
    raised: bool
    passed_with: tuple[int, ...]
    diagnosis: tuple[str, ...] = ()
    differs: str | None = None
    contradicts: str | None = None
    explains: int = 0
    """How many of the failed checks ``diagnosis`` explains."""

    @property
    def equivalent(self) -> bool:
        """Whether this mutant does what the solution does, as far as anybody can see."""
        return self.sample.kind == "mutant" and bool(self.passed_with) and self.differs is None


@dataclass(frozen=True)
class Measured:
    """Everything that was measured of an ``assignment``, with so many ``seeds``."""

    assignment: Assignment
    checks: Sequence[Check]
    judged: Sequence[Judged]
    seeds: int
    left_out: int = 0
    """How many samples were not judged."""

    def of(self, kind: Kind) -> list[Judged]:
        """The samples of a kind; of the mutants those that are not equivalent."""
        return [each for each in self.judged if each.sample.kind == kind and not each.equivalent]

    @property
    def equivalent(self) -> list[Judged]:
        """The mutants that do what the solution does."""
        return [each for each in self.judged if each.equivalent]

    @property
    def wrong(self) -> list[Judged]:
        """What should fail: mutants that differ from the solution, and known mistakes."""
        return [*self.of("mutant"), *self.of("mistake")]

    @property
    def missed(self) -> list[Judged]:
        """What is wrong and passed, with the first seed."""
        return [each for each in self.wrong if not each.failed]

    @property
    def refused(self) -> list[Judged]:
        """What is right and failed, with any seed."""
        return [e for e in self.of("rewrite") if len(e.passed_with) < self.seeds]

    @property
    def flaky(self) -> list[Judged]:
        """What passed with some seeds and failed with others."""
        return [each for each in self.judged if 0 < len(each.passed_with) < self.seeds]

    @property
    def explained(self) -> list[Judged]:
        """The mutants and known mistakes for which a known mistake was named."""
        return [each for each in self.judged if each.diagnosis]

    @property
    def misled(self) -> list[Judged]:
        """Those for which a wrong one was named."""
        return [each for each in self.explained if each.contradicts]

    def alone(self, check: Check) -> list[Judged]:
        """What only ``check`` catches."""
        return [each for each in self.judged if each.failed == (check.name,)]

    @property
    def superfluous(self) -> list[Check]:
        """The checks without which nothing that is wrong would pass."""
        return [check for check in self.checks if not self.alone(check)]


def samples(assignment: Assignment) -> list[Sample]:
    """All samples of ``assignment``, task by task."""
    known = catalogue.load(assignment)
    found = [
        Sample("mutant", each.task, mutants.submission(assignment, each), each)
        for each in mutants.mutants(assignment)
    ]
    found += [
        Sample("mistake", task, coverage.made(assignment, known, name))
        for name, task in known.tasks.items()
    ]
    found += [
        Sample("rewrite", each.task, mutants.submission(assignment, each), each)
        for each in rewrites.rewrites(assignment)
    ]
    order = [task.id for task in assignment.tasks]
    return sorted(found, key=lambda sample: order.index(sample.task))


def measure(
    assignment: Assignment, some: Iterable[Sample], seeds: Sequence[int], jobs: int
) -> Iterator[Judged]:
    """What becomes of the samples, as it is known; in ``jobs`` processes.

    Raises KitFault where one could not be judged.
    """
    if jobs == 1:
        try:
            for sample in some:
                yield judge(assignment, sample, seeds)
        finally:
            _close()
        return
    with processes.Testers(jobs, host.cores(), HANGING_SECONDS) as testers:
        coming = [testers.submit(judge, assignment, sample, seeds) for sample in some]
        for future in as_completed(coming):
            yield future.result()


def gathered(
    assignment: Assignment, some: Sequence[Sample], judged: Iterable[Judged], seeds: int
) -> Measured:
    """What was measured, in the order of the samples, with the checks that judged them."""
    order = {(sample.kind, sample.name): at for at, sample in enumerate(some)}
    tasks = {sample.task for sample in some}
    with Suites(assignment, tasks) as suites:
        checks = suites.checks
    in_order = sorted(judged, key=lambda each: order[each.sample.kind, each.sample.name])
    return Measured(assignment, checks, in_order, seeds, len(some) - len(in_order))


def judge(assignment: Assignment, sample: Sample, seeds: Sequence[int]) -> Judged:
    """Grade a sample on its task with ``seeds``; what they leave open is asked of the probe.

    A mutant that passes its task is graded on the others, which may use what it leaves.
    """
    bench = _bench(assignment, sample.task)
    task = next(t for t in _graded(bench.grader, sample, seeds[0]).tasks if t.id == sample.task)
    checks = list(task.checks)
    if sample.kind == "mutant" and task.status == "passed":
        every = _graded(bench.of_all(), sample, seeds[0])
        checks = [check for each in every.tasks for check in each.checks]
    failed = [check for check in checks if check.status == "failed"]
    passed_with = bench.passed_with(sample, checks, seeds)
    named = task.diagnosis.mistakes if task.diagnosis is not None else ()
    differs = contradicts = None
    if sample.kind == "mutant" and passed_with:
        differs = bench.probe().difference(sample.submission)
    if named and not (sample.kind == "mistake" and named == (sample.name,)):
        contradicts = bench.probe().contradiction(sample.submission, named)
    return Judged(
        sample,
        tuple(check.name for check in failed),
        bool(failed) and all(check.error is not None for check in failed),
        passed_with,
        named,
        None if differs is None else str(differs),
        None if contradicts is None else str(contradicts),
        sum(check.diagnosis is not None for check in failed),
    )


def _graded(grader: Grader, sample: Sample, seed: int) -> Result:
    result = grader.grade(sample.submission, seed)
    if result.status != "graded":
        broken = [c.message for t in result.tasks for c in t.checks if c.status == "error"]
        reason = result.message or " ".join(broken)
        raise KitFault(f"{sample.name} could not be graded: {reason}")
    return result


class _Bench:
    """What judges the samples of one task: graders, and the probe once it is needed."""

    def __init__(self, assignment: Assignment, task: str) -> None:
        self.assignment, self.task = assignment, task
        self.grader = self._made([task])
        self._all: Grader | None = None
        self._parent = WarmParent(assignment.limits, packages=assignment.packages)
        self._probe: Probe | None = None

    def _made(self, tasks: Sequence[str]) -> Grader:
        return Grader(self.assignment, tasks, first=processes.first_parent())

    def close(self) -> None:
        self._parent.close()
        for grader in (self.grader, self._all):
            if grader is not None:
                grader.__exit__()

    def of_all(self) -> Grader:
        """Grades every task but those of training."""
        if self._all is None:
            tasks = self.assignment.tasks
            self._all = self._made([t.id for t in tasks if not t.manual and not t.training])
        return self._all

    def probe(self) -> Probe:
        if self._probe is None:
            self._probe = Probe(self.assignment, self.task, self.grader.suites, self._parent)
        return self._probe

    def passed_with(
        self, sample: Sample, first: Sequence[CheckResult], seeds: Sequence[int]
    ) -> tuple[int, ...]:
        """The seeds with which the sample passes; ``first`` are the checks with the first one.

        A check on documented inputs fails with every seed if it does with one. Where all passed,
        those of the sample's own task are made with the other seeds.
        """
        failed = [check.name for check in first if check.status == "failed"]
        if any(check.documented and check.name in failed for check in first):
            return ()
        passed = [] if failed else [seeds[0]]
        own = [check.name for check in self.grader.suites.checks]
        # the likeliest to fail come first: one of them is enough
        tried = [[name] for name in failed] + [[name for name in own if name not in failed]]
        grader = self.grader if set(failed) <= set(own) else self.of_all()
        sources = sources_of(self.assignment, sample.submission)
        with closing(Session(sources, self._parent)) as session:
            for seed in seeds[1:]:
                if not any(_fails(grader, session, seed, some) for some in tried if some):
                    passed.append(seed)
        return tuple(passed)


def _fails(grader: Grader, session: Session, seed: int, names: list[str]) -> bool:
    verdicts = grader.suites.run(Student(session), seed, names)
    if broken := [each for each in verdicts if each.status == "error"]:
        raise KitFault(f"{broken[0].check.name} could not be carried out: {broken[0].problem}")
    return any(each.status == "failed" for each in verdicts)


_kept: dict[tuple[Assignment, str], _Bench] = {}


def _bench(assignment: Assignment, task: str) -> _Bench:
    if (assignment, task) not in _kept:
        _close()
        _kept[assignment, task] = _Bench(assignment, task)
    return _kept[assignment, task]


def _close() -> None:
    while _kept:
        _kept.popitem()[1].close()
