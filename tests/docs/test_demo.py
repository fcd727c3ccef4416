"""The demo tells the truth, and the README shows what it prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.support.course import ROOT
from tests.support.processes import PATIENCE

RUN = "import pathlib, sys, pictures; print(pictures.printed(pathlib.Path(sys.argv[1])), end='')"
NAMED = {
    "lucia": ["adam.no_correction"],
    "oscar": ["affine_backward.db_row"],
    "priya": ["sgd_momentum.not_stored", "rmsprop.epsilon_inside"],
    "reference": [],
    "untouched": [],
}
"""The known mistakes of each hand-in, in the order of the tasks."""


@dataclass
class Demo:
    """What a run without the training left, and what it printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-c", RUN, folder]
    run = subprocess.run(
        command,
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    return Demo(folder, run.stdout)


def like(text: str) -> list[str]:
    """The lines of ``text`` without times, in an order that doesn't depend on which came first."""
    return sorted(re.sub(r"\(\d+\.\d s\)", "(a moment)", text).splitlines())


def test_the_mistakes_are_named(demo: Demo) -> None:
    for student, mistakes in NAMED.items():
        result = json.loads((demo.folder / f"results/{student}.json").read_text("utf-8"))
        diagnoses = [task["diagnosis"] for task in result["tasks"] if "diagnosis" in task]
        assert [name for found in diagnoses for name in found["mistakes"]] == mistakes, student
        failed = sum(task["status"] == "failed" for task in result["tasks"])
        assert failed == (10 if student == "untouched" else len(mistakes)), student


def test_the_pages_that_it_names_are_there(demo: Demo) -> None:
    named = re.findall(r"^\w+ page: +build/demo/(\S+)$", demo.printed, re.MULTILINE)
    assert named == ["report/index.html", "report/students/priya.html"]
    assert [name for name in named if not (demo.folder / name).is_file()] == []


def test_the_readme_shows_what_it_prints(demo: Demo) -> None:
    (shown,) = re.findall(
        r"^```text\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert like(shown) == like(demo.printed), "Run `make pictures` and commit the README."


@pytest.mark.parametrize("name", ["student.png", "class.png"])
def test_the_pictures_are_small(name: str) -> None:
    path = ROOT / "docs/pictures" / name
    assert path.stat().st_size < 150_000
    with Image.open(path) as picture:
        assert picture.width >= 800
