"""The pytest plugin of the suites: the marker ``task`` and the fixtures that checks use.

``pytest autograder/ASSIGNMENT --submission FOLDER`` runs a suite over one submission as ordinary
tests. ``kit grade`` uses the same plugin and sets the submission itself (see ``kit.grading``).
"""

from __future__ import annotations

import importlib.util
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from kit.course import Assignment
from kit.tester.expect import Expect
from kit.tester.student import Student


@dataclass
class Current:
    """The submission that is being graded, and the seed of the unseen inputs."""

    assignment: Assignment
    student: Student | None = None
    seed: int = 0


CURRENT = pytest.StashKey[Current]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a plain run of a suite needs."""
    group = parser.getgroup("kit", "grading a submission")
    group.addoption("--submission", type=Path, help="the folder of the submission to grade")
    group.addoption("--seed", type=int, default=0, help="the seed of the unseen inputs")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "task(id, points): the task that a check belongs to, and its share of the points"
    )


@pytest.fixture
def expect() -> Expect:
    """The ruler: see ``kit.tester.expect``."""
    return Expect()


@pytest.fixture
def student(request: pytest.FixtureRequest, _current: Current) -> Student:
    """The submission, in its own process: see ``kit.tester.student``."""
    if _current.student is None:
        raise pytest.UsageError("There is no submission to grade: name one with --submission.")
    return _current.student


@pytest.fixture
def rng(request: pytest.FixtureRequest, _current: Current) -> object:
    """A random generator that the recorded seed and the check's name determine."""
    import numpy as np

    name = f"{request.node.path.name}::{request.node.name}"
    return np.random.default_rng([_current.seed, zlib.crc32(name.encode())])


@pytest.fixture(scope="session")
def provided(_assignment: Assignment) -> Callable[[str], ModuleType]:
    """``provided("utils.data_utils")`` is the assignment's own module of that name, trusted."""

    def load(name: str) -> ModuleType:
        return load_provided(_assignment, name)

    return load


@pytest.fixture(scope="session")
def _assignment(request: pytest.FixtureRequest) -> Assignment:
    if CURRENT in request.config.stash:
        return request.config.stash[CURRENT].assignment
    folder = Path(request.config.args[0]).resolve()
    folder = folder if folder.is_dir() else folder.parent
    return Assignment(folder.parent.parent, folder.name)


@pytest.fixture(scope="session")
def _plain(request: pytest.FixtureRequest, _assignment: Assignment) -> Iterator[Current | None]:
    """What a plain pytest run grades; None where ``kit.grading`` leads."""
    if CURRENT in request.config.stash:
        yield None
        return
    from kit.limits import Limits
    from kit.submission import read, sources_of
    from kit.tester.process import WarmParent
    from kit.tester.session import Session

    path = request.config.getoption("--submission")
    if path is None:
        yield Current(_assignment)
        return
    submission = read(path, _assignment, path.name, Limits())
    with WarmParent() as parent:
        session = Session(sources_of(_assignment, submission), parent)
        yield Current(_assignment, Student(session), request.config.getoption("--seed"))
        session.close()


@pytest.fixture
def _current(request: pytest.FixtureRequest, _plain: Current | None) -> Current:
    return _plain or request.config.stash[CURRENT]


def load_provided(assignment: Assignment, name: str) -> ModuleType:
    """Import ``source/<assignment>/<name>`` (dotted), under a name that collides with no other."""
    unique = f"_provided_{assignment.name}.{name}"
    if unique not in sys.modules:
        path = assignment.source.joinpath(*name.split(".")).with_suffix(".py")
        spec = importlib.util.spec_from_file_location(unique, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ModuleNotFoundError(f"source/{assignment.name} has no module {name}.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        spec.loader.exec_module(module)
    return sys.modules[unique]
