"""`kit new` writes an assignment that works as it is, and overwrites nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kit.course import assignment_names, files_below
from kit.release.new import TEMPLATE
from tests.support.command_line import kit
from tests.support.course import ROOT
from tests.support.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("warm")

BUILT = """
from setuptools import Distribution

distribution = Distribution({"script_name": "setup.py"})
distribution.parse_config_files()
distribution.include_package_data = False  # what git knows does not count, what we list does
build = distribution.get_command_obj("build_py")
build.ensure_finalized()
print(*build.get_outputs(include_bytecode=False), sep="\\n")
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course without an assignment, as the working directory."""
    for folder in ("source", "autograder"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_it_goes_the_whole_way_as_it_is(course: Path) -> None:
    code, output = kit("new", "mine")
    assert code == 0
    *files, following = output.splitlines()
    assert following == "Next: kit release mine"
    assert {Path(name).parts[:2] for name in files} == {
        (folder, "mine") for folder in ("source", "solutions", "autograder")
    }
    assert "ASSIGNMENT" not in "".join(f"{name}{(course / name).read_text()}" for name in files)
    for command in ("release mine", "release mine --check", "check solutions/mine", "suite mine"):
        code, output = kit(*command.split())
        assert code == 0, output
    assert "1 known mistakes, of which 1 are named" in output
    assert kit("check", "release/mine")[0] == 1
    cell = json.loads((course / "release/mine/mine.ipynb").read_text())["cells"][1]
    assert "| Squared error (`squared_error`) | 4 |" in "".join(cell["source"])


def test_the_wheel_holds_the_template() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    built = {name.partition("templates/")[2] for name in run.stdout.splitlines()}
    files = files_below(TEMPLATE)
    assert len(files) == 9
    assert [name for name in files if f"assignment/{name}" not in built] == [], run.stderr


@pytest.mark.parametrize("folder", ["source", "solutions", "autograder", "release"])
def test_what_is_there_is_not_overwritten(course: Path, folder: str) -> None:
    (course / folder / "mine").mkdir(parents=True)
    before = sorted(course.rglob("*"))
    code, output = kit("new", "mine")
    assert (code, f"{folder}/mine exists" in output) == (2, True)
    assert sorted(course.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["..", "a/b", "Mine", "1st", "two words", "class", "json", "numpy", "a-b"]
)
def test_a_name_that_can_not_be_used_is_refused(course: Path, name: str) -> None:
    code, output = kit("new", name)
    assert (code, f"An assignment can't be called {name!r}" in output) == (2, True)
    assert assignment_names(course) == []
