"""A tiny course for tests of the kit, which knows no assignment, and the isolation they share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.provided import load_provided
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session

ROOT = Path(__file__).parents[1]

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


def write_course(root: Path, suite: str = SUITE) -> Assignment:
    """A course with the one assignment ``tiny``: 4 + 2 automatic points and 1 manual one."""
    cells = [
        graded_cell("double", 4),
        graded_cell("remember", 2),
        graded_cell("essay", 1, manual=True),
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    for name, text in {
        "source/tiny/tiny.ipynb": json.dumps(notebook),
        "source/tiny/nndl/__init__.py": '"""The package."""\n',
        "solutions/tiny/nndl/work.py": SOLUTION,
        "autograder/tiny/test_work.py": suite,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Assignment(root, "tiny")


def submission(work: str | bytes, student: str = "ada") -> Submission:
    """A submission to ``tiny`` whose one file is ``work``."""
    return Submission(student, {"nndl/work.py": work.encode() if isinstance(work, str) else work})


def descendants(pid: int) -> set[int]:
    """The processes that ``pid`` started, and those that they did, as far as they run."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return set()
    found = {int(child) for child in children}
    return found.union(*(descendants(child) for child in found))


def task_of(result: dict[str, Any], task: str) -> dict[str, Any]:
    """One task of a result."""
    return next(entry for entry in result["tasks"] if entry["id"] == task)


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
