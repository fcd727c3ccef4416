"""A hand-in of another homework is recognised and named, and no hand-in of this one is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kit.course import Assignment, assignment_names
from kit.intake.submission import RejectedError, read
from tests.support.course import ROOT, SOLUTION, graded_cell, hand_in, write_course

NAMES = assignment_names(ROOT)


def said(assignment: Assignment, folder: Path) -> str:
    """What is said of the submission in ``folder``, graded or not."""
    try:
        return " ".join(read(folder, assignment, "ada", assignment.limits).notes)
    except RejectedError as error:
        return str(error)


@pytest.mark.parametrize("handed_in", NAMES)
@pytest.mark.parametrize("asked", NAMES)
@pytest.mark.parametrize("notebook", [True, False])
def test_of_the_course_each_is_told_from_each(
    tmp_path: Path, asked: str, handed_in: str, notebook: bool
) -> None:
    """As released, with and without its notebook; in a folder of another name."""
    folder = tmp_path / "homework"
    shutil.copytree(ROOT / "release" / handed_in, folder)
    if not notebook:
        (folder / f"{handed_in}.ipynb").unlink()
    told = said(Assignment(ROOT, asked), tmp_path)
    if asked == handed_in:
        assert "another homework" not in told
    else:
        assert f"This looks like {handed_in}, another homework: it holds " in told
        assert f"hand in {asked}." in told


def test_who_hands_in_both_is_not_taken_for_the_other(tmp_path: Path) -> None:
    for name in ("optimization", "batchnorm"):
        shutil.copytree(ROOT / "release" / name, tmp_path / "ada", dirs_exist_ok=True)
    for asked in ("optimization", "batchnorm"):
        assert "another homework" not in said(Assignment(ROOT, asked), tmp_path / "ada")


class TestOneModule:
    """Two homeworks whose module has one name: functions and notebooks tell them apart."""

    @pytest.fixture
    def tiny(self, tmp_path: Path) -> Assignment:
        first = write_course(tmp_path / "course")
        for room in ("source", "solutions", "autograder"):
            shutil.copytree(first.root / room / "tiny", first.root / room / "next")
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
        notebook |= {"cells": [graded_cell("triple", 4), graded_cell("remember", 2)]}
        (first.root / "source/next/tiny.ipynb").unlink()
        (first.root / "source/next/next.ipynb").write_text(json.dumps(notebook))
        (first.root / "solutions/next/nndl/work.py").write_text(
            SOLUTION.replace("double", "triple")
        )
        return first

    def test_by_a_function(self, tiny: Assignment, tmp_path: Path) -> None:
        other = Assignment(tiny.root, "next")
        folder = hand_in(tmp_path / "ada", SOLUTION)
        assert "looks like tiny" in said(other, folder)
        assert "it holds `double` in nndl/work.py, and nothing that next" in said(other, folder)
        assert "another homework" not in said(tiny, folder)

    def test_by_the_cells_of_a_notebook_with_the_right_name(
        self, tiny: Assignment, tmp_path: Path
    ) -> None:
        folder = hand_in(tmp_path / "ada", "# nothing yet\n")
        shutil.copy(tiny.root / "source/next/next.ipynb", folder / "tiny.ipynb")
        assert "This looks like next, another homework: it holds tiny.ipynb" in said(tiny, folder)
        shutil.copy(tiny.root / "source/tiny/tiny.ipynb", folder / "tiny.ipynb")
        assert "another homework" not in said(tiny, folder)

    def test_in_what_is_rejected(self, tiny: Assignment, tmp_path: Path) -> None:
        (tmp_path / "ada").mkdir()
        shutil.copy(tiny.root / "source/next/next.ipynb", tmp_path / "ada")
        told = said(tiny, tmp_path / "ada")
        assert told.startswith("This looks like next, another homework: it holds next.ipynb")
        assert "None of the files to hand in was found" in told

    def test_a_broken_homework_costs_nobody_a_grade(self, tiny: Assignment, tmp_path: Path) -> None:
        (tiny.root / "source/next/next.ipynb").write_text("{")
        assert "another homework" not in said(tiny, hand_in(tmp_path / "ada", SOLUTION))
