"""The examples of docs/checks.md are an assignment that works as the page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit.checks import mistakes as catalogue
from kit.checks.expect import Expect
from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.release import proofs
from kit.release.coverage import measure
from tests.support.course import ROOT, graded_cell
from tests.support.processes import PATIENCE
from tests.support.results import task_of

pytestmark = pytest.mark.usefixtures("warm")

PAGE = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
WHOLE_FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
GIVEN = {
    "nndl/__init__.py": "",
    "utils/solver.py": '''\
"""Trains a net that gives scores X·W."""

import numpy as np


class Solver:
    """Moves the column of each class towards the mean of its examples."""

    def __init__(self, net, data, rate, seed=None):
        self.net, self.data, self.rate = net, data, rate

    def train_epoch(self):
        """One step."""
        for label in np.unique(self.data["y_train"]):
            mean = self.data["X_train"][self.data["y_train"] == label].mean(axis=0)
            self.net.params["W"][:, label] += self.rate * mean
''',
    "utils/data_utils.py": '''\
"""Points around three corners."""

import tempfile
from pathlib import Path

import numpy as np


def points():
    """90 points, those for training mapped from a file."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=90)
    X = np.array([[0, 3], [3, -2], [-3, -2]])[y] + rng.normal(size=(90, 2)) / 3
    path = Path(tempfile.mkdtemp(), "X.npy")
    np.save(path, X[:60])
    mapped = np.load(path, mmap_mode="r")
    return {"X_train": mapped, "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}
''',
}


@pytest.fixture(scope="module")
def means(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """The assignment of the page, with the notebook and the given files that it does not show."""
    root = tmp_path_factory.mktemp("course")
    cells = [graded_cell(task, points) for task, points in (("center", 3), ("drop", 2), ("net", 3))]
    for cell in cells:
        cell["source"] = f"import nndl.means  # {cell['id']}"
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    files = {f"source/means/{name}": text for name, text in GIVEN.items()}
    files |= {"source/means/means.ipynb": json.dumps(notebook), **dict(WHOLE_FILE.findall(PAGE))}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Assignment(root, "means")


def test_it_is_released_and_proved(means: Assignment) -> None:
    proofs.publish(means)
    assert proofs.check(means) == []


def test_its_known_mistakes_are_caught_and_named(means: Assignment) -> None:
    caught = list(measure(means))
    assert len(caught) == 5
    assert [each for each in caught if not each.named or each.elsewhere] == []


def test_a_message_says_which_values_are_right(means: Assignment) -> None:
    solved = (means.solutions / "nndl/means.py").read_text()
    wrong = solved.replace("0.1 * x.mean(axis=0)", "0.2 * x.mean(axis=0)")
    with Grader(means, ["center"]) as grader:
        result = grader.grade(Submission("ada", {"nndl/means.py": wrong.encode()})).as_dict()
    (check,) = (c for c in task_of(result, "center")["checks"] if c["status"] == "failed")
    assert check["message"].startswith("`mean` after call 1 of 3 is wrong")
    assert "Right there: `out`." in check["message"]


def test_it_runs_as_ordinary_tests(means: Assignment) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "autograder/means"]
    run = subprocess.run(
        [*command, "--submission", "solutions/means"],
        cwd=means.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "5 passed" in run.stdout, run.stdout + run.stderr


def test_its_files_are_formatted_as_all_code_is(means: Assignment) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    run = subprocess.run(
        [ruff, "format", "--check", "--config", ROOT / "pyproject.toml", means.root],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stdout


def test_the_page_names_all_that_an_author_can_call() -> None:
    names = [name for name in vars(Expect) if not name.startswith("_")]
    names += [name for name in vars(Student) if not name.startswith("_")]
    names = [name for name in names if name not in {"begin", "called"}]  # the grader's own
    assert [name for name in names if f"{name}(" not in PAGE] == []
    for field in catalogue.Mistake._fields:
        assert field in PAGE
