"""A homework that builds on an earlier one: what it shares, brings along, and states for itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.batch import cluster, pool
from kit.checks.student import Student
from kit.course import Assignment, CourseError
from kit.grading.grader import Grader
from kit.intake.submission import Submission, sources_of
from kit.limits import CAPS, Limits
from kit.pack.contents import grader_files, released_files
from kit.provided import content, load_provided
from kit.release import proofs
from kit.release.coverage import measure
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from tests.support.course import SOLUTION, graded_cell, write_course
from tests.support.results import task_of

pytestmark = pytest.mark.usefixtures("warm")

LATER = '''\
"""What builds on work.py."""

from nndl.work import double
from utils.tools import ONE


def fourfold(x):
    """Four times ``x``."""
    # YOUR CODE HERE: fourfold
    return double(double(ONE * x))
    # END YOUR CODE HERE
'''
SUITE = '''\
import pytest

from tiny import oracle


@pytest.mark.task("fourfold", points=3)
def test_fourfold(student, expect, rng):
    """y = 4 x"""
    x = rng.normal(size=3)
    expect.close(student.later.fourfold(x), oracle.twice(oracle.twice(x)), "fourfold(x)")
'''
EARLIER = """\
from tiny import oracle

EARLIER = {"fourfold": ("double",)}
FUNCTIONS = {"double": {"work.double": oracle.twice}}
"""
MISTAKES = """\
from tiny.mistakes import implementation as earlier

from kit.checks.mistakes import Switches

SWITCHES = Switches({"fourfold": {"times": 2}})
MISTAKES = SWITCHES.mistakes("fourfold", ("once", {"times": 1}, "You double once only."))


def implementation(changes):
    on, double = SWITCHES.on(changes), earlier({})["work.double"]
    return {"later.fourfold": lambda x: double(x) if on["fourfold"]["times"] == 1 else 4 * x}
"""
OF_TINY = """\
from kit.checks.mistakes import Mistake

MISTAKES = [Mistake("double.thrice", "double", {"factor": 3}, "It is 3 x.")]


def implementation(changes):
    return {"work.double": lambda x: changes.get("factor", 2) * x}
"""
BUILDS_ON: dict[str, Any] = {
    "assignment": "tiny",
    "gives": ["utils", "nndl/__init__.py"],
    "code": ["nndl/work.py"],
}


def write_second(root: Path, name: str = "second", **kit: Any) -> Assignment:
    """A second assignment beside `tiny`: the task `fourfold`, for which `double` is needed."""
    first = write_course(root)
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kit": {"builds_on": BUILDS_ON, **kit}},
        "cells": [graded_cell("fourfold", 3) | {"source": "from nndl.later import fourfold"}],
    }
    for path, text in {
        "source/tiny/utils/tools.py": "ONE = 1\n",
        "autograder/tiny/oracle.py": "def twice(x):\n    return x + x\n",
        "autograder/tiny/mistakes.py": OF_TINY,
        f"source/{name}/{name}.ipynb": json.dumps(notebook),
        f"solutions/{name}/nndl/later.py": LATER,
        f"autograder/{name}/test_later.py": SUITE,
        f"autograder/{name}/earlier.py": EARLIER,
        f"autograder/{name}/mistakes.py": MISTAKES,
    }.items():
        (first.root / path).parent.mkdir(parents=True, exist_ok=True)
        (first.root / path).write_text(text)
    return Assignment(first.root, name)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return write_second(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def with_solution(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    builds_on = {**BUILDS_ON, "code_from": "solution"}
    return write_second(tmp_path_factory.mktemp("course"), builds_on=builds_on)


class TestFiles:
    """What is shared has one home, and is copied into each release."""

    def test_shared_files_are_given_and_earlier_code_is_brought(self, second: Assignment) -> None:
        assert set(second.given) == {"second.ipynb", "utils/tools.py", "nndl/__init__.py"}
        assert second.given["utils/tools.py"] == second.root / "source/tiny/utils/tools.py"
        assert second.student_files == ("nndl/later.py", "nndl/work.py")
        assert load_provided(second, "utils.tools").ONE == 1

    def test_they_are_in_the_release(self, second: Assignment) -> None:
        proofs.publish(second)
        assert (second.release / "utils/tools.py").read_text() == "ONE = 1\n"
        brought = (second.release / "nndl/work.py").read_text()
        assert "Copy your nndl/work.py of the homework tiny over this file." in brought
        assert "return 2 * x" not in brought
        assert proofs.check(second) == []

    def test_earlier_code_may_be_given_solved(self, with_solution: Assignment) -> None:
        assert with_solution.student_files == ("nndl/later.py",)
        text = content(with_solution, "nndl/work.py").decode()
        assert "return 2 * x" in text
        assert "YOUR CODE HERE" not in text
        proofs.publish(with_solution)
        assert (with_solution.release / "nndl/work.py").read_text() == text
        assert proofs.check(with_solution) == []

    def test_a_third_one_takes_from_both(self, tmp_path: Path) -> None:
        second = write_second(tmp_path)
        folder = second.root / "source/third"
        folder.mkdir()
        builds_on = {
            "assignment": "second",
            "gives": ["utils"],
            "code": ["nndl/work.py", "nndl/later.py"],
        }
        notebook = json.loads(second.notebook.read_text())
        notebook["metadata"] = {"kit": {"builds_on": builds_on}}
        (folder / "third.ipynb").write_text(json.dumps(notebook))
        third = Assignment(second.root, "third")
        assert set(third.given) == {"third.ipynb", "utils/tools.py"}
        assert set(third.written) == {"nndl/work.py", "nndl/later.py"}
        assert [each.name for each in third.chain] == ["second", "tiny"]

    @pytest.mark.parametrize(
        ("builds_on", "said"),
        [
            ({"assignment": "third"}, "'third', which is no other assignment"),
            ({"assignment": "second"}, "'second', which is no other assignment"),
            ({"assignment": "tiny", "gives": ["tools"]}, "names tools, which the earlier"),
            ({"assignment": "tiny", "gives": "utils"}, "must list files and folders"),
            ({"assignment": "tiny", "code_from": "friends"}, "must hold"),
            ({"assignment": "tiny", "takes": []}, "must hold"),
            ({}, ""),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, tmp_path: Path, builds_on: dict[str, Any], said: str
    ) -> None:
        second = write_second(tmp_path, builds_on=builds_on)
        if not said:
            assert set(second.given) == {"second.ipynb"}
            return
        with pytest.raises(CourseError, match=said):
            print(second.given)

    def test_one_that_builds_on_itself_in_a_circle_is_refused(self, tmp_path: Path) -> None:
        second = write_second(tmp_path)
        first = second.root / "source/tiny/tiny.ipynb"
        notebook = json.loads(first.read_text())
        notebook["metadata"] = {"kit": {"builds_on": {"assignment": "second"}}}
        first.write_text(json.dumps(notebook))
        with pytest.raises(CourseError, match="builds on second itself"):
            print(second.given)

    def test_a_file_that_is_there_twice_is_refused(self, tmp_path: Path) -> None:
        second = write_second(tmp_path)
        (second.source / "utils").mkdir()
        (second.source / "utils/tools.py").write_text("ONE = 2\n")
        with pytest.raises(CourseError, match=r"second has utils/tools\.py, and takes it"):
            print(second.given)

    def test_a_linked_folder_is_refused(self, tmp_path: Path) -> None:
        second = write_second(tmp_path)
        (second.source / "utils").symlink_to(second.root / "source/tiny/utils")
        with pytest.raises(CourseError, match="is a linked folder, and what is in it would"):
            proofs.publish(second)


@pytest.fixture(scope="module")
def graded(second: Assignment) -> Iterator[Callable[..., dict[str, Any]]]:
    """``graded(work, later)``: the task `fourfold` of a submission of these two files."""
    with Grader(second) as grader:

        def grade(work: str = SOLUTION, later: str = LATER) -> dict[str, Any]:
            files = {"nndl/work.py": work.encode(), "nndl/later.py": later.encode()}
            task: dict[str, Any] = task_of(
                grader.grade(Submission("ada", files)).as_dict(), "fourfold"
            )
            return task

        yield grade


class TestGrading:
    """Earlier code runs along, and an old mistake costs nothing again."""

    def test_right_code_on_right_code(self, graded: Callable[..., dict[str, Any]]) -> None:
        task = graded()
        assert task["score"] == 3
        assert "follows_from" not in task

    @pytest.mark.parametrize("double", ["return 3 * x", "return None", "raise ValueError"])
    def test_an_old_mistake_costs_nothing_again(self, graded: Any, double: str) -> None:
        task = graded(SOLUTION.replace("return 2 * x", double))
        assert task["score"] == 3
        assert task["follows_from"] == ["tiny"]
        assert "and costs nothing here." in task["checks"][0]["message"]

    def test_code_that_was_not_brought_costs_nothing_either(self, second: Assignment) -> None:
        with Grader(second) as grader:
            result = grader.grade(Submission("ada", {"nndl/later.py": LATER.encode()})).as_dict()
        assert task_of(result, "fourfold")["score"] == 3

    def test_a_new_mistake_costs(self, graded: Callable[..., dict[str, Any]]) -> None:
        task = graded(later=LATER.replace("double(double(ONE * x))", "double(x)"))
        assert task["score"] == 0
        assert task["diagnosis"]["mistakes"] == ["fourfold.once"]

    def test_known_mistakes_are_caught_and_named(self, second: Assignment) -> None:
        (caught,) = measure(second)
        assert caught.named
        assert caught.checks == ("test_fourfold",)

    def test_the_given_solution_takes_the_place_of_what_is_handed_in(
        self, with_solution: Assignment
    ) -> None:
        wrong = SOLUTION.replace("return 2 * x", "return 3 * x").encode()
        files = {"nndl/work.py": wrong, "nndl/later.py": LATER.encode()}
        with Grader(with_solution) as grader:
            task = task_of(grader.grade(Submission("ada", files)).as_dict(), "fourfold")
        assert task["score"] == 3
        assert "follows_from" not in task


class TestElsewhere:
    """It grades on foreign machines, too."""

    def graded(self, root: Path, name: str) -> dict[str, Any]:
        there = Assignment(root, name)
        files = {"nndl/work.py": SOLUTION.encode(), "nndl/later.py": LATER.encode()}
        with Grader(there) as grader:
            assert grader.limits.cpu_seconds == 1234
            return task_of(grader.grade(Submission("ada", files)).as_dict(), "fourfold")

    @pytest.mark.parametrize("code_from", ["student", "solution"])
    def test_what_is_packed_can_grade(self, tmp_path: Path, code_from: str) -> None:
        builds_on = {**BUILDS_ON, "code_from": code_from}
        second = write_second(tmp_path / "here", builds_on=builds_on, limits={"cpu_seconds": 1234})
        packed = grader_files(second, released_files(second))
        write(tmp_path / "there", packed)
        assert self.graded(tmp_path / "there", "second")["score"] == 3
        if code_from == "student":
            texts = b"".join(packed[name] for name in packed if name.startswith("solutions/"))
            assert b"return 2 * x" not in texts

    def test_so_can_the_nodes_of_a_cluster(self, tmp_path: Path) -> None:
        second = write_second(tmp_path / "here", limits={"cpu_seconds": 1234})
        parcel = cluster.pack(pool.Settings(second, second.limits))
        write(tmp_path / "there", parcel.files)
        assert self.graded(tmp_path / "there", "second")["score"] == 3
        assert cluster.versions(Assignment(tmp_path / "there", "second")) == parcel.versions


def write(root: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


class TestLimits:
    """An assignment states its own limits, within a cap."""

    def test_without_any_they_are_the_usual_ones(self, second: Assignment) -> None:
        assert second.limits == Limits()

    def test_they_hold(self, tmp_path: Path) -> None:
        second = write_second(tmp_path, limits={"call_seconds": 0.5, "cpu_seconds": 1800})
        assert second.limits == Limits(call_seconds=0.5, cpu_seconds=1800)
        slow = LATER.replace("return double", "import time; time.sleep(9); return double")
        files = {"nndl/work.py": SOLUTION.encode(), "nndl/later.py": slow.encode()}
        with WarmParent(second.limits) as parent:
            session = Session(sources_of(second, Submission("ada", files)), parent)
            with pytest.raises(Exception, match=r"did not return within 0\.5 s"):
                Student(session).later.fourfold(1)
            session.close()

    @pytest.mark.parametrize(
        ("limits", "said"),
        [
            ({"cpu_seconds": CAPS["cpu_seconds"] + 1}, "at most 7,200, it is 7,201"),
            ({"cpu_seconds": 0}, "at most"),
            ({"cpu_seconds": "900"}, "must be a number"),
            ({"output_bytes": 1}, "can't state 'output_bytes'"),
            ([], "must be an object"),
        ],
    )
    def test_what_cannot_be_is_refused(self, tmp_path: Path, limits: Any, said: str) -> None:
        second = write_second(tmp_path, limits=limits)
        with pytest.raises(CourseError, match=said):
            print(second.limits)
