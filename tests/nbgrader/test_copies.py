"""Whatever is graded appears in formgrader and feedback, with the files that were handed in."""

from __future__ import annotations

import json
import zipfile
from contextlib import chdir
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from kit.course import Assignment
from kit.nbgrader import gradebook
from tests.support.bookkeeper import bookkeeper_here
from tests.support.command_line import kit
from tests.support.course import SOLUTION
from tests.support.nbgrader import SCRIPT, active, document, hand_in, native_course, nbgrader

pytestmark = pytest.mark.usefixtures("warm")

WORK = SOLUTION + f"# a remark of mine {SCRIPT}\n"


def grade(course: Assignment, *paths: str) -> str:
    """What ``kit grade`` says."""
    with chdir(course.root), bookkeeper_here():
        code, said = kit("grade", "tiny", *paths, "--jobs", "1")
    assert code == 0, said
    return said


def cells(course: Assignment, student: str) -> list[dict[str, Any]]:
    path = course.root / f"autograded/{student}/tiny/tiny.ipynb"
    found: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return found


def page(course: Assignment, student: str) -> str:
    return (course.root / f"feedback/{student}/tiny/tiny.html").read_text(encoding="utf-8")


def visible(text: str) -> str:
    return " ".join(BeautifulSoup(text, "html.parser").get_text().split())


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """Graded by the kit, then by nbgrader; only Ada's hand-in is as nbgrader wants it."""
    course = native_course(tmp_path_factory.mktemp("copies") / "course")
    gradebook.prepare(course)  # nbgrader would start a process to make one
    assert nbgrader(course, "generate_assignment", "tiny") == 0
    hand_in(course, "ada", WORK)
    (hand_in(course, "bob", WORK) / "tiny.ipynb").unlink()
    (course.root / "submitted/bob/tiny/timestamp.txt").write_text("2026-01-02 10:00 UTC")
    whole = hand_in(course, "cyn", WORK)
    whole.rename(course.root / "cyn")
    (whole / "final").mkdir(parents=True)
    (course.root / "cyn").rename(whole / "final/homework")
    other = hand_in(course, "dan", None)
    (other / "tiny.ipynb").rename(other / "last.ipynb")
    (hand_in(course, "eve", None) / "tiny.ipynb").write_text('{"nbformat": 4, "cells": [1, null]}')
    (course.root / "submitted/eve/tiny/tiny.ipynb").rename(
        course.root / "submitted/eve/tiny/odd.ipynb"
    )
    with zipfile.ZipFile(course.root / "zoe.zip", "w") as archive:
        archive.writestr("homework/nndl/work.py", WORK)
        archive.writestr("homework/tiny.ipynb", json.dumps(document(course)))
    grade(course, "submitted", "zoe.zip")
    assert nbgrader(course, "autograde", "tiny") == 0
    assert nbgrader(course, "generate_feedback", "tiny") == 0
    return course


@pytest.mark.parametrize("student", ["ada", "bob", "cyn", "dan", "eve", "zoe"])
def test_each_has_a_page_with_every_task(graded: Assignment, student: str) -> None:
    graded_cells = [
        cell["metadata"]["nbgrader"]["grade_id"]
        for cell in cells(graded, student)
        if "nbgrader" in cell["metadata"]
    ]
    assert sorted(graded_cells) == ["double", "essay", "remember"]
    assert "Automatic grading:" in visible(page(graded, student))


def test_formgrader_takes_all_for_autograded(graded: Assignment) -> None:
    """Also Bob, whose hand-in has a time that it compares."""
    course = CourseDirectory(root=str(graded.root), course_id="nndl")
    listed = NbGraderAPI(course).get_autograded_students("tiny")
    assert listed == {"ada", "bob", "cyn", "dan", "eve", "zoe"}


@pytest.mark.parametrize("student", ["ada", "cyn", "dan", "zoe"])
def test_the_written_answer_is_there(graded: Assignment, student: str) -> None:
    assert "An answer with weight." in visible(page(graded, student))


def test_where_there_is_none_it_says_so(graded: Assignment) -> None:
    assert "There was no such cell in the notebook that was handed in." in page(graded, "bob")
    assert "No notebook was handed in" in visible(page(graded, "bob"))


@pytest.mark.parametrize("student", ["ada", "bob", "cyn", "zoe"])
def test_the_files_stand_beside_the_verdicts_as_text(graded: Assignment, student: str) -> None:
    shown = visible(page(graded, student))
    assert "nndl/work.py, as it was handed in" in shown
    assert f"a remark of mine {SCRIPT}" in shown
    assert SCRIPT not in page(graded, student)
    assert active(page(graded, student)) <= active(page(graded, "eve"))
    last = cells(graded, student)[-1]
    assert last["cell_type"] == "markdown"  # nobody can run it
    assert "   1  " in "".join(last["source"])


def test_what_has_changed_is_all_that_is_made_again(graded: Assignment) -> None:
    """Tested last, for it changes hand-ins: Bob's file; Cyn's notebook, which now is in place."""
    unchanged = (graded.root / "autograded/zoe/tiny/tiny.ipynb").stat()
    (graded.root / "submitted/bob/tiny/nndl/work.py").write_text(WORK + "# changed\n")
    (graded.root / "submitted/cyn/tiny/tiny.ipynb").write_text(json.dumps(document(graded)))
    grade(graded, "submitted/bob", "submitted/cyn", "zoe.zip")
    assert "# changed" in "".join(cells(graded, "bob")[-1]["source"])
    assert not (graded.root / "autograded/cyn/tiny").exists()  # nbgrader makes it
    after = (graded.root / "autograded/zoe/tiny/tiny.ipynb").stat()
    assert (after.st_ino, after.st_mtime_ns) == (unchanged.st_ino, unchanged.st_mtime_ns)
