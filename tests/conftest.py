"""Fixtures that tests of several rooms share: a tiny course, what grades it, and the real data."""

from __future__ import annotations

import gc
import os
import signal
import socket
import zlib
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.provided import load_provided
from kit.sandbox.tester import isolation
from kit.sandbox.tester.launch import launch
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from tests.support.bookkeeper import bookkeeper_here
from tests.support.course import ROOT, write_course

# whatever else the machine does: no test has to be quick
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("patient"), max_examples=2000)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-cases", action="store_true", help="every case of what is otherwise drawn from"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--all-cases"):
        settings.load_profile("thorough")
    if not hasattr(config, "workerinput"):  # this process prints; xdist's others do not
        config.pluginmanager.register(AtOnce(config))
    # Ctrl-C counts also where a shell started the run in the background, which has it ignored
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect garbage neither while thousands of tests are made nor among them later.

    They stay until the end, and looking through them takes a third of a second each time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


class AtOnce:
    """Tells of each failure at once: who ends a run that hangs has what it found until then."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and reporter:
            reporter.write_line(f"\n{report.nodeid} failed ({report.when}):\n{report.longreprtext}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test that is marked ``one_in(number, first)`` leave that part of the cases."""
    cases = defaultdict(list)
    for item in items:
        if mark := item.get_closest_marker("one_in"):
            cases[item.nodeid.partition("[")[0], mark.args].append(item)
    if config.getoption("--all-cases"):
        return
    out = {
        case
        for (_, (number, first)), of_test in cases.items()
        if len(of_test) > number  # fewer were asked for by name
        for place, case in enumerate(of_test)
        if place % number != first
    }
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=list(out))


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether all cases are asked for: what tries random ones then tries ten times as many."""
    return bool(pytestconfig.getoption("--all-cases"))


@pytest.fixture(scope="session")
def drawn(pytestconfig: pytest.Config) -> Callable[[Sequence[int], int, str], Sequence[int]]:
    """``drawn(seeds, number, name)``: so many of the seeds, others for each ``name``.

    The same every time; all of them with ``--all-cases``.
    """

    def draw(seeds: Sequence[int], number: int, name: str) -> Sequence[int]:
        if pytestconfig.getoption("--all-cases"):
            return seeds
        step = len(seeds) // number
        return seeds[zlib.crc32(name.encode()) % step :: step]

    return draw


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def grader(tiny: Assignment) -> Iterator[Grader]:
    with Grader(tiny) as ready:
        yield ready


@pytest.fixture(scope="session")
def warm_parent() -> Iterator[WarmParent]:
    with WarmParent() as parent:
        yield parent


@pytest.fixture(name="bookkeeper_here")
def _bookkeeper_here() -> Iterator[None]:
    """``kit grade`` starts no process for the gradebook."""
    with bookkeeper_here():
        yield


@pytest.fixture(scope="session")
def first_parent() -> Iterator[socket.socket]:
    """The control socket of a warm parent that forks copies of itself, as in a run of a class."""
    process, first = launch(isolation.namespace_command() or [])
    with process, first:
        yield first


@pytest.fixture(scope="module")
def warm(first_parent: socket.socket) -> Iterator[None]:
    """Each warm parent of this process is a copy of one, instead of loading NumPy anew."""
    begin = WarmParent.__init__

    def begin_as_a_copy(self: WarmParent, *limits: Any, **options: Any) -> None:
        begin(self, *limits, **{**options, "first": options.get("first") or first_parent})

    with patch.object(WarmParent, "__init__", begin_as_a_copy):
        yield


@pytest.fixture
def student(warm_parent: WarmParent) -> Iterator[Callable[..., Student]]:
    """Makes a Student of source text: ``student("def f(): ...").work.f()``."""
    made = []

    def make(work: str, **others: str) -> Student:
        sources = {"nndl/work.py": work.encode()}
        sources |= {f"nndl/{name}.py": text.encode() for name, text in others.items()}
        made.append(Session(sources, warm_parent))
        return Student(made[-1])

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def optimization() -> Assignment:
    """The real assignment."""
    return Assignment(ROOT, "optimization")


@pytest.fixture(scope="session")
def cifar10(optimization: Assignment) -> Path:
    """The folder of the real data set, fetched where it is missing.

    Without it a test is skipped on a person's machine, and fails in CI.
    """
    loader = load_provided(optimization, "utils.data_utils")
    try:
        return Path(loader.fetch(progress=False))
    except loader.DataError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"CIFAR-10 can't be had here: {error}")
