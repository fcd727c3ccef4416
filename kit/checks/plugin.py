"""The pytest plugin of the suites: the marker ``task`` and the fixtures that checks use.

``pytest autograder/ASSIGNMENT --submission FOLDER`` runs a suite over one submission as ordinary
tests, if the conftest.py beside the suite names this plugin. ``kit grade`` uses the same plugin
and sets the submission itself (``kit.grading.suites``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kit.checks import documented as of_notebook
from kit.checks.documented import Documented
from kit.checks.expect import Expect
from kit.checks.student import Student
from kit.course import Assignment
from kit.intake.submission import read, sources_of
from kit.provided import load_provided, suites_importable
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session


@dataclass
class Current:
    """The submission that is being graded, and the seed of the unseen inputs."""

    assignment: Assignment
    student: Student | None = None
    seed: int = 0


CURRENT = pytest.StashKey[Current]()
DRAWING = frozenset({"rng", "draw"})
"""The fixtures that draw. A check that asks for one starts at its own place."""
RUN = "kit.run"
"""The name of the plugin that a ``Run`` is."""


class CurrentStudent:
    """Stands for the ``Student`` whose submission is being graded at the moment."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def __getattr__(self, name: str) -> Any:
        if self._current.student is None:
            raise pytest.UsageError("There is no submission to grade: name one with --submission.")
        return getattr(self._current.student, name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a plain run of a suite needs."""
    group = parser.getgroup("kit", "grading a submission")
    group.addoption("--submission", type=Path, help="the folder of the submission to grade")
    group.addoption("--seed", type=int, default=0, help="the seed of the unseen inputs")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker and the fixtures known."""
    config.addinivalue_line(
        "markers",
        "task(id, points, documented=False): the task of a check, the check's share of the "
        "points, and whether the notebook shows its inputs",
    )
    run = Run(config)
    config.pluginmanager.register(run, RUN)
    config.pluginmanager.register(fixtures(run), "kit.fixtures")


class Run:
    """The submission that one run of pytest grades, and the random numbers for it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ending = ExitStack()
        self._generator = np.random.PCG64()
        self.rng = np.random.Generator(self._generator)
        self._places: dict[str, int] = {}
        self._seeded: tuple[int, Any] | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, Any, Any]:
        """Let suites import the files beside the suites of earlier assignments they build on."""
        with suites_importable(self.assignment):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin each check."""
        self.begin(item)

    def begin(self, item: pytest.Item) -> None:
        """Let each check that draws from the generator start at a place of its own.

        The seed determines the sequence, and the check's name the place: 2**64 numbers from that
        of any other check. A jump there takes a tenth of the time of a new seed.
        """
        if DRAWING.isdisjoint(item.fixturenames):  # type: ignore[attr-defined]  # every Function has them
            return
        seed = self.current.seed
        if self._seeded is None or self._seeded[0] != seed:
            self._seeded = seed, np.random.PCG64(seed).state
        if item.nodeid not in self._places:
            name = f"{item.path.name}::{item.name}".encode()
            self._places[item.nodeid] = (1 + zlib.crc32(name)) << 64
        self._generator.state = self._seeded[1]
        self._generator.advance(self._places[item.nodeid])

    def pytest_unconfigure(self) -> None:
        """End the processes that a plain run has started."""
        self._ending.close()

    @property
    def assignment(self) -> Assignment:
        """The assignment whose suites these are."""
        if CURRENT in self._config.stash:
            return self._config.stash[CURRENT].assignment
        folder = Path(self._config.args[0].partition("::")[0]).resolve()
        folder = folder if folder.is_dir() else folder.parent
        return Assignment(folder.parent.parent, folder.name)

    @property
    def current(self) -> Current:
        """The submission that is being graded now, and its seed."""
        if CURRENT not in self._config.stash:
            self._config.stash[CURRENT] = self._plain()
        return self._config.stash[CURRENT]

    def _plain(self) -> Current:
        """What a plain pytest run grades, without ``kit.grading.grader``."""
        assignment = self.assignment
        path = self._config.getoption("--submission")
        if path is None:
            return Current(assignment)
        submission = read(path, assignment, path.name, assignment.limits)
        assignment.require_packages()
        parent = self._ending.enter_context(
            WarmParent(assignment.limits, packages=assignment.packages)
        )
        session = Session(sources_of(assignment, submission), parent)
        self._ending.callback(session.close)
        return Current(assignment, Student(session), self._config.getoption("--seed"))


def fixtures(run: Run) -> ModuleType:
    """The fixtures that checks use, in a class, because pytest takes fixtures from plugin objects.

    They know ``run`` and ask for no other fixture. pytest would look each of those up again for
    every check, which costs more than many a check.
    """

    @pytest.fixture(scope="session")
    def expect() -> Expect:
        """The comparisons: see ``kit.checks.expect``."""
        return Expect()

    @pytest.fixture(scope="session")
    def student() -> CurrentStudent:
        """The submission, in its own process: see ``kit.checks.student``."""
        return CurrentStudent(run.current)

    @pytest.fixture(scope="session")
    def rng() -> np.random.Generator:
        """A random generator, which depends on the seed and on the check's name."""
        return run.rng

    @pytest.fixture(scope="session")
    def provided() -> Callable[[str], ModuleType]:
        """``provided("utils.data_utils")`` is the assignment's own, trusted module of that name."""
        return lambda name: load_provided(run.current.assignment, name)

    @pytest.fixture(scope="session")
    def documented() -> Callable[[str], Documented]:
        """``documented(task)``: the documented call of a task; see ``kit.checks.documented``."""
        entries = of_notebook.entries(run.current.assignment.suites / "documented.json")
        return lambda task: of_notebook.case(entries[task])

    @pytest.fixture(scope="session")
    def draw() -> Callable[[tuple[int, ...]], np.ndarray]:
        """``draw(shape)``: unseen float64 numbers of either sign with 1 <= |value| < 2.

        They are so far from 0 that neither a kink there nor a small epsilon matters.
        """

        def drawn(shape: tuple[int, ...]) -> np.ndarray:
            values = run.rng.uniform(-1, 1, shape)
            return values + np.copysign(1, values)

        return drawn

    module = ModuleType("kit.fixtures")
    for each in (expect, student, rng, provided, documented, draw):
        setattr(module, each.__name__, each)
    return module
