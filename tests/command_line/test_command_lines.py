"""Odd command lines, in hundreds: each ends with a documented exit code and a sentence.

The lines are generated: every parameter of every command with every odd value of its kind, and
every command on courses, results and platforms' files that are not what they should be.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kit.release.notebook import Run
from tests.support.command_line import COMMAND, run
from tests.support.course import ROOT, SOLUTION, write_course
from tests.support.processes import PATIENCE

COMMANDS: dict[str, Any] = COMMAND.commands

pytestmark = pytest.mark.usefixtures("warm")

CODES = {0, 1, 2, 3, 70, 130}
"""The exit codes of docs/ci.md."""
OURS = 70
NOBODY = 65534
TOO_LONG = "x" * 5000

MISTAKES = """\
from kit.checks.mistakes import Mistake

MISTAKES = [Mistake("double.thrice", "double", {"factor": 3}, "It is 3 x.")]


def implementation(changes):
    def double(x):
        return changes.get("factor", 2) * x

    def remember(state, x):
        state["x"] = x + 0

    return {"work.double": double, "work.remember": remember}
"""
LOADER = """\
class DataError(Exception):
    pass


def fetch(source=None):
    return "here"
"""

USUAL: dict[str, dict[str, str]] = {
    "data": {},
    "new": {"assignment": "fresh"},
    "preview": {"assignment": "tiny"},
    "release": {"assignment": "tiny"},
    "check": {"path": "submitted/ada"},
    "grade": {"assignment": "tiny", "paths": "submitted", "jobs": "1", "no_gradebook": ""},
    "export": {"format": "csv", "assignment": "tiny"},
    "report": {"assignment": "tiny"},
    "pack": {"platform": "gradescope", "assignment": "tiny"},
    "suite": {"assignment": "tiny"},
    "learn": {"assignment": "tiny", "paths": "submitted", "jobs": "1"},
    "doctor": {},
}
"""What each command is given where nothing is odd."""


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with submissions and results, of which each line gets a copy."""
    course = write_course(tmp_path_factory.mktemp("usual") / "course").root
    write(course, "submitted/ada/nndl/work.py", SOLUTION)
    write(course, "autograder/tiny/mistakes.py", MISTAKES)
    write(course, "source/tiny/utils/data_utils.py", LOADER)
    run = kit(course, "grade", "tiny", "submitted", "--jobs", "1", "--no-gradebook")
    assert run == (0, run[1])
    return course


@pytest.fixture(autouse=True)
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel takes seconds to start, and a notebook that was run is none of what is odd here."""
    ran = Run(nbformat.v4.new_notebook(), "")
    monkeypatch.setattr("kit.release.notebook.run", lambda *_, **__: ran)


@pytest.fixture
def course(usual: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(usual, tmp_path / "course"))


def write(course: Path, name: str, content: str | bytes) -> Path:
    path = course / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def kit(course: Path, *arguments: str, nobody: bool = False) -> tuple[int, str]:
    """The exit code and all output of a command line in ``course``; a traceback is output, too.

    As ``nobody`` it has the rights of anybody, as far as this process can give up its own.
    """
    with chdir(course), without_rights() if nobody else nullcontext():
        ended = run(arguments)
    said = ended.output
    if ended.exception and not isinstance(ended.exception, SystemExit):
        said += "".join(traceback.format_exception(ended.exception))
    return ended.exit_code, said


@contextmanager
def without_rights() -> Iterator[None]:
    """Have this process no more rights than anybody, as far as it can."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def line(command: str, **odd: str) -> list[str]:
    """The words of a command line in which some parameters are not as usual."""
    words = [command]
    values = USUAL[command] | odd
    for parameter in COMMANDS[command].params:
        if parameter.name not in values:
            continue
        if parameter.param_type_name == "option":
            words.append(parameter.opts[0])
        if values[parameter.name] or not getattr(parameter, "is_flag", False):
            words.append(values[parameter.name])
    return words


def require_told(told: tuple[int, str], *phrases: str) -> None:
    """Whether a command ended as documented, and said one of ``phrases``."""
    code, said = told
    assert "Traceback" not in said, said
    assert code in CODES - {OURS}, (code, said)
    # boxes and folds of the terminal tell nothing
    flat = " ".join(re.sub("[│╭╮╰╯─|]", " ", said).split())
    assert not phrases or any(phrase in flat for phrase in phrases), said


def device(folder: Path) -> Path:
    """What is there to be read and written but is no file; never one that others use.

    A command that replaced the machine's own /dev/null would break more than this test.
    """
    made = folder / "device"
    try:
        os.mknod(made, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except OSError:
        os.mkfifo(made)
    return made


def odd_places(folder: Path) -> dict[str, str]:
    """Paths that are not what a command expects, whatever it expects."""
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")
    write(folder, "file", "text")
    (folder / "full").mkdir()
    write(folder, "full/holiday.jpg", b"\xff\xd8")
    return {
        "a loop of links": str(folder / "loop"),
        "below a loop of links": str(folder / "loop/below"),
        "a link to nothing": str(folder / "dangling"),
        "a pipe": str(folder / "fifo"),
        "a file": str(folder / "file"),
        "below a file": str(folder / "file/below"),
        "a folder of something else": str(folder / "full"),
        "nothing": str(folder / "nothing/at/all"),
        "5,000 characters": TOO_LONG,
        "300 characters": "x" * 300,
        "a device": str(device(folder)),
        "no user's home": "~nouser/x",
        "a dash": "-",
        "no UTF-8": str(folder / os.fsdecode(b"\xff\xfe")),
        "a name that commands a terminal": str(folder / "\x1b]0;x\x07\n::error::x"),
    }


with tempfile.TemporaryDirectory(prefix="kit-odd-") as made:
    PLACES = list(odd_places(Path(made)))
TEXTS = {"another": "nothing", "a path": "../..", "5,000 characters": TOO_LONG, "a comma": ","}
NUMBERS = {"a word": "x", "below zero": "-1", "5,000 digits": "9" * 5000, "infinite": "inf"}


def parameters() -> Iterator[tuple[str, str, str]]:
    """Each parameter that takes a value, with the name of each odd value of its kind."""
    for command, known in COMMANDS.items():
        for parameter in known.params:
            kind = type(parameter.type).__name__
            if kind in {"BoolParamType", "BoolParameterType"} or parameter.name == "help":
                continue
            if "Path" in kind:
                names: list[str] = PLACES
            elif "Int" in kind:
                names = list(NUMBERS)
            else:
                names = list(TEXTS)
            for name in names:
                yield command, str(parameter.name), name


@pytest.mark.one_in(7, 0)  # of 4 or 15 values of each, so every one is tried with some parameter
@pytest.mark.parametrize(("command", "parameter", "odd"), list(parameters()))
def test_an_odd_value_is_told(
    course: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    parameter: str,
    odd: str,
) -> None:
    places = odd_places(tmp_path)
    if command == "data":
        monkeypatch.setenv("NNDL_DATA", str(tmp_path / "data"))
        shutil.copy(ROOT / "source/optimization/utils/data_utils.py", course / "source/tiny/utils")
    value = ({**NUMBERS, **TEXTS} if odd not in places else places)[odd]
    require_told(kit(course, *line(command, **{parameter: value})))


# -- courses that are not as they should be --------------------------------------------------------

BRACKETS = "[" * 100_000
CODE: dict[str, str | bytes] = {
    "no UTF-8": b"x = '\xff'",
    "a null character": b"x = 1\0",
    "no Python": "def",
    "too deep": "(" * 5000,
    "raises": "1 / 0",
    "raises what says nothing": "raise Exception",
    "exits": "import sys; sys.exit(0)",
    "lacks all": "x = 1",
}
"""What may stand in a Python file of a course."""


def metadata(**nbgrader: object) -> str:
    usual = {"grade": True, "solution": False, "grade_id": "double", "points": 1} | nbgrader
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {"nbgrader": usual}}
    return json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


NOTEBOOKS: dict[str, str | bytes] = {
    "no UTF-8": b'{"cells": "\xff"}',
    "no JSON": "{",
    "100,000 brackets": BRACKETS,
    "a list": "[]",
    "no cells": "{}",
    "cells that are none": '{"cells": [1]}',
    "a cell without metadata": '{"cells": [{}]}',
    "a cell with odd metadata": '{"cells": [{"metadata": {"nbgrader": 5}, "source": ""}]}',
    "an odd source": '{"cells": [{"metadata": {}, "cell_type": "code", "source": [5]}]}',
    "no title": metadata(),
    "no id": metadata(grade_id=None),
    "an id that is none": metadata(grade_id=["x"]),
    "points in words": metadata(points="four"),
    "no points": metadata(points=None),
    "infinite points": metadata(points=float("inf")),
    "points that are no number": metadata(points=float("nan")),
    "huge points": metadata(points=10**400),
    "points below zero": metadata(points=-1),
}
COURSES = [
    *(
        ("source/tiny/tiny.ipynb", content, line, "tiny.ipynb")
        for content in NOTEBOOKS.values()
        for line in ("release tiny", "check submitted/ada", "export canvas tiny", "suite tiny")
    ),
    *(
        ("autograder/tiny/mistakes.py", content, line, "mistakes.py")
        for content in [
            *CODE.values(),
            "MISTAKES = OPAQUE = 5",
            "MISTAKES = [1]",
            f"{MISTAKES}MISTAKES *= 2",
            f"{MISTAKES}\n\ndef implementation(changes):\n    return 1 / 0",
            f"{MISTAKES}\n\ndef implementation(changes):\n    return [5]",
        ]
        for line in ("check submitted/ada", "suite tiny")
    ),
    (
        "autograder/tiny/mistakes.py",
        f"{MISTAKES}MISTAKES[0] = MISTAKES[0]._replace(task='nothing')",
        "suite tiny",
        "no automatic task 'nothing'",
    ),
    *(
        ("source/tiny/utils/data_utils.py", content, "data", "data_utils.py")
        for content in [
            *CODE.values(),
            "def fetch(source=None): pass",
            "DataError = 5\n\ndef fetch(source=None):\n    1 / 0",
            f"{LOADER}\n\ndef fetch(): pass",
            f"{LOADER}\n\ndef fetch(source=None):\n    raise SystemExit(0)",
            f"{LOADER}\n\ndef fetch(source=None):\n    raise OSError(28, 'No space')",
        ]
    ),
    *(
        ("nbgrader_config.py", content, line, "nbgrader_config.py")
        for name, content in CODE.items()
        if name != "lacks all"  # it says what it likes
        for line in ("release tiny", "export gradebook tiny")
    ),
    *(
        ("solutions/tiny/nndl/work.py", content, line, "work.py")
        for name, content in CODE.items()
        if name.startswith(("no", "a null", "too"))
        for line in ("release tiny", "pack github tiny")
    ),
    *(
        ("autograder/tiny/test_work.py", content, line, "tiny")
        for name, content in CODE.items()
        if name != "lacks all"
        for line in ("check submitted/ada", "suite tiny")
    ),
    *(
        ("autograder/tiny/conftest.py", content, "suite tiny", "tiny")
        for content in [
            *CODE.values(),
            "pytest_plugins = ['nowhere']",
            "def pytest_configure(config):\n    1 / 0",
            "def pytest_collection_modifyitems(items):\n    raise SystemExit(0)",
            "def pytest_collection_finish(session):\n    1 / 0",
        ]
        if content not in {CODE["lacks all"]}
    ),
]


@pytest.mark.one_in(3, 0)  # each content stands in several files, or is read by several commands
@pytest.mark.parametrize(("name", "content", "words", "phrase"), COURSES)
def test_a_course_that_is_not_as_it_should_be_is_told(
    course: Path, name: str, content: str | bytes, words: str, phrase: str
) -> None:
    write(course, name, content)
    told = kit(course, *words.split())
    require_told(told, phrase)
    assert told[0] in {1, 2}


@pytest.mark.one_in(3, 0)  # of 4 for each command
@pytest.mark.parametrize("missing", ["source/tiny/tiny.ipynb", "autograder", "source", "solutions"])
@pytest.mark.parametrize("command", sorted(USUAL.keys() - {"doctor"}))
def test_a_course_that_lacks_something_is_told(course: Path, missing: str, command: str) -> None:
    (course / missing).rename(course / "away")
    require_told(kit(course, *line(command)))


# -- results and rosters that are none -------------------------------------------------------------


def changed(course: Path, **members: object) -> str:
    result = json.loads((course / "results/tiny/ada.json").read_text())
    return json.dumps(result | members)


RESULTS: dict[str, Callable[[Path], str | bytes]] = {
    "empty": lambda _: "",
    "no UTF-8": lambda _: b'"\xff"',
    "100,000 brackets": lambda _: BRACKETS,
    "a list": lambda _: "[]",
    "a number": lambda _: "1e999",
    "a number of 5,000 digits": lambda _: "9" * 5000,
    "nothing in it": lambda _: "{}",
    "another version": lambda course: changed(course, schema_version=2),
    "a version in words": lambda course: changed(course, schema_version=["two"]),
    "another assignment": lambda course: changed(course, assignment="other"),
    "no assignment": lambda course: changed(course, assignment=None),
    "a score in words": lambda course: changed(course, score="6"),
    "a score that is no number": lambda course: changed(course, score=float("nan")),
    "an infinite score": lambda course: changed(course, score=float("inf")),
    "a huge score": lambda course: changed(course, score=1e300),
    "a score below zero": lambda course: changed(course, score=-1),
    "no tasks": lambda course: changed(course, tasks=None),
    "odd tasks": lambda course: changed(course, tasks=[5]),
    "empty tasks": lambda course: changed(course, tasks=[{}]),
    "no student": lambda course: changed(course, student=None),
    "another student's": lambda course: changed(course, student="bob"),
    "a status that there is not": lambda course: changed(course, status="fine"),
}
READERS = [
    *("export csv tiny", "export canvas tiny", "export junit tiny", "report tiny"),
    "learn tiny --jobs 1",
]


@pytest.mark.one_in(3, 0)  # of 5 readers of each
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("odd", [name for name in RESULTS if name != "another student's"])
def test_a_result_that_is_none_is_told(course: Path, odd: str, reader: str) -> None:
    write(course, "results/tiny/ada.json", RESULTS[odd](course))
    told = kit(course, *reader.split())
    require_told(told, "ada.json")
    assert told[0] == 2


FRAME = {"file": "nndl/work.py", "line": 10**30, "function": "f", "text": "x"}


@pytest.mark.one_in(3, 0)  # of 5 readers of each
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "members",
    [
        {"expected": "1"},
        {"got": "1"},
        {"diagnosis": "double.thrice"},
        {"error": {"type": "E", "message": "", "trace": []}},
        {"error": {"type": "E", "message": "", "trace": [FRAME]}},
        {"measured": {"": [], "a": [[]], "b": {}, "c": 10**400, "needed_c": 1e308, "d": [1, "x"]}},
        {"name": "", "message": "", "hint": "", "points": 0},
        {"name": "\ud800", "message": "\0\x1b", "hint": "\u202e"},
    ],
)
def test_a_result_with_little_or_odd_things_in_it_is_read(
    course: Path, members: dict[str, Any], reader: str
) -> None:
    tasks = json.loads(changed(course))["tasks"]
    tasks[0] |= {"status": "failed", "follows_from": ["nothing"], "title": ""}
    tasks[0]["checks"] = [tasks[0]["checks"][0] | {"status": "failed"} | members] * 2
    tasks[1] |= {"checks": []}
    write(course, "results/tiny/ada.json", changed(course, tasks=tasks))
    told = kit(course, *reader.split())
    require_told(told)
    assert told[0] == 0, told


@pytest.mark.one_in(3, 0)  # of 5 readers of each
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("members", [{"tasks": []}, {"student": ""}, {"student": "../../x"}])
def test_a_result_with_little_in_it_is_read(
    course: Path, members: dict[str, Any], reader: str
) -> None:
    write(course, "results/tiny/ada.json", changed(course, **members))
    told = kit(course, *reader.split())
    require_told(told)
    assert told[0] == 0, told


@pytest.mark.parametrize("reader", READERS)
def test_two_results_of_one_student_are_told(course: Path, reader: str) -> None:
    write(course, "results/tiny/copy.json", (course / "results/tiny/ada.json").read_text())
    require_told(kit(course, *reader.split()), "two results of 'ada'")


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_among_results_is_told(course: Path, reader: str) -> None:
    os.mkfifo(course / "results/tiny/pipe.json")
    require_told(kit(course, *reader.split()), "pipe.json is no file")


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"Student,ID,Section\n\xff,1,2", "not UTF-8 text"),
        (b"", "not a gradebook"),
        (b"\0\0", "roster.csv"),
        (b"Student,ID,Section\n" + b"x" * 200_000 + b",1,2", "roster.csv"),
        (b'Student,ID,Section\n"', "roster.csv"),
        (b"Student,ID,Section,tiny,tiny\n", "Several columns"),
    ],
)
def test_a_roster_that_is_none_is_told(course: Path, content: bytes, phrase: str) -> None:
    write(course, "roster.csv", content)
    told = kit(course, "export", "canvas", "tiny", "--roster", "roster.csv")
    if told[0] == 0:
        return  # Python reads a quote that is never closed
    require_told(told, phrase)
    assert told[0] == 2


# -- what a command may not read or write ----------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(usual: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All that commands load: who gives up rights may not read the interpreter's own files."""
    course = Path(shutil.copytree(usual, tmp_path_factory.mktemp("loaded") / "course"))
    for command in sorted(COMMANDS, key="new".__eq__):  # last: of two, others want to be told which
        code, said = kit(course, *line(command))
        assert code == (1 if "NOT NAMED" in said else 0), said


@pytest.fixture
def readable(usual: Path, loaded: None) -> Iterator[Path]:
    """A course that others may read, not in pytest's own folder, which they may not."""
    with tempfile.TemporaryDirectory(prefix="kit-rights-") as folder:
        course = Path(shutil.copytree(usual, Path(folder, "course")))
        for path in (Path(folder), course, *course.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        yield course
        for path in (course, *course.rglob("*")):
            path.chmod(0o700)


@pytest.mark.parametrize(
    ("closed", "words", "codes"),
    [
        ("submitted", "grade tiny submitted --jobs 1 --no-gradebook", {1, 2}),
        ("results", "grade tiny submitted --jobs 1 --no-gradebook", {2}),
        ("results/tiny", "export csv tiny", {2}),
        ("results/tiny", "report tiny", {2}),
        ("results/tiny/ada.json", "export csv tiny", {2}),
        ("results/tiny/ada.json", "report tiny", {2}),
        ("source", "data", {1, 2}),
        ("source/tiny", "suite tiny", {1, 2}),
        ("source/tiny/tiny.ipynb", "suite tiny", {2}),
        ("autograder", "suite tiny", {1, 2}),
        ("autograder/tiny/mistakes.py", "suite tiny", {1, 2}),
        ("solutions/tiny/nndl/work.py", "release tiny", {1, 2}),
        (".", "suite tiny", {1, 2}),
        (".", "release tiny", {1, 2}),
    ],
)
def test_what_one_has_no_right_to_is_told(
    readable: Path, closed: str, words: str, codes: set[int]
) -> None:
    (readable / closed).chmod(0o000)
    told = kit(readable, *words.split(), nobody=True)
    require_told(told)
    assert told[0] in codes, told


@pytest.fixture
def packages_are_open() -> None:
    """Skips where a folder above the installed packages is shut to others, such as mktemp's."""
    for folder in (Path(sys.prefix), *Path(sys.prefix).parents):
        if not folder.stat().st_mode & 0o001:
            pytest.skip(f"Others may not look into {folder}, where the packages are.")


@pytest.mark.usefixtures("packages_are_open")
@pytest.mark.parametrize("words", ["report tiny --out", "pack gradescope tiny --out"])
def test_a_folder_that_one_may_not_write_is_told(readable: Path, words: str) -> None:
    (readable / "kept").mkdir(mode=0o555)
    told = kit(readable, *words.split(), "kept/new", nobody=True)
    require_told(told, "Permission denied")
    assert told[0] == 2


def test_nothing_is_graded_where_no_result_can_be_kept(
    readable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (readable / "kept").mkdir(mode=0o555)
    monkeypatch.setattr("kit.batch.run.grade_all", lambda *_, **__: pytest.fail("It graded."))
    told = kit(readable, *line("grade", out="kept/new"), nobody=True)
    assert told[0] == 2
    require_told(told, "No result can be written to kept/new")


# -- empty values, and faults of our own -----------------------------------------------------------


@pytest.mark.one_in(3, 0)
@pytest.mark.parametrize(
    ("command", "parameter", "joined"),
    [
        (command, str(parameter.name), joined)
        for command, known in COMMANDS.items()
        for parameter in known.params
        for joined in (False, True)
        if "Bool" not in type(parameter.type).__name__
        if not joined or parameter.param_type_name == "option"
    ],
)
def test_an_empty_value_is_refused(
    course: Path, command: str, parameter: str, joined: bool
) -> None:
    words = line(command, **{parameter: ""})
    if joined:
        at = words.index("")
        words[at - 1 : at + 1] = [f"{words[at - 1]}="]
    told = kit(course, *words)
    require_told(told, "has an empty value")
    assert told[0] == 2


@pytest.mark.parametrize("error", [RuntimeError("odd"), EOFError(), MemoryError(), SystemExit(0)])
@pytest.mark.parametrize("command", ["data", "release", "check", "export"])
def test_a_fault_of_the_kit_has_its_own_code_and_keeps_its_traceback(
    course: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, command: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(tempfile, "tempdir", str(course))
    for finder in ("find_root", "find_assignment"):
        monkeypatch.setattr(f"kit.commands.{command}.{finder}", fail, raising=False)
    code, said = kit(course, *line(command))
    assert code == OURS
    assert "Traceback" not in said
    assert "a fault of the kit" in said
    (kept,) = course.glob("kit-fault-*.txt")
    assert str(kept) in said.replace("\n", "")
    assert "Traceback" in kept.read_text()


@pytest.mark.parametrize(
    ("error", "code", "phrase"),
    [
        (KeyboardInterrupt(), 130, "Stopped. Run the same command again"),
        (PermissionError(13, "Permission denied", "/some/where"), 1, "/some/where can't be used"),
        (OSError(5, "Input/output error", "a\x1b[2Jb", None, "c"), 1, r"a\x1b[2Jb and c can't"),
        (OSError("odd"), 1, "The operating system reported an error: odd"),
        (BrokenPipeError(32, "Broken pipe"), 1, "Broken pipe"),
    ],
)
def test_what_ends_a_command_is_told(
    course: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, phrase: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("kit.commands.data.find_root", fail)
    told = kit(course, "data")
    require_told(told, phrase)
    assert told[0] == code


# -- what stands where a command writes ------------------------------------------------------------


@pytest.mark.parametrize("made", ["file", "folder", "link"])
def test_a_release_takes_the_place_of_nothing_else(course: Path, made: str) -> None:
    thesis = write(course, "thesis/chapter.txt", "years of work")
    place = course / "release/tiny"
    place.parent.mkdir()
    if made == "file":
        (course / "thesis/chapter.txt").rename(place)
        thesis = place
    elif made == "folder":
        (course / "thesis").rename(place)
        thesis = place / "chapter.txt"
    else:
        place.symlink_to("../thesis")
    told = kit(course, "release", "tiny")
    require_told(told, "is not a release")
    assert told[0] == 1
    assert thesis.read_text() == "years of work"


def test_an_export_replaces_a_file_and_nothing_else(course: Path) -> None:
    write(course, "scores.csv", "old")
    (course / "link.csv").symlink_to("scores.csv")
    assert kit(course, "export", "csv", "tiny", "--out", "link.csv")[0] == 0
    assert "ada" in (course / "scores.csv").read_text()
    assert (course / "link.csv").is_symlink()
    place = device(course)
    for other in (place, course / "source"):
        told = kit(course, "export", "csv", "tiny", "--out", str(other))
        require_told(told, "is not a regular file")
        assert told[0] == 2
    assert not place.is_file()
    assert not list(course.glob(".*-part"))


def test_a_failing_export_leaves_the_old_file(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write(course, "scores.csv", "old")
    monkeypatch.setattr(os, "fsync", full)
    told = kit(course, "export", "csv", "tiny", "--out", "scores.csv")
    require_told(told, "No space left on device")
    assert (course / "scores.csv").read_text() == "old"
    assert not list(course.glob(".*-part"))


# -- output that nobody takes, and languages -------------------------------------------------------

ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
GRADE = "grade tiny submitted --no-gradebook"


def shell(
    course: Path, command: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run ``command``, in which ``kit`` is this kit, by a shell."""
    return subprocess.run(
        ["bash", "-c", f'kit() {{ "{sys.executable}" -m kit "$@"; }}; {command}'],
        cwd=course,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def three(course: Path) -> Path:
    """A course with three submissions and no results."""
    shutil.rmtree(course / "results")
    for student in ("bob", "eve"):
        shutil.copytree(course / "submitted/ada", course / "submitted" / student)
    return course


def graded(course: Path) -> set[str]:
    return {path.name for path in (course / "results/tiny").glob("*.json")}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_output_costs_no_result(three: Path, jobs: int) -> None:
    run = shell(three, f"kit {GRADE} --jobs {jobs} > /dev/full")
    assert graded(three) == {"ada.json", "bob.json", "eve.json"}
    assert run.returncode == 1
    assert b"Standard output could not be written (No space left on device)" in run.stderr
    assert b"Traceback" not in run.stderr


def test_a_reader_who_has_read_enough_costs_no_result(three: Path) -> None:
    run = shell(three, f"set -o pipefail; kit {GRADE} --jobs 1 | true")
    assert graded(three) == {"ada.json", "bob.json", "eve.json"}
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("kit --help > /dev/full", 1),
        ("kit export csv tiny > /dev/full", 1),
        ("kit check submitted/ada --json > /dev/full", 1),
        ("kit suite nothing > /dev/full 2> /dev/full", 2),
        ("kit suite nothing 2>&-", 2),
        ("kit export csv tiny >&- 2>&- <&-", 0),
        ("kit export csv tiny > >(true)", 0),
        ("mkdir gone; cd gone; rmdir ../gone; kit suite tiny", 2),
    ],
)
def test_a_stream_that_fails_is_told(course: Path, command: str, code: int) -> None:
    run = shell(course, command)
    assert (run.returncode, b"Traceback" in run.stderr) == (code, False), run.stderr


@pytest.mark.one_in(2, 0)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("kit check 'submitted/Åsa ☃'", 0),
        ("kit grade tiny submitted --jobs 1 --no-gradebook", 0),
        ("kit suite 'nothing ☃'", 2),
        ("kit export csv tiny --out 'Ångström.csv'", 0),
        ("kit report tiny", 1),  # the student's name becomes that of a file, which can't be
    ],
)
def test_a_locale_that_knows_no_letters_is_told_or_no_matter(
    course: Path, command: str, code: int
) -> None:
    (course / "submitted/ada").rename(course / "submitted/Åsa ☃")
    write(course, "results/tiny/Åsa.json", changed(course, student="Åsa ☃"))
    run = shell(course, command, ASCII)
    said = run.stdout + run.stderr
    assert b"Traceback" not in said
    assert run.returncode == code, said
    assert said.isascii()
    assert code != 1 or b"Set LC_ALL=C.UTF-8" in said


def test_an_export_is_in_utf_8_whatever_the_locale(course: Path) -> None:
    write(course, "results/tiny/ada.json", changed(course, student="Åsa ☃"))
    run = shell(course, "kit export csv tiny", ASCII)
    assert "Åsa ☃" in run.stdout.decode("utf-8")


# -- Ctrl-C while commands are loaded --------------------------------------------------------------

INTERRUPTED = """
import os, signal, sys

class Interrupter:
    left = {number}

    def find_spec(self, name, path=None, target=None):
        Interrupter.left -= 1
        if Interrupter.left == 0:
            {interrupt}

from kit.__main__ import main
sys.meta_path.insert(0, Interrupter())
sys.argv = ["kit", *{words!r}]
main()
"""
SIGNAL = "os.kill(os.getpid(), signal.SIGINT)"
IN_A_CALLBACK = (
    "type('Odd', (), {'__del__': lambda self: (_ for _ in ()).throw(KeyboardInterrupt)})()"
)


@pytest.mark.parametrize("interrupt", [SIGNAL, IN_A_CALLBACK])
@pytest.mark.parametrize("number", [1, 10, 50, 100, 150])
def test_a_ctrl_c_in_the_first_second_is_told(course: Path, number: int, interrupt: str) -> None:
    """The signal comes with one of the imports: wherever they are, there is no traceback."""
    code = INTERRUPTED.format(number=number, interrupt=interrupt, words=GRADE.split())
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=course,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (run.returncode, run.stdout) == (130, "")
    assert run.stderr == "Stopped. Run the same command again to go on where it stopped.\n"
