"""The demo of the course tells the truth, and the README's table of homeworks is right."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from types import ModuleType

import pytest

from kit.course import Assignment, assignment_names
from kit.grading.grader import Grader
from kit.grading.suites import Suites
from kit.intake.submission import Submission
from kit.release.coverage import count
from tests.support.bookkeeper import bookkeeper_here
from tests.support.command_line import kit
from tests.support.course import ROOT

pytestmark = pytest.mark.usefixtures("warm")

NAMED = {
    "optimization": ["adam.no_correction"],
    "batchnorm": ["batchnorm_forward.momentum_swapped", "dropout_forward.not_scaled"],
    "cnn": ["conv_backward_naive.dx_corner"],
}
"""The known mistakes of the hand-in with slips, in the order of the tasks."""
README = (ROOT / "README.md").read_text("utf-8")
ROWS = re.findall(r"^\| \[`(\w+)`\].*$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def demo_course() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))
        yield importlib.import_module("demo_course")


class TestDemo:
    def test_it_shows_all_homeworks(self, demo_course: ModuleType) -> None:
        assert sorted(demo_course.HOMEWORKS) == sorted(NAMED) == assignment_names(ROOT)

    @pytest.mark.parametrize("name", NAMED)
    def test_the_mistakes_are_named(
        self, demo_course: ModuleType, tmp_path: Path, name: str
    ) -> None:
        assignment = Assignment(ROOT, name)
        demo_course.hand_in(assignment, tmp_path, demo_course.HOMEWORKS[name])
        (student,) = demo_course.HOMEWORKS[name]
        files = {
            file: (tmp_path / student / file).read_bytes() for file in assignment.student_files
        }
        with Grader(assignment, [mistake.split(".")[0] for mistake in NAMED[name]]) as grader:
            tasks = grader.grade(Submission(student, files)).as_dict()["tasks"]
        diagnoses = [task["diagnosis"] for task in tasks if "diagnosis" in task]
        assert [each for found in diagnoses for each in found["mistakes"]] == NAMED[name]

    @pytest.mark.slow
    def test_a_homework_goes_from_its_source_to_its_pages(
        self, demo_course: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Here one of them, which builds on another, by commands in this process."""

        def run(_: object, *arguments: str, course: Path) -> None:
            more = ("--jobs", "1") if arguments[0] == "grade" else ()
            with chdir(course), bookkeeper_here():
                code, said = kit(*arguments, *more)
            assert code == 0, said

        monkeypatch.setattr(demo_course, "run", run)
        monkeypatch.setattr(
            demo_course, "HOMEWORKS", {"batchnorm": demo_course.HOMEWORKS["batchnorm"]}
        )
        demo_course.show(tmp_path / "demo")
        scores = {
            path.stem: json.loads(path.read_text("utf-8"))["score"]
            for path in (tmp_path / "demo/results/batchnorm").glob("*.json")
        }
        assert scores == {"untouched": 0, "reference": 80, "noor": 69}
        assert (tmp_path / "demo/report/batchnorm/index.html").is_file()


class TestTable:
    def test_it_has_every_homework(self) -> None:
        assert sorted(ROWS) == assignment_names(ROOT)

    @pytest.mark.parametrize("name", assignment_names(ROOT))
    def test_its_figures_are_those_of_the_tree(self, name: str) -> None:
        assignment = Assignment(ROOT, name)
        with Suites(assignment) as suites:
            (rule,) = (
                check.hint
                for check in suites.checks
                for task in assignment.tasks
                if task.id == check.task and task.training
            )
        (row,) = re.findall(rf"^\| \[`{name}`\].*$", README, re.MULTILINE)
        _, _, _, tasks, points, needed, mistakes, _, _ = (cell.strip() for cell in row.split("|"))
        assert tasks == str(len(assignment.tasks))
        by_a_person = sum(task.points for task in assignment.tasks if task.manual)
        assert points == f"{sum(t.points for t in assignment.tasks):g}, {by_a_person:g} by a person"
        assert re.findall(r"\d+%", needed) == re.findall(r"\d+%", rule)
        assert mistakes == str(count(assignment))
