"""The suites of an assignment, collected once and run on one submission after another.

pytest starts once, in a thread of its own. It collects the checks and then waits; for each
submission that it gets it runs all of them.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any, Protocol

import pytest

from kit.checks import plugin
from kit.checks.plugin import CURRENT, Current
from kit.checks.student import Student
from kit.course import Assignment, CourseError
from kit.grading.verdicts import Check, Verdict
from kit.sandbox.faults import CheckFailure, KitFault

CURRENT_TEST = "PYTEST_CURRENT_TEST"
"""The variable in which pytest keeps the name of the running test."""
OF_A_RUN = {CURRENT_TEST, "PYTEST_VERSION"}
"""The variables that pytest itself sets. Any other ``PYTEST_`` variable could make the grader's
pytest leave out checks or load a plugin, and a grade must not depend on whose shell it is.
"""


class Watch(Protocol):
    """Is told how far a run is, in the thread of pytest."""

    def begins(self, check: Check, measured: Sequence[tuple[str, Any]]) -> None:
        """A check begins; ``measured`` grows while it runs."""

    def ends(self, verdict: Verdict) -> None:
        """A check has ended; its verdict may still change, where it builds on earlier tasks."""


class Suites:
    """The collected suites of an assignment, ready to be run on submissions.

    They run in the order of the notebook's tasks, so that the training, which takes longest, comes
    late. ``tasks`` restricts them to some tasks; ``watch`` is told how far a run is. A context
    manager; raises CourseError if the suites can't be collected.
    """

    def __init__(
        self,
        assignment: Assignment,
        tasks: Collection[str] | None = None,
        watch: Watch | None = None,
    ) -> None:
        assignment.require(tasks or ())
        self._assignment = assignment
        self._tasks = tasks
        self._watch = watch
        self._current = Current(assignment)
        self._items: list[pytest.Item] = []
        self._chosen: list[pytest.Item] = []
        self._checks: dict[str, Check] = {}
        self._complaints: list[str] = []
        self._verdicts: dict[str, Verdict] = {}
        self._hidden: dict[str, ModuleType] = {}
        self._environment: dict[str, str] = {}
        self._jobs: queue.Queue[Current | None] = queue.Queue()
        self._answers: queue.Queue[BaseException | None] = queue.Queue()
        self._thread = threading.Thread(target=self._main, name="pytest", daemon=True)
        self._thread.start()
        problem = self._answers.get()
        if problem is not None:
            raise problem

    def __enter__(self) -> Suites:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let pytest finish."""
        self._jobs.put(None)
        self._thread.join()

    @property
    def checks(self) -> list[Check]:
        """All checks, in the order in which they are run."""
        return list(self._checks.values())

    def run(
        self, student: Student, seed: int, only: Collection[str] | None = None
    ) -> list[Verdict]:
        """Run all checks on a submission, or ``only`` those of these names; one verdict for each.

        Raises KitFault if the run itself breaks.
        """
        self._chosen = [i for i in self._items if only is None or i.nodeid in only]
        self._jobs.put(Current(self._assignment, student, seed))
        problem = self._answers.get()
        if problem is not None:
            raise KitFault(
                f"The suites stopped ({type(problem).__name__}: {problem})."
            ) from problem
        silent = KitFault("The check was not run.")
        return [
            self._verdicts.get(nodeid, Verdict(check, silent))
            for nodeid, check in self._checks.items()
            if only is None or nodeid in only
        ]

    # -- in the thread of pytest -----------------------------------------------------------------

    def _main(self) -> None:
        arguments = [
            str(self._assignment.suites),
            f"--rootdir={self._assignment.suites}",
            f"--confcutdir={self._assignment.suites}",  # no conftest.py of a folder above
            *("-c", "/dev/null", "--disable-plugin-autoload", "--strict-markers"),
            *("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:faulthandler"),
            *("-p", "no:unraisableexception", "-p", "no:threadexception", "-p", "no:logging"),
            # suites neither skip nor capture, and a plugin that is not loaded costs nothing
            *("-p", "no:skipping", "-p", "no:setuponly", "-p", "no:setupplan", "-p", "no:tmpdir"),
            *("-p", "no:unittest", "-p", "no:doctest", "-p", "no:stepwise", "-p", "no:warnings"),
            *("-p", "no:capture", "-p", "no:debugging", "-p", "no:pastebin"),
            *("-p", "no:legacypath", "-p", "no:freeze_support", "-p", "no:recwarn"),
            *("-p", "no:subtests"),  # junitxml stays: record_property is its
        ]
        self._environment = {
            name: os.environ.pop(name)
            for name in [*os.environ]
            if name.startswith("PYTEST_") and name not in OF_A_RUN
        }
        try:
            # another assignment may also have a test_layers.py and an oracle.py
            self._hidden = self._take_modules()
            code = pytest.main(arguments, plugins=[plugin, _Loop(self)])
            reason = " ".join(self._complaints) or f"pytest ended with {code!r}"
            problem: BaseException = CourseError(f"{self._assignment.suites.name}: {reason}")
        except SystemExit as error:  # else it would end the command with exit code 0
            reason = f"a file beside the suites asked to exit ({error.code})"
            problem = CourseError(f"{self._assignment.suites.name}: {reason}.")
        except BaseException as error:
            problem = error
        self._restore()
        self._answers.put(problem)

    def _take_modules(self) -> dict[str, ModuleType]:
        """Take the modules out that are called like the files beside the suites."""
        names = {path.stem for path in self._assignment.suites.glob("*.py")}
        return {name: sys.modules.pop(name) for name in names & sys.modules.keys()}

    def _restore(self) -> None:
        """Give the environment back to other runs of pytest in this process."""
        os.environ.update(self._environment)
        self._environment = {}

    def _serve(self) -> None:
        """Run the collected items for each submission until no more come."""
        self._restore()
        self._answers.put(None)
        while (job := self._jobs.get()) is not None:
            self._current.student, self._current.seed = job.student, job.seed
            self._verdicts = {}
            try:
                for item, following in zip(self._chosen, self._followers(), strict=True):
                    if job.student is not None:
                        job.student.begin(self._checks[item.nodeid].task, item.nodeid)
                    self._run(item, following)
                    verdict = self._verdicts[item.nodeid]
                    if job.student is not None and isinstance(verdict.problem, CheckFailure):
                        verdict.place = job.student.called()
            except BaseException as problem:
                self._answers.put(problem)
            else:
                self._answers.put(None)

    def _run(self, item: pytest.Item, following: pytest.Item | pytest.Session) -> None:
        """Run one check and keep its verdict."""
        verdict = Verdict(self._checks[item.nodeid], KitFault("It never ended."))
        self._verdicts[item.nodeid] = verdict
        around = os.environ.get(CURRENT_TEST)  # of a pytest in this process that runs us
        item.user_properties.clear()  # measured on the submission before
        if self._watch is not None:
            self._watch.begins(verdict.check, item.user_properties)
        _run_by_hooks(item, following, verdict)
        if self._watch is not None:
            self._watch.ends(verdict)
        if around is not None:
            os.environ[CURRENT_TEST] = around

    def _followers(self) -> list[pytest.Item | pytest.Session]:
        """Each item with the one that pytest believes to be next, so that it tears down the rest.

        After the last item comes the session itself: the values of session fixtures stay for the
        next submission, and all others are torn down.
        """
        return [*self._chosen[1:], *(item.session for item in self._chosen[-1:])]

    def _take(self, items: Sequence[pytest.Item]) -> None:
        self._take_modules()  # nobody else may find these; the suites hold what they imported
        sys.modules.update(self._hidden)
        found: list[tuple[pytest.Item, Check]] = []
        for item in items:
            try:
                check = _check(item)
            except CourseError as error:
                self._complaints.append(str(error))
                continue
            if self._tasks is None or check.task in self._tasks:
                found.append((item, check))
        order = {task.id: at for at, task in enumerate(self._assignment.tasks)}
        found.sort(key=lambda each: order.get(each[1].task, len(order)))
        self._items = [item for item, _ in found]
        self._checks = {item.nodeid: check for item, check in found}


class _Loop:
    """The hooks with which ``Suites`` replaces pytest's own loop."""

    def __init__(self, suites: Suites) -> None:
        self._suites = suites

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[CURRENT] = self._suites._current

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._suites._complaints.append(
                f"{report.nodeid} can't be collected: {report.longrepr}"
            )

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._suites._complaints += [f"{item.nodeid} was deselected." for item in items]

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keep what a conftest or a plugin raised; True stops pytest from printing a traceback."""
        self._suites._complaints.append(f"pytest failed ({excinfo.exconly()}).")
        return True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._suites._take(session.items)
        if not self._suites._complaints:
            self._suites._serve()
        return True


def _run_by_hooks(
    item: pytest.Item, following: pytest.Item | pytest.Session, verdict: Verdict
) -> None:
    """Set up, run and tear down one check, as pytest's own loop does.

    That loop would also make three reports of each check, for plugins that are not loaded.
    """
    hook = item.config.hook
    if not _keeps_fixtures(item):
        item._initrequest()  # type: ignore[attr-defined]  # lets an item run again
    try:
        hook.pytest_runtest_setup(item=item)
        hook.pytest_runtest_call(item=item)
        verdict.problem = None
    except BaseException as problem:  # pytest's own and SystemExit are not Exceptions
        verdict.problem = _without_frames(problem)
    try:
        hook.pytest_runtest_teardown(item=item, nextitem=following)
    except BaseException as problem:
        if verdict.problem is None:
            name = type(problem).__name__
            verdict.problem = KitFault(f"Cleaning up failed ({name}: {problem}).")
    verdict.measured = dict(item.user_properties)


def _keeps_fixtures(item: pytest.Item) -> bool:
    """Whether ``item`` has its fixtures and each of them lives as long as the session."""
    assert isinstance(item, pytest.Function)
    found = item._fixtureinfo.name2fixturedefs
    return all(
        name in item.funcargs and each[-1].scope == "session" for name, each in found.items()
    )


def _without_frames(problem: BaseException) -> BaseException:
    """``problem`` without its traceback: the frames would keep every reply that a check got."""
    each: BaseException | None = problem
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return problem


def _check(item: pytest.Item) -> Check:
    marker = item.get_closest_marker("task")
    name = item.nodeid
    if (
        marker is None
        or len(marker.args) != 1
        or not {"points"} <= set(marker.kwargs) <= {"points", "documented"}
    ):
        raise CourseError(
            f'{name} lacks its marker @pytest.mark.task("<task id>", points=<number>).'
        )
    hint = (getattr(item.obj, "__doc__", None) or "").strip()  # type: ignore[attr-defined]  # every Function has obj
    if not hint:
        raise CourseError(f"{name} lacks a docstring, the rule that a student reads.")
    return Check(
        name,
        marker.args[0],
        float(marker.kwargs["points"]),
        " ".join(hint.split()),
        bool(marker.kwargs.get("documented", False)),
    )
