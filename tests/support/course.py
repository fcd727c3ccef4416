"""A tiny course for tests of the kit, which knows no assignment, and submissions to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kit.course import Assignment
from kit.intake.submission import Submission

ROOT = Path(__file__).parents[2]

SOLUTION = '''\
"""What a student writes."""

import numpy as np


def double(x):
    """Twice ``x``."""
    # YOUR CODE HERE: double
    return 2 * x
    # END YOUR CODE HERE


def remember(state, x):
    """Keep ``x`` in ``state``."""
    # YOUR CODE HERE: remember
    state["x"] = np.array(x)
    # END YOUR CODE HERE
'''
STUB = SOLUTION.replace("    return 2 * x", '    raise NotImplementedError("task double")')
SLEEPY = SOLUTION.replace("return 2 * x", "import time; time.sleep(0.5); return 2 * x")

SUITE = '''\
import pytest


@pytest.mark.task("double", points=1)
def test_double_of_one(student, expect):
    """Twice one is two."""
    expect.close(student.work.double(1.0), 2.0, "double(1)")


@pytest.mark.task("double", points=3)
def test_double_of_unseen(student, expect, rng):
    """y = 2 x"""
    x = rng.normal(size=(2, 3))
    expect.close(student.work.double(x.copy()), 2 * x, "double(x)")


@pytest.mark.task("remember", points=2)
def test_remember(student, expect, rng):
    """state["x"] is x."""
    x, state = rng.normal(size=3), student.place({})
    student.work.remember(state, x)
    expect.close(expect.entry(state.fetch(), "x"), x, "x")
'''


def graded_cell(task: str, points: int, *, manual: bool = False) -> dict[str, Any]:
    """A graded cell as nbgrader writes it."""
    return {
        "cell_type": "markdown" if manual else "code",
        "id": task,
        "metadata": {
            "nbgrader": {
                "schema_version": 3,
                "grade": True,
                "solution": manual,
                "locked": not manual,
                "task": False,
                "grade_id": task,
                "points": points,
            },
            "kit": {"title": f"The task {task}"},
        },
        "source": "an answer" if manual else f"from nndl.work import {task}",
        **({} if manual else {"execution_count": None, "outputs": []}),
    }


CONSTANTS = '''\
import numpy as np
import pytest

SIZES = [4, 3]
SETTINGS = {"rate": 0.5, "sizes": [1, 2], "w": np.arange(3.0)}
WEIGHTS = np.arange(6.0).reshape(2, 3)


@pytest.fixture(scope="session")
def shared():
    return {"x": np.ones(3), "names": ["a"]}


@pytest.mark.task("double", points=2)
def test_double_of_constants(student, expect):
    """Twice what the suite holds."""
    expect.close(student.work.double(WEIGHTS), 2 * WEIGHTS, "double(x)")
    expect.close(student.work.double(SETTINGS["w"]), 2 * np.arange(3.0), "double(x)")


@pytest.mark.task("double", points=2)
def test_double_of_a_fixture(student, expect, shared):
    """Twice what a fixture holds."""
    expect.close(student.work.double(shared["x"]), [2, 2, 2], "double(x)")


@pytest.mark.task("remember", points=2)
def test_remember(student, expect, shared):
    """state["x"] is x, whatever else is in the state."""
    for given in (SETTINGS, shared, {"sizes": SIZES}):
        with student.together():
            state = student.place(given)
            student.work.remember(state, WEIGHTS)
            student.work.remember(given, SIZES)
            held = state.fetch()
        expect.close(expect.entry(held.value, "x"), np.arange(6.0).reshape(2, 3), "x")
'''


def write_course(
    root: Path, suite: str = SUITE, *, solution: str = SOLUTION, mistakes: str = ""
) -> Assignment:
    """A course with the one assignment ``tiny``: 4 + 2 automatic points and 1 manual one.

    ``mistakes`` is its catalogue of known mistakes; without one there is no such file.
    """
    cells = [
        graded_cell("double", 4),
        graded_cell("remember", 2),
        graded_cell("essay", 1, manual=True),
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    for name, text in {
        "source/tiny/tiny.ipynb": json.dumps(notebook),
        "source/tiny/nndl/__init__.py": '"""The package."""\n',
        "solutions/tiny/nndl/work.py": solution,
        "autograder/tiny/test_work.py": suite,
        **({"autograder/tiny/mistakes.py": mistakes} if mistakes else {}),
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Assignment(root, "tiny")


def submission(work: str | bytes, student: str = "ada") -> Submission:
    """A submission to ``tiny`` whose one file is ``work``."""
    return Submission(student, {"nndl/work.py": work.encode() if isinstance(work, str) else work})


def hand_in(folder: Path, work: str = "x = 1\n", at: str = "nndl/work.py") -> Path:
    """Write the one file of a submission to ``tiny`` into ``folder``, and return the folder."""
    path = folder / at
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(work)
    return folder
