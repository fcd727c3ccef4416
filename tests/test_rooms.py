"""The rooms of `kit/` stand in an order, and imports go one way: down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.course import ROOT

ROOMS = (
    # what is true of every room
    *(
        "exit_codes",
        "limits",
        "course",
        "skeleton",
        "provided",
        "files",
        "results",
        "feedback",
        "finals",
    ),
    # the way of a submission
    *("sandbox", "intake", "checks", "grading", "batch"),
    # what instructors make with it
    *("nbgrader", "release", "display", "export", "report", "learn", "pack"),
    # what people type
    *("commands", "edge", "cli", "__main__"),
)
"""From the ground up: each may import those before it."""
FACES = {
    "sandbox": {"faults", "host", "wire", "describe", "worker"}
    | {
        f"tester.{name}"
        for name in ("calls", "launch", "isolation", "process", "session", "transcript")
    }
    | {f"worker.{name}" for name in ("confine", "modules")},
    "intake": {"downloads", "elsewhere", "submission", "timestamps"},
    "checks": {"documented", "expect", "mistakes", "plugin", "student"},
    "grading": {"earlier", "grader", "suites", "verdicts", "versions"}
    | {f"diagnosis.{name}" for name in ("catalogue", "explain")},
    "batch": {"run", "pool", "processes", "lock", "regraded"},
    "nbgrader": {"bookkeeping", "finals", "generate", "gradebook"},
    "release": {"build", "leaks", "new", "notebook", "proofs", "coverage", "classifier", "page"},
    "report": {"pages", "visible", "writer"},
}
"""What other rooms may import of a room; the rooms that are not here are only ever called by people
and by the command line."""


def imports(text: str) -> Iterator[str]:
    """The modules of the kit that the Python text imports, as `room.module`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name[4:] for name in node.names if name.name.startswith("kit."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kit":
            for name in node.names:
                yield _module(f"{node.module}.{name.name}".removeprefix("kit."))


def _module(dotted: str) -> str:
    """``dotted`` without the name of something inside a module."""
    parts = dotted.split(".")
    while parts and not _exists(ROOT / "kit" / "/".join(parts)):
        parts.pop()
    return ".".join(parts)


def _exists(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or path.is_dir()


def faults(module: str, text: str) -> list[str]:
    """What is wrong with the imports of a ``module``, such as ``intake.tree``."""
    room = module.split(".", maxsplit=1)[0]
    found = []
    for imported in imports(text):
        target, _, inside = imported.partition(".")
        if not target or target == room:
            continue
        if ROOMS.index(target) > ROOMS.index(room):
            found.append(f"{module} imports {imported}, which is above it")
        if target in FACES and inside not in FACES[target]:
            found.append(f"{module} reaches past the face of {target}, to {imported}")
    return found


MODULES = {
    ".".join(path.relative_to(ROOT / "kit").with_suffix("").parts): path
    for path in sorted((ROOT / "kit").rglob("*.py"))
    if path != ROOT / "kit/__init__.py" and "templates" not in path.parts
}


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_from_the_faces_of_those_below_it(module: str) -> None:
    assert faults(module, MODULES[module].read_text("utf-8")) == []


def test_every_room_is_in_the_order_and_says_what_lives_there() -> None:
    assert {module.split(".")[0] for module in MODULES} == set(ROOMS)
    for path in (ROOT / "kit").rglob("__init__.py"):
        assert len(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "") > 40, path


def test_one_room_knows_nbgrader() -> None:
    others = {name: path for name, path in MODULES.items() if not name.startswith("nbgrader")}
    assert [name for name, path in others.items() if _of_nbgrader(path.read_text("utf-8"))] == []
    assert _of_nbgrader("def f():\n    from nbgrader.api import Gradebook")


def _of_nbgrader(text: str) -> set[str]:
    """The modules of nbgrader, and of what configures it, that the Python text imports."""
    names = {
        name
        for node in ast.walk(ast.parse(text))
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    return {name for name in names if name.split(".")[0] in {"nbgrader", "traitlets"}}


def test_one_module_reads_the_authored_notebook() -> None:
    readers = [
        name
        for name, path in MODULES.items()
        if "read_notebook(assignment.notebook)" in path.read_text("utf-8")
        or ".notebook.read_" in path.read_text("utf-8")
    ]
    assert readers == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("intake.tree", "from kit.batch import pool"),
        ("results", "from kit.grading.verdicts import Verdict"),
        ("course", "import kit.cli"),
        ("grading.grader", "def f():\n    from kit.release import build"),
        ("batch.run", "from kit.intake.archive import Archive"),
        ("cli", "from kit.sandbox.worker.serve import serve"),
    ],
)
def test_an_import_upward_or_past_a_face_is_found(module: str, line: str) -> None:
    assert len(faults(module, line)) == 1


TESTS = [path for path in (ROOT / "tests").rglob("*.py") if "submissions" not in path.parts]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_what_tests_share_is_in_support(path: Path) -> None:
    """A test module imports no other one, nor a conftest."""
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    froms = [node for node in tree if isinstance(node, ast.ImportFrom) and node.module]
    named = [f"{node.module}.{name.name}" for node in froms for name in node.names]
    shared = [name for name in named if re.search(r"(^|\.)(test_\w+|conftest)\.", name)]
    assert shared == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_no_test_waits_for_a_process_without_end(path: Path) -> None:
    calls = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    waits = re.compile(r"subprocess\.(run|call|check_\w+)|.*\.(communicate|wait)")
    endless = [
        ast.unparse(call)
        for call in calls
        if waits.fullmatch(ast.unparse(call.func))
        if not any(keyword.arg in {"timeout", None} for keyword in call.keywords)
        if not (call.args and ast.unparse(call.func).endswith(".wait"))
    ]
    assert endless == []


def test_tests_lie_in_the_folders_of_rooms() -> None:
    """Beside the rooms of the kit: ``assignment`` (the real one), ``docs`` and ``command_line``."""
    folders = {path.parent.name for path in TESTS if path.name.startswith("test_")}
    assert folders - {"tests"} <= {*ROOMS, "assignment", "docs", "command_line"}


NAMES = re.compile(
    r"\boptim|cifar|\badam|relu|affine|momentum|rmsprop|nesterov|\bsgd|batch_?norm|dropout"
    r"|\bconv_|fc_net|next_w",
    re.IGNORECASE,
)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_names_an_optimizer_a_layer_or_a_data_set(module: str) -> None:
    """They are an assignment's; the kit knows none."""
    assert NAMES.findall(MODULES[module].read_text("utf-8")) == []


TEMPLATES = [path for path in (ROOT / "kit/release/templates").rglob("*.*") if path.is_file()]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_of_an_assignment_names_one(path: Path) -> None:
    assert path.suffix == ".pyc" or NAMES.findall(path.read_text("utf-8")) == []
