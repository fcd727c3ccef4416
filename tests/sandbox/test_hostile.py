"""Code that wants to cheat, spy or break things gets the grade of its honest part, and no more."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kit import cli
from kit.batch import run
from kit.course import Assignment
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.grader import Grader
from kit.intake.submission import Submission, read
from kit.limits import MIB, Limits
from tests.support.hostile import (
    KEYS,
    Program,
    Surroundings,
    changed,
    commands,
    members,
    read_programs,
    reference,
    shown,
    submission_of,
    texts,
    unprintable,
)
from tests.support.results import require_documented, task_of, without_time

TIERS = {"default": {}, "floor": {"floor_only": True}}
"""What a Grader is told, for each tier of isolation that the suite runs on."""
TIER = pytest.mark.parametrize(
    "grader",
    ["default", pytest.param("floor", marks=pytest.mark.one_in(3, 0))],
    indirect=True,
    scope="module",
)
BY_DEFAULT = pytest.mark.parametrize("grader", ["default"], indirect=True, scope="module")
LIMITS = Limits(call_seconds=0.5, total_seconds=60)
DIAGNOSED = 6
"""Looking for the mistake takes three quarters of the time: it is done for each so many-th program
on the default tier, and otherwise where all cases are asked for."""
PROGRAMS = read_programs()
UNIT = [program for program in PROGRAMS if program.group != "training"]
TRAINING = [program for program in PROGRAMS if program.group == "training"]
GROUPS = set(
    "bell bomb calls end equal forge memorise network poison ruler shadow spy text training".split()
)


@pytest.fixture(scope="module")
def surroundings() -> Iterator[Surroundings]:
    with Surroundings() as ready:
        yield ready


@pytest.fixture(scope="module")
def unit_tasks(optimization: Assignment) -> list[str]:
    """Every automatic task but the training."""
    return [task.id for task in optimization.tasks if not task.manual and task.id != "cifar10"]


@pytest.fixture(scope="module")
def grader(
    request: pytest.FixtureRequest,
    optimization: Assignment,
    unit_tasks: list[str],
    surroundings: Surroundings,
) -> Iterator[Grader]:
    """Grades the unit tasks, on the tier of the parameter, impatiently."""
    with Grader(optimization, unit_tasks, LIMITS, **TIERS[request.param]) as ready:
        ready.grade(reference(optimization))  # what is loaded on the way is no change later
        yield ready


class Remains:
    """What programs left behind. It lasts, so it is still seen when several have come and gone."""

    EVERY = 5

    def __init__(
        self, surroundings: Surroundings, graded: Callable[[], Any], alone: dict[str, Any]
    ) -> None:
        self._surroundings, self._graded, self._alone = surroundings, graded, alone
        self._programs: list[str] = []

    def come(self, program: Program) -> None:
        """Remember what there is, if this is the first of several programs."""
        if not self._programs:
            self._before = self._surroundings.state()
        self._programs.append(program.name)

    def gone(self) -> None:
        """Look around, if enough programs have come."""
        if len(self._programs) == self.EVERY:
            self.look()

    def look(self) -> None:
        """All is as it was before these programs, and the reference gets what it got alone."""
        programs, self._programs = self._programs, []
        if not programs:
            return
        left = changed(self._before, self._surroundings.state())
        assert left == {}, f"changed by one of {programs}"
        assert not self._surroundings.was_called(), f"called by one of {programs}"
        assert self._graded() == self._alone, f"graded otherwise after {programs}"


@pytest.fixture(scope="module")
def alone(optimization: Assignment, unit_tasks: list[str], grader: Grader) -> dict[str, Any]:
    """What the reference gets from a process that has graded nothing before, on the same tier."""
    floor_only = "landlock" not in grader.grade(reference(optimization)).sandbox
    with Grader(optimization, unit_tasks, LIMITS, floor_only=floor_only) as fresh:
        return without_time(fresh.grade(reference(optimization)).as_dict())


@pytest.fixture(scope="module")
def remains(
    optimization: Assignment, grader: Grader, surroundings: Surroundings, alone: dict[str, Any]
) -> Iterator[Remains]:
    """What programs leave behind on the same tier; at the end it looks after the last of them."""

    def graded() -> dict[str, Any]:
        return without_time(grader.grade(reference(optimization)).as_dict())

    left = Remains(surroundings, graded, alone)
    yield left
    left.look()


@pytest.fixture(scope="module")
def training_grader(
    optimization: Assignment, cifar10: Path, surroundings: Surroundings
) -> Iterator[Grader]:
    """Grades the training alone."""
    with Grader(optimization, ["cifar10"]) as ready:
        yield ready


def failed_tasks(result: dict[str, Any]) -> set[str]:
    """The tasks that were graded and did not pass."""
    return {t["id"] for t in result["tasks"] if t["status"] not in {"passed", "not_graded"}}


def failed_checks(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for task in result["tasks"] for c in task["checks"] if c["status"] == "failed"]


def assert_deserved(program: Program, result: dict[str, Any]) -> None:
    """The result is what the program's header says, and a proper one."""
    assert "BREACH" not in json.dumps(result)
    assert (result["status"], failed_tasks(result)) == ("graded", program.names("fails"))
    require_documented(result)
    if "passes" in program.header:
        checks = [
            check for name in program.names("fails") for check in task_of(result, name)["checks"]
        ]
        passed = {c["name"].rpartition("::")[2] for c in checks if c["status"] == "passed"}
        assert passed == program.names("passes")
    if "says" in program.header:
        said = [check["message"] for check in failed_checks(result)]
        assert [message for message in said if program.header["says"] in message], said
    if "prints" in program.header:
        assert program.header["prints"] in result["output"]


def assert_harmless(program: Program, result: dict[str, Any], secret: str) -> None:
    """Whoever reads the result, with whatever, is safe and learns nothing."""
    as_json = json.dumps(result)
    assert secret not in as_json
    assert len(as_json) < MIB
    assert [text for text in texts(result) if unprintable(text)] == []
    # elsewhere no text was made to be broken at the end of a line
    for width in (40, 80, 200) if program.group in {"text", "forge"} else (80,):
        seen = shown(result, width)
        assert unprintable(seen) == set()
        assert commands(seen) == []


class TestSuite:
    """The programs themselves."""

    def test_there_are_many_of_every_group(self) -> None:
        assert {program.group for program in PROGRAMS} == GROUPS
        assert len(PROGRAMS) >= 45

    @pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
    def test_each_says_what_it_tries_and_what_it_must_get(self, program: Program) -> None:
        assert {"idea", "fails"} <= program.header.keys() <= KEYS
        # what fails nothing must show that it was run at all
        assert program.names("fails") or "prints" in program.header

    @BY_DEFAULT
    def test_what_they_share_costs_nothing(
        self, grader: Grader, optimization: Assignment, surroundings: Surroundings, tmp_path: Path
    ) -> None:
        (tmp_path / "nothing.py").write_text("")
        program = Program(tmp_path / "nothing.py", {})
        result = grader.grade(submission_of(program, optimization, surroundings.tools())).as_dict()
        assert failed_tasks(result) == set()


@TIER
class TestUnitTasks:
    """Each program, appended to the reference solution, and now and then the reference again."""

    @pytest.mark.parametrize("program", [program.as_parameter() for program in UNIT])
    def test_it_gets_what_its_honest_part_deserves_and_changes_nothing(
        self,
        grader: Grader,
        optimization: Assignment,
        surroundings: Surroundings,
        remains: Remains,
        program: Program,
        thorough: bool,
        request: pytest.FixtureRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        on_default = request.node.callspec.params["grader"] == "default"
        if not thorough and not (on_default and UNIT.index(program) % DIAGNOSED == 0):
            monkeypatch.setattr(grader, "_catalogue", Catalogue())
        remains.come(program)
        processes = members(grader._parent._process.pid)
        result = grader.grade(submission_of(program, optimization, surroundings.tools())).as_dict()
        assert_deserved(program, result)
        assert_harmless(program, result, surroundings.secret)
        assert members(grader._parent._process.pid) == processes
        remains.gone()


@pytest.mark.cifar10
@pytest.mark.slow
class TestTraining:
    """The same for the task in which the student's code sees the data set."""

    @pytest.mark.parametrize("program", [program.as_parameter() for program in TRAINING])
    def test_it_gets_nothing_and_changes_nothing(
        self,
        training_grader: Grader,
        optimization: Assignment,
        cifar10: Path,
        surroundings: Surroundings,
        program: Program,
    ) -> None:
        before = surroundings.state() | self.stamps(cifar10)
        processes = members(training_grader._parent._process.pid)
        result = training_grader.grade(
            submission_of(program, optimization, surroundings.tools())
        ).as_dict()
        assert_deserved(program, result)
        assert_harmless(program, result, surroundings.secret)
        assert members(training_grader._parent._process.pid) == processes
        assert changed(before, surroundings.state() | self.stamps(cifar10)) == {}

    @staticmethod
    def stamps(folder: Path) -> dict[str, tuple[int, ...]]:
        """Of each file of the data set, what changes when it is written to, and how it begins."""
        found = {}
        for path in folder.iterdir():
            status = path.stat()
            with path.open("rb") as file:
                found[path.name] = (status.st_mtime_ns, status.st_blocks, hash(file.read(MIB)))
        return found


TRAP = "import os, sys\nprint('BREACH')\nsys.stderr.write('BREACH')\nos._exit(0)\n"
BESIDE = {
    "conftest.py": TRAP,
    "nndl/conftest.py": TRAP,
    "sitecustomize.py": TRAP,
    "usercustomize.py": TRAP,
    "numpy.py": TRAP,
    "numpy/__init__.py": TRAP,
    "nndl/numpy.py": TRAP,
    "kit.py": TRAP,
    "kit/__init__.py": TRAP,
    "pytest.py": TRAP,
    "json.py": TRAP,
    "oracle.py": TRAP,
    "test_optim.py": TRAP,
    "setup.py": TRAP,
    "nndl/__init__.py": TRAP,
    "nndl/layer_tests.py": TRAP,
    "utils/__init__.py": TRAP,
    "utils/solver.py": TRAP,
    "nndl.pth": f"import os; {TRAP!r}\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "tox.ini": "[pytest]\naddopts = --collect-only\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--collect-only"\n',
    "nbgrader_config.py": TRAP,
    "autograder/optimization/conftest.py": TRAP,
    "kit_limits.json": '{"call_seconds": 1e9}',
}
# pytest reads the first of these settings, Python a package before a module of its name
SHADES = (
    ("numpy.py", "kit.py"),
    ("numpy/", "kit/", "pytest.ini"),
    ("pytest.ini", "pyproject.toml"),
    ("pytest.ini", "pyproject.toml", "tox.ini"),
)
"""What to leave out of BESIDE so that nothing is in the shade of others: each file has its turn."""


def handed_in(folder: Path, assignment: Assignment, *names: str) -> Path:
    """A folder with the reference solution, and traps beside it."""
    files: dict[str, bytes] = dict(reference(assignment).files)
    files |= {name: BESIDE[name].encode() for name in names}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


class TestFolders:
    """Files that no student is asked for are never run, whatever they are called."""

    @TIER
    @pytest.mark.parametrize("left_out", SHADES, ids=" ".join)
    def test_what_is_beside_the_solution_changes_nothing(
        self, grader: Grader, optimization: Assignment, tmp_path: Path, left_out: tuple[str, ...]
    ) -> None:
        names = [name for name in BESIDE if not name.startswith(left_out)]
        folder = handed_in(tmp_path, optimization, *names)
        result = grader.grade(read(folder, optimization, "ada", LIMITS)).as_dict()
        assert (result["status"], failed_tasks(result)) == ("graded", set())
        assert result["output"] == ""

    def test_not_even_when_grading_starts_in_that_folder(
        self,
        optimization: Assignment,
        unit_tasks: list[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        apart = [name for name in BESIDE if not name.startswith(("numpy/", "kit/"))]
        monkeypatch.chdir(handed_in(tmp_path, optimization, *apart))
        with Grader(optimization, unit_tasks, LIMITS) as grader:
            result = grader.grade(read(Path(), optimization, "ada", LIMITS)).as_dict()
        assert (result["status"], failed_tasks(result)) == ("graded", set())
        assert result["output"] == ""


class TestReaders:
    """What reads a result is not steered by it."""

    @BY_DEFAULT
    def test_the_json_on_standard_output_holds_no_command(
        self,
        grader: Grader,
        optimization: Assignment,
        surroundings: Surroundings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        program = next(each for each in UNIT if each.name == "text_commands")
        result = grader.grade(submission_of(program, optimization, surroundings.tools()))
        monkeypatch.setattr(run, "grade_one", lambda *_, **__: result)
        monkeypatch.chdir(optimization.root)
        ran = CliRunner().invoke(cli.app, ["check", "--json", "--assignment", "optimization"])
        printed = ran.stdout
        assert printed, (ran.exit_code, ran.output)
        assert json.loads(printed) == result.as_dict()
        assert commands(printed) == []


class TestMemory:
    """The tester lets go of replies, however large they are and however checks fail on them."""

    REPLY = 8 * MIB

    @BY_DEFAULT
    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(f"np.zeros({REPLY} // 8), config", id="arrays"),
            pytest.param(f"bytes({2 * MIB - 1000})", id="bytes"),
        ],
    )
    def test_replies_do_not_add_up(
        self, grader: Grader, optimization: Assignment, value: str
    ) -> None:
        files = dict(reference(optimization).files)
        rules = "sgd_momentum = sgd_nesterov_momentum = rmsprop = adam"
        files["nndl/optim.py"] += f"\n\n{rules} = lambda w, dw, config=None: ({value})\n".encode()
        tracemalloc.start()
        try:
            result = grader.grade(Submission("large", files)).as_dict()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(failed_checks(result)) > 20
        assert peak < 16 * self.REPLY  # those of one check and a few more; far from all of them
