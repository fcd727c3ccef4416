"""What an instructor is told: what was graded, whose score changed and why, who is missing."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from kit.commands import consoles
from kit.course import Assignment
from kit.grading.versions import course_version
from tests.support.bookkeeper import bookkeeper_here
from tests.support.command_line import kit
from tests.support.course import SOLUTION, STUB, hand_in, write_course
from tests.support.nbgrader import give, nbgrader, opened

pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course with two assignments and an nbgrader tree; its folder is the working directory."""
    assignment = write_course(tmp_path / "course")
    (assignment.root / "source/other").mkdir()
    for student, work in {"ada": SOLUTION, "bob": STUB, "gil": SOLUTION + "# gil\n"}.items():
        hand_in(assignment.root / "submitted" / student / "tiny", work)
    monkeypatch.chdir(assignment.root)
    return assignment


def grade(*more: str, path: str = "submitted") -> str:
    """What grading without a gradebook says, in one line."""
    code, output = kit("grade", "tiny", path, "--jobs", 1, "--no-gradebook", *more)
    assert code == 0, output
    return " ".join(output.split())


def graded(course: Assignment) -> set[str]:
    return {path.stem for path in (course.root / "results/tiny").glob("*.json")}


class TestWhatWasDone:
    def test_what_is_unchanged_is_kept_and_says_so(self, course: Assignment) -> None:
        assert "3 submissions graded." in grade()
        hand_in(course.root / "submitted/bob/tiny", SOLUTION)
        said = grade()
        assert "ada: 6 of 6 points (kept)" in said
        assert "bob: 6 of 6 points (kept)" not in said
        assert "1 submission graded, 2 kept (unchanged since they were graded)." in said
        assert "3 submissions graded." in grade("--force")

    def test_a_rejected_one_is_kept_as_well(self, course: Assignment) -> None:
        hand_in(course.root / "submitted/zoe/tiny", at="essay.txt")
        grade()
        assert "0 submissions graded, 4 kept" in grade()

    def test_a_score_that_a_suite_changed_has_a_line_that_says_why(
        self, course: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consoles.console, "_width", 160)  # COLUMNS is read when it is made
        assert "scores that changed" not in grade()
        suite = course.suites / "test_work.py"
        suite.write_text(suite.read_text().replace("2 * x, ", "3 * x, "))
        course_version.cache_clear()  # each command has a process of its own
        said = grade()
        assert "│ ada │ 6 of 6 │ 3 of 6 │ The task double: 4 → 1" in said
        assert "(test_double_of_unseen fails now) │" in said
        assert "│ bob │" not in said  # the score is what it was

    def test_other_files_are_a_reason_too(
        self, course: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consoles.console, "_width", 160)  # COLUMNS is read when it is made
        grade()
        hand_in(course.root / "submitted/bob/tiny", SOLUTION)
        said = grade()
        assert "│ bob │ 2 of 6 │ 6 of 6 │ Other files were handed in." in said
        assert "test_double_of_one passes now, test_double_of_unseen passes now" in said


class TestOneStudent:
    def test_only_those_who_are_named_are_graded(self, course: Assignment) -> None:
        grade("--student", "gil", "--student", "bob")
        assert graded(course) == {"gil", "bob"}

    def test_a_name_that_nobody_has_is_wrong_usage(self, course: Assignment) -> None:
        code, output = kit("grade", "tiny", "submitted", "--student", "gill", "--jobs", 1)
        assert code == 2
        said = " ".join(output.split())
        assert "no submission of 'gill' among the 3 there. Is it gil?" in said
        assert not graded(course)

    @pytest.mark.parametrize("path", ["submitted/gil", "submitted/gil/tiny"])
    def test_a_folder_within_submitted_is_its_students(self, course: Assignment, path: str) -> None:
        grade(path=path)
        assert graded(course) == {"gil"}

    def test_whatever_is_in_it(self, course: Assignment) -> None:
        hand_in(course.root / "submitted/kim/tiny/homework/final", SOLUTION)
        assert "kim: 6 of 6 points" in grade(path="submitted/kim/tiny")
        assert graded(course) == {"kim"}

    def test_so_is_a_folder_of_assignments_elsewhere(
        self, course: Assignment, tmp_path: Path
    ) -> None:
        hand_in(tmp_path / "kim/tiny", SOLUTION)
        grade(path=str(tmp_path / "kim"))
        assert graded(course) == {"kim"}

    def test_one_without_this_assignment_is_told(self, course: Assignment) -> None:
        hand_in(course.root / "submitted/kim/other", SOLUTION)
        code, output = kit("grade", "tiny", "submitted/kim", "--jobs", 1)
        assert code == 2
        assert "holds other, and nothing for tiny" in " ".join(output.split())

    @pytest.mark.parametrize("name", ["tiny", "other"])
    def test_nobody_is_called_like_an_assignment(
        self, course: Assignment, tmp_path: Path, name: str
    ) -> None:
        hand_in(tmp_path / "class" / name, SOLUTION)
        hand_in(tmp_path / "class/ada", SOLUTION)
        for path in (tmp_path / "class", tmp_path / "class" / name):
            code, output = kit("grade", "tiny", path, "--no-gradebook", "--jobs", 1)
            assert code == 2
            assert f"is called like the assignment {name}" in " ".join(output.split())
        assert not graded(course)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """Ada is late and lost 2, Bob got half a point for his essay; Eve did not hand in."""
    course = write_course(tmp_path_factory.mktemp("late") / "course")
    (course.root / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\n"
        "class Two(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return 2.0\n"
    )
    (course.root / "nbgrader_config.py").write_text(
        f"import sys\nc = get_config()\nsys.path.insert(0, {str(course.root)!r})\n"
        "c.AssignLatePenalties.plugin_class = 'late.Two'\n"
    )
    for student, work in {"ada": SOLUTION, "bob": STUB}.items():
        folder = hand_in(course.root / "submitted" / student / "tiny", work)
        (folder / "timestamp.txt").write_text("2026-01-02 10:00 UTC")
    with pytest.MonkeyPatch.context() as here, bookkeeper_here():
        here.chdir(course.root)
        kit("grade", "tiny", "submitted", "--jobs", 1)
        give(course, "bob", "essay", 0.5)
        with opened(course) as book:
            book.update_or_create_assignment("tiny", duedate="2026-01-01 10:00 UTC")
            book.grant_extension("tiny", "bob", days=3)
            book.add_student("eve")
        code, said = kit("grade", "tiny", "submitted", "--jobs", 1)
    assert code == 0
    assert "Nothing was handed in by 1 student of the gradebook: eve." in said
    del sys.modules["late"]  # it is this course's own
    return course


class TestFinalScores:
    """CSV, Canvas and pages have what the gradebook has: a person's points and penalties."""

    def exported(self, course: Assignment, *what: str) -> tuple[list[dict[str, str]], str]:
        """The rows of an export, and what it says beside them."""
        with pytest.MonkeyPatch.context() as here:
            here.chdir(course.root)
            code, said = kit("export", what[0], "tiny", "--out", "file", *what[1:])
        assert code == 0, said
        text = (course.root / "file").read_text()
        assert len({len(row) for row in csv.reader(io.StringIO(text))}) == 1  # none is ragged
        return list(csv.DictReader(io.StringIO(text))), " ".join(said.split())

    def test_the_table_has_them(self, late: Assignment) -> None:
        rows, said = self.exported(late, "csv")
        columns = ("automatic_score", "manual_score", "late_submission_penalty", "score")
        assert [[row[name] for name in columns] for row in rows] == [
            ["6", "0", "2", "4"],
            ["2", "0.5", "0", "2.5"],
        ]
        assert [row["raw_score"] for row in rows] == ["6", "2.5"]
        assert "A person has still to grade something of ada." in said
        assert "Nothing was handed in by 1 student of the gradebook: eve." in said

    def test_nbgrader_exports_the_same(self, late: Assignment) -> None:
        rows, _ = self.exported(late, "csv")
        assert nbgrader(late, "export") == 0
        with (late.root / "grades.csv").open(newline="") as lines:
            theirs = {row["student_id"]: row for row in csv.DictReader(lines)}
        for row in rows:
            for name in ("raw_score", "late_submission_penalty", "score"):
                assert float(row[name]) == float(theirs[row["student_id"]][name]), (row, name)

    def test_so_has_canvas_in_a_column_of_any_name(self, late: Assignment) -> None:
        rows, _ = self.exported(late, "canvas", "--column", "Homework 3")
        assert [row["Homework 3"] for row in rows] == ["7", "4", "2.5"]

    def test_who_is_missing_is_said_of_canvas_roster(self, late: Assignment) -> None:
        roster = "Student,ID,SIS Login ID,Section\nA,1,ada,x\nB,2,bob,x\nZoe,3,zoe,x\n"
        (late.root / "roster.csv").write_text(roster + '"Student, Test",4,,x\n')
        rows, said = self.exported(late, "canvas", "--roster", "roster.csv")
        assert [row["tiny"] for row in rows] == ["4", "2.5", "", ""]
        assert "Nothing was handed in by 1 student of roster.csv: Zoe." in said

    @pytest.mark.parametrize(
        ("student", "told"), [("ada", ("6", "0", "2", "4 of 7")), ("bob", ("2", "0.5", "0", "2.5"))]
    )
    def test_so_have_the_pages(self, late: Assignment, student: str, told: tuple[str, ...]) -> None:
        with pytest.MonkeyPatch.context() as here:
            here.chdir(late.root)
            assert kit("report", "tiny")[0] == 0
        page = (late.root / f"report/tiny/students/{student}.html").read_text()
        table = page[page.index('<table class="worth">') :]
        for points in told:
            assert points in table
            table = table[table.index(points) :]
        overview = (late.root / "report/tiny/index.html").read_text()
        assert f'<td class="number">{told[-1].split()[0]}</td>' in overview

    def test_where_the_gradebook_lags_behind_it_is_said(
        self, late: Assignment, course: Assignment
    ) -> None:
        (course.root / "gradebook.db").write_bytes((late.root / "gradebook.db").read_bytes())
        hand_in(course.root / "submitted/ada/tiny", STUB)
        grade()
        code, _ = kit("report", "tiny")
        assert code == 0
        page = (course.root / "report/tiny/students/gil.html").read_text()
        assert "worth" not in page.partition("<main>")[2]  # nobody knows more than the checks
        overview = (course.root / "report/tiny/index.html").read_text()
        assert '<td class="number">\N{EN DASH}</td>' in overview
        _, said = self.exported(course, "csv")
        assert "other automatic points than the results of ada." in said
        assert "The gradebook does not have gil: those are the automatic points alone." in said

    def test_without_a_gradebook_the_automatic_points_are_said_to_be_that(
        self, course: Assignment
    ) -> None:
        grade()
        rows, said = self.exported(course, "csv")
        assert "these are the automatic points alone" in said
        assert [(row["score"], row["manual_score"]) for row in rows] == [
            ("6", ""),
            ("2", ""),
            ("6", ""),
        ]
        assert not (course.root / "gradebook.db").exists()

    def test_a_gradebook_that_can_not_be_read_is_no_reason_for_other_scores(
        self, course: Assignment
    ) -> None:
        grade()
        (course.root / "gradebook.db").write_text("no database at all" * 100)
        code, said = kit("export", "csv", "tiny")
        assert code == 2
        assert "can't be read" in " ".join(said.split())


def test_a_course_without_an_assignment_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "autograder").mkdir()
    monkeypatch.chdir(tmp_path)
    code, output = kit("check")
    assert code == 2
    assert "The course has no assignment" in " ".join(output.split())


def test_json_of_a_result_says_whose_it_is(course: Assignment) -> None:
    grade(path="submitted/gil/tiny")
    stored = json.loads((course.root / "results/tiny/gil.json").read_text())
    assert stored["student"] == "gil"
