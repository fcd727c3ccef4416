"""The README.md of a release says what the assignment declares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.course import Assignment, assignment_names
from kit.release import guide as guides
from tests.support.command_line import kit
from tests.support.course import ROOT, write_course

pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    assignment = write_course(tmp_path)
    monkeypatch.chdir(tmp_path)
    return assignment


def guide(assignment: Assignment) -> str:
    """The guide of a fresh release."""
    assert kit("release", assignment.name)[0] == 0
    return (assignment.release / "README.md").read_text("utf-8")


def declare(assignment: Assignment, cell: int, **metadata: object) -> None:
    document = json.loads(assignment.notebook.read_text())
    document["cells"][cell]["metadata"] |= metadata
    assignment.notebook.write_text(json.dumps(document))


def test_it_says_what_is_written_where_and_for_how_many_points(course: Assignment) -> None:
    text = guide(course)
    assert "| The task double (`double`) | 4 | `double` in `nndl/work.py` |" in text
    assert "| The task essay (`essay`) | 1 | your answer in `tiny.ipynb`, which a person" in text
    assert "| **All together** | **7** | |" in text
    assert "`nndl/work.py` and, in `tiny.ipynb`, the answer to `essay`" in text
    assert "data set" not in text


def test_a_training_is_told_by_the_rule_of_its_check(course: Assignment) -> None:
    declare(course, 1, tags=["training"])
    assert '`remember` in `nndl/work.py` state["x"] is x. |' in guide(course)


def test_a_loader_of_data_is_told(course: Assignment) -> None:
    (course.source / "utils").mkdir()
    (course.source / "utils/data_utils.py").write_text("def fetch(source=None): ...\n")
    assert "python -m utils.data_utils" in guide(course)


def test_a_readme_of_the_author_s_own_stays(course: Assignment) -> None:
    (course.source / "README.md").write_text("Mine.\n")
    assert guide(course) == "Mine.\n"


@pytest.mark.parametrize("name", assignment_names(ROOT))
def test_the_homeworks_declare_all_that_it_tells(name: str) -> None:
    """Every task has a place, and each file to bring is named."""
    assignment = Assignment(ROOT, name)
    text = (assignment.release / guides.NAME).read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "(`" in line]
    assert len(rows) == len(assignment.tasks)
    assert [row for row in rows if row.endswith(("| |", "|  |"))] == []
    assert [name for name in assignment.student_files if f"`{name}`" not in text] == []
    assert ("## What you bring" in text) is (assignment.builds_on is not None)
    assert "%" in next(row for row in rows if "`cifar10`" in row)
