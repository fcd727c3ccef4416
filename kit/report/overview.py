"""Counts what a class did: one pass over the results, and what the class page says of them."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kit import feedback
from kit.report.curve import NEEDED, is_number, needed, words
from kit.results import CheckResult, Outcome, Result, TaskResult

COMMONEST = 12
"""So many mistakes and exceptions are shown at once."""
_CLAUSE = re.compile(r".{15,}?(?=[:;]\s|\.\s|$)", re.DOTALL)


@dataclass
class Share:
    """How many of those who were checked passed; ``title`` says what."""

    title: str
    detail: str = ""
    passed: int = 0
    of: int = 0

    @property
    def percent(self) -> float:
        """Of 100; 100 where nobody was checked, for then nobody failed."""
        return 100 * self.passed / self.of if self.of else 100.0


@dataclass
class TaskShare(Share):
    """A task: who passed it, who passed each of its checks, and what was wrong."""

    id: str = ""
    points: float = 0.0
    checks: dict[str, Share] = field(default_factory=dict)
    mistakes: Counter[str] = field(default_factory=Counter)
    following: int = 0
    """Those whose checks differ here by the mistake of another task alone."""


@dataclass
class Mistake:
    """A known mistake: who made it, in which tasks, and what they read about it."""

    id: str
    students: list[str] = field(default_factory=list)
    tasks: dict[str, None] = field(default_factory=dict)
    text: str = ""

    @property
    def count(self) -> int:
        """How many made it."""
        return len(self.students)

    @property
    def title(self) -> str:
        """What was done, in words: the first clause of the text; the id where there is none."""
        return clause(self.text) or words(self.id.partition(".")[2] or self.id).capitalize()


@dataclass
class Measure:
    """Numbers of the class under one name, and what was needed of each."""

    values: list[float] = field(default_factory=list)
    needed: float | None = None


@dataclass
class Overview:
    """What the class page says about ``results``."""

    results: Sequence[Result]
    tasks: dict[str, TaskShare] = field(default_factory=dict)
    manual: list[TaskResult] = field(default_factory=list)
    mistakes: dict[str, Mistake] = field(default_factory=dict)
    exceptions: Counter[str] = field(default_factory=Counter)
    undiagnosed: int = 0
    """Failed tasks that no known mistake and no exception explains."""
    measures: dict[str, Measure] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    status: Counter[str] = field(default_factory=Counter)
    courses: set[str] = field(default_factory=set)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def max_score(self) -> float:
        """The automatic points that there were to be had; of a rejected one, all tasks count."""
        graded = [each.max_score for each in self.results if each.status == "graded"]
        return max(graded or [each.max_score for each in self.results], default=0.0)

    @property
    def full_marks(self) -> int:
        """How many have every automatic point of the tasks that were graded."""
        graded = [each for each in self.results if each.status == "graded"]
        return sum((each.score or 0.0) >= each.max_score > 0 for each in graded)

    @property
    def median(self) -> float | None:
        """Of the graded submissions' scores."""
        return statistics.median(self.scores) if self.scores else None

    @property
    def hardest(self) -> list[TaskShare]:
        """The automatic tasks that were graded, those that fewest passed first."""
        graded = [task for task in self.tasks.values() if task.of]
        return sorted(graded, key=lambda task: task.percent)

    @property
    def commonest(self) -> list[Mistake]:
        """The known mistakes that most made."""
        return self._by_count[:COMMONEST]

    @property
    def rarer(self) -> list[Mistake]:
        """All others."""
        return self._by_count[COMMONEST:]

    @property
    def _by_count(self) -> list[Mistake]:
        return sorted(self.mistakes.values(), key=lambda each: (-each.count, each.id))

    @property
    def raised(self) -> list[tuple[str, int]]:
        """The exceptions that most submissions raised."""
        return sorted(self.exceptions.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]

    @property
    def for_a_person(self) -> list[Result]:
        """The submissions that nobody has graded yet, or that had something odd; errors first."""
        order = {"error": 0, "rejected": 1, "graded": 2}
        found = [result for result in self.results if feedback.needs_a_person(result)]
        return sorted(found, key=lambda result: order[result.status])


def clause(text: str) -> str:
    """The first clause of a text, without the mark that ends it."""
    found = _CLAUSE.match(text)
    return (found[0] if found else text.partition(". ")[0]).rstrip(".")


def overview(results: Sequence[Result], texts: Mapping[str, str] | None = None) -> Overview:
    """Count what stands in ``results``; ``texts`` are what is read of known mistakes, by id."""
    found = Overview(results, texts=texts or {})
    for result in results:
        found.status[result.status] += 1
        if result.status == "graded" and result.score is not None:
            found.scores.append(result.score)
            found.seconds.append(result.seconds)
        if "course" in result.versions:
            found.courses.add(result.versions["course"])
        _count_tasks(found, result)
        for name, values in _measured(result.tasks).items():
            measure = found.measures.setdefault(name, Measure())
            measure.values.append(values.values[0])
            measure.needed = values.needed if measure.needed is None else measure.needed
    found.manual += [task for task in results[0].tasks if task.manual] if results else []
    return found


def _count_tasks(found: Overview, result: Result) -> None:
    raised, made = set(), set()
    for task in result.tasks:
        if task.manual:
            continue
        share = found.tasks.setdefault(
            task.id, TaskShare(task.title, id=task.id, points=task.max_score)
        )
        _count_checks(share, task.checks)
        share.following += bool(task.follows_from)
        if not feedback.judged(task):
            continue
        share.of += 1
        share.passed += task.status == "passed"
        if task.status == "passed":
            continue
        ids = feedback.mistakes(task)
        share.mistakes.update(ids)
        for name in ids:
            mistake = found.mistakes.setdefault(name, Mistake(name, text=found.texts.get(name, "")))
            mistake.tasks[task.title] = None
            if len(ids) == 1 and not mistake.text and task.diagnosis is not None:
                mistake.text = task.diagnosis.text
        kinds = {check.error.type for check in task.checks if check.error is not None}
        made |= set(ids)
        raised |= kinds
        found.undiagnosed += not (ids or kinds)
    for name in made:
        found.mistakes[name].students.append(result.student)
    found.exceptions.update(raised)


def _count_checks(share: TaskShare, checks: Iterable[CheckResult]) -> None:
    for check in checks:
        one = share.checks.setdefault(check.name, Share(check.name.rpartition("::")[2], check.hint))
        if feedback.judged(check):
            one.of += 1
            one.passed += check.status == "passed"


def _measured(tasks: Iterable[TaskResult]) -> dict[str, Measure]:
    """The single numbers that the checks of one submission measured, by name."""
    return {
        name: Measure([float(value)], needed(name, check.measured))
        for task in tasks
        for check in task.checks
        for name, value in check.measured.items()
        if is_number(value) and not name.startswith(NEEDED)
    }


def made_by(result: Result) -> list[str]:
    """The known mistakes in one submission, each once."""
    return list(dict.fromkeys(name for task in result.tasks for name in feedback.mistakes(task)))


def values_of(result: Result, names: Iterable[str]) -> list[float | None]:
    """What one submission has of the class's measures, None where it has nothing."""
    measured = _measured(result.tasks)
    return [measured[name].values[0] if name in measured else None for name in names]


@dataclass(frozen=True)
class Cell:
    """What the table says of one task of one submission."""

    status: Outcome
    score: float | None


def cells_of(result: Result, ids: Iterable[str]) -> list[Cell]:
    """The tasks of one submission in the order of ``ids``; one that it lacks is not graded."""
    by_id = {task.id: Cell(task.status, task.score) for task in result.tasks}
    return [by_id.get(each, Cell("not_graded", None)) for each in ids]
