"""What the commands print: tables of tasks and points, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from kit import feedback
from kit.batch.regraded import Graded, change
from kit.course import Task
from kit.feedback import points, without_commands
from kit.grading.verdicts import Check, Verdict
from kit.limits import REPLY_BLOCK_BYTES, REPLY_TREE_BYTES, Limits
from kit.results import CheckResult, Result, TaskResult

if TYPE_CHECKING:  # it loads all that grading needs, and most commands need less
    from kit.release.coverage import Caught
    from kit.release.page import Figure

T = TypeVar("T")
STYLES = {"passed": "green", "failed": "red", "error": "yellow", "not_graded": "dim"}
WORDS = {"passed": "passed", "failed": "failed", "error": "ERROR", "not_graded": "not graded"}
FEW = 4
"""Up to so many submissions stand side by side in a table of tasks."""


def show_result(console: Console, result: Result, *, examples: bool = False) -> None:
    """One submission: every task, and what was wrong with the checks that did not pass.

    ``examples`` shows for each failed task the smallest inputs found at which it goes wrong, too.
    """
    show_class(console, [result], measured=False)
    for note in result.notes:
        _say(console, f"Note: {note}")
    told: dict[Hashable, str] = {}
    for raised, tasks in feedback.shared_exceptions(result):
        console.print()
        _say(console, feedback.told(raised), style="bold")
        _say(console, f"It stops: {', '.join(task.title for task in tasks)}.", 2, "red")
        told[raised] = tasks[0].title
    for task in result.tasks:
        if not _all_told(task, told):
            _show_wrong(console, task, told, feedback.training_cause(task, result))
        if examples and task.example is not None:
            lines = [task.example.inputs, task.example.gives, task.example.right]
            _say(console, "\n".join(["The smallest example:", *lines]), 2)
    _show_end(console, result)


def _all_told(task: TaskResult, told: Mapping[Hashable, str]) -> bool:
    """Whether one exception that is told already is all that is wrong with a task."""
    groups = feedback.failures(task).groups
    reasons = [feedback.reason(group[0]) for group in groups if feedback.ended(group[0])]
    return len(groups) == 1 and not feedback.causes(task) and bool(reasons) and reasons[0] in told


def _show_end(console: Console, result: Result) -> None:
    """What stays on the screen: what was measured, the score, and the one thing to fix next."""
    console.print()
    for task in result.tasks:
        measured = [item for check in task.checks for item in check.measured.items() if item[1]]
        if measured:
            named = [f"{name.replace('_', ' ')} {_values(value)}" for name, value in measured]
            _say(console, f"{task.title}: {'; '.join(named)}.")
    score, most = points(result.score), points(result.max_score)
    left = [task.title for task in result.tasks if feedback.left_out(task, result)]
    apart = f" Left out: {', '.join(left)}." if left else ""
    _say(console, f"{score} of {most} automatic points.{apart}", style="bold")
    if step := feedback.next_step(result):
        _say(console, step, style="bold")


def _values(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _show_wrong(
    console: Console, task: TaskResult, told: dict[Hashable, str], training: str
) -> None:
    """What to know of a task that lost points: its causes, then the checks that did not pass.

    ``told`` has the exceptions that earlier tasks told of, with the title of the task; ``training``
    says why a training failed.
    """
    failures = feedback.failures(task)
    if task.follows_from:
        said = feedback.correct_given(task)
        _say(console, f"{task.title}: {said[0].lower()}{said[1:]}")
    if failures.groups:
        console.print()
        console.print(plain(f"{task.title} ({task.id})", "bold"))
    for cause in feedback.causes(task):
        _say(console, cause, 2, "bold yellow")
    if task.narrowed is not None:
        _say(console, task.narrowed, 2, "yellow")
    if training:
        _say(console, training, 2, "bold yellow")
    for checks in failures.groups:
        _show_failure(console, checks, task.title, told)
    if failures.rest:
        _say(console, failures.rest, 2, "red")


def _show_failure(
    console: Console, checks: Sequence[CheckResult], title: str, told: dict[Hashable, str]
) -> None:
    """What ``checks`` of the task with this ``title`` say, which failed for the same reason."""
    first = checks[0]
    word = f"{WORDS[first.status]}: {feedback.count(len(checks))}"
    _say(console, word, 2, STYLES[first.status])
    if feedback.ended(first):
        before = told.setdefault(feedback.reason(first), title)
        if before != title:
            _say(console, feedback.same_exception(before), 4)
            return
    _say(console, first.message, 4)
    if len(checks) == 1:
        if first.expected is not None:
            _say(console, f"expected {first.expected}, got {first.got}", 4)
        _say(console, f"rule: {first.hint}", 4, "dim")


def _say(console: Console, text: str, indent: int = 0, style: str = "") -> None:
    """``text``, indented; folded on a terminal only, for in a log a fold could begin a command."""
    if console.is_terminal:
        console.print(Padding(plain(text, style), (0, 0, 0, indent), expand=False))
    else:
        margin = " " * indent
        console.print(plain(margin + text.replace("\n", f"\n{margin}"), style), soft_wrap=True)


def show_progress(console: Console, coming: Iterable[Graded], total: int) -> Iterator[Graded]:
    """Pass on what was graded, a line each; below, on a terminal, how far it has come."""
    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)
        for graded in coming:
            show_line(console, graded.result, kept=graded.kept)
            progress.advance(task)
            yield graded


def show_line(console: Console, result: Result, *, kept: bool = False) -> None:
    """One submission in one line; ``kept`` where it had that result before."""
    graded = result.status == "graded"
    what = f"{points(result.score)} of {points(result.max_score)} points"
    if not graded:
        what = f"{result.status}: {feedback.instead_of_checks(result)}"
    how = "kept" if kept else f"{result.seconds:.1f} s"
    style = "dim" if kept else "" if graded else "yellow"
    console.print(plain(f"{result.student}: {what} ({how})", style), soft_wrap=True)


def show_run(console: Console, graded: Sequence[Graded]) -> None:
    """What a run graded and what it kept, and the scores that it changed."""
    kept = sum(each.kept for each in graded)
    said = f"{feedback.count(len(graded) - kept, 'submission')} graded"
    rest = f", {kept:,} kept (unchanged since they were graded)" if kept else ""
    console.print(f"{said}{rest}.")
    changes = [found for each in graded if (found := change(each)) is not None]
    if not changes:
        return
    table = Table(title="scores that changed", title_style="bold")
    for heading in ("student", "was", "now", "why"):
        table.add_column(heading, overflow="fold")
    for each in changes:
        table.add_row(*map(plain, (each.student, each.was, each.now, "\n".join(each.why))))
    console.print(table)


class Live:
    """Shows how far a submission is: a line for each task, and on a terminal what runs now.

    A context manager; a ``kit.grading.suites.Watch``.
    """

    def __init__(self, console: Console, tasks: Sequence[Task]) -> None:
        self._console = console
        self._titles = {task.id: task.title for task in tasks}
        self._task = ""
        self._told: set[str] = set()
        self._passed: list[bool] = []
        self._measured: Sequence[tuple[str, Any]] = ()
        self._progress = Progress(
            TextColumn("{task.description}"),
            _Measured(self),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._row = self._progress.add_task("starting")

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tell()
        self._progress.stop()

    def begins(self, check: Check, measured: Sequence[tuple[str, Any]]) -> None:
        """Say what runs now, and how the task before it went."""
        if check.task != self._task:
            self._tell()
            self._task, self._passed = check.task, []
        self._measured = measured
        self._progress.update(self._row, description=self._titles.get(check.task, check.task))

    def ends(self, verdict: Verdict) -> None:
        """Count a check."""
        self._passed.append(verdict.status == "passed")

    @property
    def measured(self) -> str:
        """What the check that runs now has measured so far, as an accuracy of each epoch."""
        curves = [value for _, value in list(self._measured) if isinstance(value, list) and value]
        return ", ".join(map(str, curves[0])) if curves else ""

    def _tell(self) -> None:
        # a task is tried again where it builds on one that failed; its line stands already
        if not self._passed or self._task in self._told:
            return
        self._told.add(self._task)
        number = feedback.count(len(self._passed))
        line = f"{self._titles[self._task]}: {sum(self._passed)} of {number} passed"
        style = "green" if all(self._passed) else "red"
        self._console.print(plain(line, style), soft_wrap=True)


class _Measured(ProgressColumn):
    """What the running check has measured so far."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live

    def render(self, _: object) -> Text:
        """The column of the one row."""
        return plain(self._live.measured)


def show_class(console: Console, graded: Sequence[Result], *, measured: bool = True) -> None:
    """The tasks of a few submissions side by side; nothing where they are many.

    Below them is what checks ``measured``.
    """
    if not 0 < len(graded) <= FEW:
        return
    table = Table(title=plain(graded[0].assignment), title_style="bold")
    table.add_column("task")
    table.add_column("points", justify="right")
    for result in graded:
        table.add_column(plain(result.student), justify="right")
    for number, task in enumerate(graded[0].tasks):
        cells = [_cell(result.tasks[number]) for result in graded]
        table.add_row(plain(task.title), points(task.max_score), *cells)
    table.add_section()
    totals = [
        plain(f"{points(result.score)} of {points(result.max_score)}", "bold") for result in graded
    ]
    table.add_row(plain("automatic points", "bold"), "", *totals)
    console.print(table)
    for result in graded:
        if result.message is not None:
            _say(console, f"{result.student}: {result.message}", style="yellow")
        for name, value in _measured(result) if measured else []:
            _say(console, f"{result.student}: {name.replace('_', ' ')}: {value}")


@contextmanager
def show_steps(console: Console) -> Iterator[Callable[[str], None]]:
    """A function that says what is done next: in one line on a terminal, else line by line."""
    if not console.is_terminal:
        yield lambda text: console.print(plain(text), soft_wrap=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("")
        yield lambda text: progress.update(task, description=escape(text))


def show_suite(console: Console, tasks: Sequence[Task], checks: Sequence[Check]) -> None:
    """Every task with its checks, their points and the rule that each one tests."""
    table = Table()
    for heading in ("task", "points", "check", "rule"):
        table.add_column(heading, justify="right" if heading == "points" else "left")
    for task in tasks:
        kind = "graded by a person" if task.manual else ""
        table.add_row(plain(task.id, "bold"), points(task.points), plain(task.title, "bold"), kind)
        for check in checks:
            if check.task == task.id:
                name = check.name.partition("::")[2]
                table.add_row("", points(check.points), plain(name), plain(check.hint))
        table.add_section()
    console.print(table)


def track(
    console: Console, coming: Iterable[T], total: int, what: str = "known mistakes"
) -> Iterator[T]:
    """Pass on what became of known mistakes, or of something else, with a bar on a terminal."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(coming, total=total, description=what)


def show_coverage(console: Console, tasks: Sequence[Task], caught: Sequence[Caught]) -> None:
    """Every known mistake with the checks that catch it; nothing where none is known."""
    if not caught:
        return
    table = Table()
    table.add_column("known mistake")
    table.add_column("caught by its checks")
    for task in tasks:
        own = sorted((each for each in caught if each.task == task.id), key=lambda c: c.mistake)
        if own:
            table.add_row(
                plain(task.title, "bold"), f"{len(own)} known mistake{'s' * (len(own) > 1)}"
            )
        for each in own:
            table.add_row(plain(f"  {each.mistake.removeprefix(f'{task.id}.')}"), _catch(each))
        table.add_section()
    console.print(table)
    named = sum(each.named for each in caught)
    console.print(f"{len(caught)} known mistakes, of which {named} are named when they are made.")


def show_figures(console: Console, figures: Sequence[Figure]) -> None:
    """How often verdicts and explanations are right, with the aims."""
    table = Table()
    for heading in ("what", "measured", "aim", "met"):
        table.add_column(heading)
    for each in figures:
        met = plain("yes", "green") if each.met else plain("NO", "red")
        table.add_row(plain(each.name), plain(each.value), plain(each.aim), met)
    console.print(table)


def _catch(each: Caught) -> Text:
    """Which checks caught a known mistake, and what is not as it should be."""
    problems = [
        *([] if each.checks else ["NOT CAUGHT"]),
        *([] if each.named else ["NOT NAMED"]),
        *(f"FAILS {task}" for task in each.elsewhere),
    ]
    by = ", ".join(name.removeprefix("test_") for name in each.checks)
    return Text.assemble(plain(by), plain(f" {' '.join(problems)}" if problems else "", "red"))


def show_limits(console: Console, limits: Limits) -> None:
    """What a submission may use."""
    table = Table(title="limits of a submission")
    table.add_column("limit")
    table.add_column("value", justify="right")
    fixed = {"reply_tree_bytes": REPLY_TREE_BYTES, "reply_block_bytes": REPLY_BLOCK_BYTES}
    for name, value in (limits.as_dict() | fixed).items():
        table.add_row(name, f"{value:,}")
    console.print(table)


def plain(text: str, style: str = "") -> Text:
    """``text`` as it is: no markup, and nothing that a CI job would take for a command to it."""
    return Text(without_commands(text), style=style)


def _cell(task: TaskResult) -> Text:
    if feedback.judged(task):
        return plain(f"{points(task.score)} {WORDS[task.status]}", STYLES[task.status])
    return plain("by a person" if task.manual else WORDS[task.status], STYLES[task.status])


def _measured(result: Result) -> list[tuple[str, Any]]:
    """What checks measured on the way, such as an accuracy."""
    return [
        item for task in result.tasks for check in task.checks for item in check.measured.items()
    ]
