"""What a result means to a reader: the only place that decides it, for every output.

Terminal, pages, notebooks and the formats of platforms ask here whether a submission passed, whose
fault a failure is, which failures belong together and which sentence comes first. They decide
where on the page it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kit.results import CheckResult, Raised, Result, TaskResult

CORRECT_GIVEN = "Correct given your {names}; fix {first} first."
"""Of a task that failed at first because of earlier tasks alone, and has its points."""
NO_CHECK_RAN = "No check was run on the submission."
GRADER_FAILED = "The grader failed. This is not the fault of the submission."
_CI_COMMAND = re.compile(r"((?:^|(?<=\s)):(?=:)|#(?=#\w*\[))", re.MULTILINE)


# -- a submission ----------------------------------------------------------------------------------


def verdict(result: Result) -> Literal["passed", "failed", "error"]:
    """Whether every automatic task passed; ``error`` where the grader failed."""
    if failed_us(result):
        return "error"
    automatic = [task for task in result.tasks if not task.manual]
    passed = result.status == "graded" and all(task.status == "passed" for task in automatic)
    return "passed" if passed else "failed"


def exit_code(result: Result, asked: Collection[str] | None = None) -> int:
    """The exit code of a command that grades one submission: 0, 1, or 3 if the grader failed.

    Only the tasks that were ``asked`` for count, or all. A task that should have been graded, and
    was not, has not passed.
    """
    if asked is not None:
        result = replace(result, tasks=tuple(task for task in result.tasks if task.id in asked))
    return {"passed": 0, "failed": 1, "error": 3}[verdict(result)]


def failed_us(result: Result) -> bool:
    """Whether the grader failed, so that there is no score; never the submission's fault."""
    return result.status == "error"


def why_no_grade(result: Result) -> str:
    """Why nothing was graded: what the result says, or else its first check that was not run."""
    if result.message is not None:
        return result.message
    broken = (c for task in result.tasks for c in task.checks if c.status == "error")
    return next((f"{check.name}: {check.message}" for check in broken), "The reason is not known.")


def no_grade(why: str) -> str:
    """What to say where the grader failed; ``why`` is a sentence."""
    return f"Nothing was graded. {GRADER_FAILED} {why}"


def summary(result: Result) -> str:
    """What there is to say about the submission as a whole: why it was rejected, what was odd."""
    return "\n".join([*([] if result.message is None else [result.message]), *result.notes])


def instead_of_checks(result: Result) -> str:
    """What to say in the place of checks, where there are none or no score."""
    return why_no_grade(result) if failed_us(result) else summary(result) or NO_CHECK_RAN


def needs_a_person(result: Result) -> bool:
    """Whether somebody should look at a submission: nothing was graded, or something is odd."""
    misplaced = any(task.wrong_place is not None for task in result.tasks)
    odd = bool(result.notes) or result.trusted or misplaced or code_without_points(result)
    return result.status != "graded" or odd


def code_without_points(result: Result) -> bool:
    """Whether a submission was graded, holds code of a task, and has no point at all."""
    if result.status != "graded" or result.score != 0:
        return False
    failed = [check for task in result.tasks for check in task.checks if check.status == "failed"]
    return any(not _unwritten(check) for check in failed)


def _unwritten(check: CheckResult) -> bool:
    """Whether a check ended at the line that stands for an answer."""
    return check.error is not None and check.error.type == "NotImplementedError"


def training_cause(task: TaskResult, result: Result) -> str:
    """That a training which failed uses earlier tasks that are wrong; empty where it is not so.

    A training is known by the curve that its check measured.
    """
    trains = any(isinstance(v, list) for check in task.checks for v in check.measured.values())
    if task.status != "failed" or not trains:
        return ""
    names = [each.id for each in result.tasks if each.id != task.id and each.status == "failed"]
    if not names:
        return ""
    listed = ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
    return f"The training uses all that was written before. Correct {listed} first."


# -- a task ----------------------------------------------------------------------------------------


def judged(item: TaskResult | CheckResult) -> bool:
    """Whether a task or a check has a verdict on the student's work."""
    return item.status in {"passed", "failed"}


def left_out(task: TaskResult, result: Result) -> bool:
    """Whether nobody asked for a task, so that its 0 is not a score."""
    return task.status == "not_graded" and result.status == "graded" and not task.manual


def why_not_graded(task: TaskResult) -> str:
    """Why a task has no verdict."""
    return "A person grades this task." if task.manual else "This task was not graded."


def correct_given(task: TaskResult) -> str:
    """That a task is correct given earlier ones, which come first; empty where it is not so."""
    if not task.follows_from:
        return ""
    return CORRECT_GIVEN.format(
        names=" and ".join(task.follows_from), first=first_to_fix(task.follows_from)
    )


def first_to_fix(names: Sequence[str]) -> str:
    """How CORRECT_GIVEN names the earlier tasks the second time."""
    return names[0] if len(names) == 1 else "those"


def causes(task: TaskResult) -> list[str]:
    """What is known of why a task failed, before all that its checks say."""
    known = (task.diagnosis, task.wrong_place)
    return [each.text for each in known if each is not None]


def mistakes(task: TaskResult) -> list[str]:
    """The ids of the known mistakes in a task, each once: its diagnosis, or else its checks'."""
    if task.diagnosis is not None:
        return list(dict.fromkeys(task.diagnosis.mistakes))
    return list(dict.fromkeys(name for check in task.checks for name in mistakes_of(check)))


def mistakes_of(check: CheckResult) -> list[str]:
    """The ids of the known mistakes that explain a check."""
    return check.diagnosis.split("+") if check.diagnosis else []


@dataclass(frozen=True)
class Failures:
    """The checks of a task that did not pass, together where they failed for the same reason.

    ``more`` counts those left out of ``groups``: the diagnosis explains them, and for one cause one
    of its effects is enough.
    """

    groups: tuple[tuple[CheckResult, ...], ...]
    more: int

    @property
    def rest(self) -> str:
        """The sentence on those left out; empty where there are none."""
        return f"{count(self.more, 'more check')} failed for the same reason." if self.more else ""


def failures(task: TaskResult) -> Failures:
    """What to tell of the checks of ``task`` that did not pass."""
    told: list[tuple[CheckResult, ...]] = []
    more, explained = 0, False
    for group in alike(task.checks):
        if explained and group[0].diagnosis is not None:
            more += len(group)
            continue
        explained |= group[0].diagnosis is not None
        told.append(group)
    return Failures(tuple(told), more)


def earned(task: TaskResult) -> list[float]:
    """What each check of a task contributes to its score; together they are the task's score.

    A suite may give its checks more points than the task has. They count up to the task's.
    """
    left = task.score or 0.0
    contributions = []
    for check in task.checks:
        points = min(check.points, left) if check.status == "passed" else 0.0
        contributions.append(points)
        left -= points
    return contributions


# -- a check ---------------------------------------------------------------------------------------


def reason(check: CheckResult) -> Hashable:
    """The same value for checks of a result that failed for the same reason.

    That is the exception where there is one, in whichever function and with whichever arguments,
    and else what is said.
    """
    if ended(check):
        return check.error
    return (check.status, check.message, check.error, check.expected, check.got)


def ended(check: CheckResult) -> bool:
    """Whether an exception in the student's code ended a check; it is known by its trace."""
    return check.error is not None and bool(check.error.trace)


def alike(checks: Iterable[CheckResult]) -> list[tuple[CheckResult, ...]]:
    """Those of a result's ``checks`` that did not pass, together where the reason is the same."""
    groups: dict[Hashable, list[CheckResult]] = {}
    for check in checks:
        if check.status != "passed":
            key = (reason(check), check.diagnosis is not None)
            groups.setdefault(key, []).append(check)
    return [tuple(group) for group in groups.values()]


def shared_exceptions(result: Result) -> list[tuple[Raised, list[TaskResult]]]:
    """The exceptions that ended checks of more than one task, each with its tasks."""
    stopped: dict[Raised, dict[str, TaskResult]] = {}
    for task in result.tasks:
        for check in task.checks:
            if check.error is not None and ended(check):  # else two may only look the same
                stopped.setdefault(check.error, {})[task.id] = task
    return [(error, list(tasks.values())) for error, tasks in stopped.items() if len(tasks) > 1]


def next_step(result: Result) -> str:
    """The one thing to fix next, as a sentence; empty where there is none."""
    shared = shared_exceptions(result)
    if shared:
        raised, tasks = shared[0]
        where = f"{raised.trace[-1].file}, line {raised.trace[-1].line}"
        return f"Next: correct {where}, which stops {count(len(tasks), 'task')}."
    for task in result.tasks:
        if task.status == "failed" and not task.follows_from:
            return f"Next: {task.title} ({task.id}). What is wrong with it is said above."
    return ""


def told(raised: Raised) -> str:
    """What an exception says and where it was raised."""
    frame = raised.trace[-1]
    said = f": {raised.message}" if raised.message else ""
    return f"{frame.file}, line {frame.line}: {raised.type}{said}."


def same_exception(where: str) -> str:
    """What to say of an exception that was told under ``where``."""
    return f"The same exception as in “{where}”."


def title(check: CheckResult, task: TaskResult) -> str:
    """What platforms call a check."""
    return f"{task.title}: {check.hint}"


def explain(check: CheckResult, task: TaskResult) -> str:
    """What a student reads about a check of ``task``, as plain text: the cause first."""
    if check.status == "passed":
        return check.message
    lines = []
    if check.diagnosis is not None and task.diagnosis is not None:
        lines.append(task.diagnosis.text)
    if task.wrong_place is not None:
        lines.append(task.wrong_place.text)
    if task.narrowed is not None and check is _first_unexplained(task):
        lines.append(task.narrowed)
    lines.append(check.message)
    if check.expected is not None:
        lines.append(f"Expected {check.expected}, got {check.got}.")
    return "\n".join([*lines, f"Rule: {check.hint}"])


def _first_unexplained(task: TaskResult) -> CheckResult | None:
    """The first check that failed and that no known mistake explains."""
    failed = (c for c in task.checks if c.status == "failed" and c.diagnosis is None)
    return next(failed, None)


def explain_all(result: Result) -> Iterator[tuple[TaskResult, CheckResult, str]]:
    """Each check of a result, after its task, with what a student reads about it.

    An exception that ended several checks is told with the first of them. The others say where.
    """
    times = Counter(reason(c) for task in result.tasks for c in task.checks if ended(c))
    first: dict[Hashable, str] = {}
    for task in result.tasks:
        for check in task.checks:
            text = explain(check, task)
            if ended(check):
                why = reason(check)
                if why in first:
                    text = same_exception(first[why])
                elif times[why] > 1:
                    text += f"\nThe same for {count(times[why] - 1, 'more check')}."
                first.setdefault(why, title(check, task))
            yield task, check, text


# -- a class ---------------------------------------------------------------------------------------


def absent(students: Sequence[str], roster: str) -> str:
    """The sentence on the students of a ``roster`` who did not hand in."""
    return (
        f"Nothing was handed in by {count(len(students), 'student')} of {roster}: "
        f"{', '.join(students)}."
    )


# -- words and numbers -----------------------------------------------------------------------------


def count(number: int, one: str = "check") -> str:
    """``1 check``, ``3 checks``."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def points(value: float | None) -> str:
    """Points without needless zeros; a dash where the grader failed, so that there are none."""
    return "-" if value is None else number(value)


def number(score: float) -> str:
    """A score as text, the same in every format; no needless zeros, at most six decimals."""
    return f"{round(score, 6):.6f}".rstrip("0").rstrip(".")


def without_surrogates(text: str) -> str:
    """``text`` in a form that every encoding can hold: lone surrogates are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def without_commands(text: str) -> str:
    """``text`` with nothing in it that a CI job would take for a command to its runner."""
    return _CI_COMMAND.sub("\\g<1>\u200b", text)
