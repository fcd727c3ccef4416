"""The commands, by exit code and one telling phrase."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from kit.course import Assignment
from kit.display import plain
from kit.sandbox.faults import IsolationMissing
from tests.support.command_line import kit
from tests.support.course import ROOT, SOLUTION, STUB, write_course
from tests.support.results import require_documented

pytestmark = pytest.mark.usefixtures("warm")

HOSTILE = "print('::set-output name=x::y')\nraise ValueError('[red]::error::no[/red]')\n"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course, and its folder as the working directory."""
    assignment = write_course(tmp_path / "course")
    monkeypatch.chdir(assignment.root)
    return assignment


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    for student, work in {"ada": SOLUTION, "bob": STUB, "eve": HOSTILE}.items():
        path = tmp_path / "submitted" / student / "nndl/work.py"
        path.parent.mkdir(parents=True)
        path.write_text(work)
    (tmp_path / "submitted/zoe").mkdir()
    return tmp_path / "submitted"


class TestCheck:
    def test_a_solution_passes(self, course: Assignment, submitted: Path) -> None:
        code, output = kit("check", submitted / "ada")
        assert code == 0
        assert "6 of 6" in output

    def test_a_stub_fails_and_is_told_why(self, course: Assignment, submitted: Path) -> None:
        code, output = kit("check", submitted / "bob")
        assert code == 1
        assert "Your `double` is not implemented yet" in output

    def test_nothing_to_grade_fails(self, course: Assignment, submitted: Path) -> None:
        code, output = kit("check", submitted / "zoe")
        assert code == 1
        assert "None of the files to hand in was found" in output

    def test_json_is_the_result(self, course: Assignment, submitted: Path) -> None:
        code, output = kit("check", submitted / "bob", "--json")
        assert code == 1
        require_documented(json.loads(output))

    def test_a_seed_replays(self, course: Assignment, submitted: Path) -> None:
        assert json.loads(kit("check", submitted / "ada", "--json", "--seed", 5)[1])["seed"] == 5

    def test_a_fault_of_ours_has_its_own_code(self, course: Assignment, submitted: Path) -> None:
        suite = course.suites / "test_work.py"
        suite.write_text(
            suite.read_text().replace("expect.close(student", "1 / 0; expect.close(student")
        )
        assert kit("check", submitted / "ada")[0] == 3

    def test_some_tasks_alone(self, course: Assignment, submitted: Path) -> None:
        """What nobody asked for decides nothing, and is named."""
        for option, value in (("--tasks", "remember"), ("--skip", "double")):
            code, output = kit("check", submitted / "bob", option, value)
            assert code == 0, output
            assert "2 of 2 automatic points. Left out: The task double." in output
        assert kit("check", submitted / "bob", "--tasks", "double")[0] == 1
        assert kit("check", submitted / "bob", "--tasks", "doubles")[0] == 2
        assert kit("check", submitted / "bob", "--skip", "double,remember")[0] == 2

    def test_each_task_is_told_as_it_ends_and_the_end_says_what_is_next(
        self, course: Assignment, submitted: Path
    ) -> None:
        _, output = kit("check", submitted / "bob")
        first, *_, last = output.strip().splitlines()
        assert first == "The task double: 0 of 2 checks passed"
        assert output.splitlines()[1] == "The task remember: 1 of 1 check passed"
        assert "\n2 of 6 automatic points.\n" in output
        assert last == "Next: The task double (double). What is wrong with it is said above."

    def test_tasks_come_in_the_order_of_the_notebook(
        self, course: Assignment, submitted: Path
    ) -> None:
        """Not in that of the files, where a test_cifar10.py would train first."""
        suite = course.suites / "test_work.py"
        head, _, tail = suite.read_text().partition('@pytest.mark.task("remember"')
        suite.write_text(head)
        tail = f'import pytest\n\n\n@pytest.mark.task("remember"{tail}'
        (course.suites / "test_a_first_file.py").write_text(tail)
        lines = kit("check", submitted / "ada")[1].splitlines()
        assert lines[0].startswith("The task double: ")
        assert lines[1].startswith("The task remember: ")

    def test_another_system_is_told_at_once(
        self, course: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.platform", "darwin")
        code, output = kit("check", "nowhere")
        assert code == 3
        assert "kit check needs Linux" in output
        assert "python -m utils.check" in output

    @pytest.mark.parametrize(
        "lost",
        [IsolationMissing("A worker lacks namespaces."), FileNotFoundError(2, "gone", "bwrap")],
    )
    def test_bubblewrap_that_disappears_in_the_middle_is_no_failed_task(
        self,
        lost: Exception,
        course: Assignment,
        submitted: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def graded(*_: object, **__: object) -> None:
            raise lost

        monkeypatch.setattr("kit.grading.grader.Grader.grade", graded)
        assert kit("check", submitted / "ada")[0] == 3

    def test_outside_of_a_course_is_wrong_usage(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        code, output = kit("check")
        assert code == 2
        assert "not inside a course" in " ".join(output.split())


class TestGrade:
    def test_a_class_is_graded_by_student(
        self, course: Assignment, submitted: Path, bookkeeper_here: None
    ) -> None:
        code, output = kit("grade", "tiny", submitted)
        assert code == 0
        assert "4 of 4 results are in the gradebook" in output
        found = {
            path.stem: json.loads(path.read_text())
            for path in (course.root / "results/tiny").glob("*.json")
        }
        for result in found.values():
            require_documented(result)
        assert {name: (result["status"], result["score"]) for name, result in found.items()} == {
            "ada": ("graded", 6),
            "bob": ("graded", 2),
            "eve": ("graded", 0),
            "zoe": ("rejected", 0),
        }
        assert "6 of 6" in output

    def test_one_submission_and_another_place(
        self, course: Assignment, submitted: Path, tmp_path: Path
    ) -> None:
        assert (
            kit("grade", "tiny", submitted / "ada", "--jobs", 1, "--out", tmp_path / "here")[0] == 0
        )
        assert [path.name for path in (tmp_path / "here").glob("*.json")] == ["ada.json"]
        assert not (course.root / "results").exists()
        assert not (course.root / "gradebook.db").exists()

    def test_a_gradebook_that_fails_costs_no_result(
        self, course: Assignment, submitted: Path, bookkeeper_here: None
    ) -> None:
        (course.root / "gradebook.db").write_text("no database")
        code, output = kit("grade", "tiny", submitted, "--jobs", 1)
        assert code == 1
        assert "could not be written" in " ".join(output.split())
        assert len(list((course.root / "results/tiny").glob("*.json"))) == 4

    def test_what_is_late_is_seen_in_nbgraders_tree(
        self, course: Assignment, submitted: Path, bookkeeper_here: None
    ) -> None:
        for student, time in {"ada": "2026-01-02 10:00 UTC", "bob": "soon"}.items():
            folder = course.root / "submitted" / student / "tiny"
            folder.parent.mkdir(parents=True)
            (submitted / student).rename(folder)
            (folder / "timestamp.txt").write_text(time)
        code, output = kit("grade", "tiny", course.root / "submitted", "--jobs", 1)
        assert code == 0
        assert "bob/tiny/timestamp.txt holds no time" in output
        with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
            assert book.find_submission("tiny", "ada").timestamp == datetime(2026, 1, 2, 10)

    def test_an_nbgrader_tree_is_a_folder_of_submissions(
        self, course: Assignment, submitted: Path, tmp_path: Path
    ) -> None:
        tree = tmp_path / "tree"
        (tree / "ada").mkdir(parents=True)
        (submitted / "ada").rename(tree / "ada/tiny")
        kit("grade", "tiny", tree, "--jobs", 1, "--no-gradebook")
        assert json.loads((course.root / "results/tiny/ada.json").read_text())["score"] == 6

    def test_only_some_tasks(self, course: Assignment, submitted: Path) -> None:
        kit(
            "grade", "tiny", submitted / "ada", "--jobs", 1, "--tasks", "remember", "--no-gradebook"
        )
        assert json.loads((course.root / "results/tiny/ada.json").read_text())["max_score"] == 2

    @pytest.mark.parametrize(
        ("arguments", "phrase"),
        [
            (["nothing", "."], "The course has: tiny"),
            (["tiny", "nowhere"], "is neither a folder"),
            (["tiny", ".", "--tasks", "triple"], "double, remember"),
        ],
    )
    def test_wrong_usage_is_told(
        self, course: Assignment, arguments: list[str], phrase: str
    ) -> None:
        code, output = kit("grade", *arguments)
        assert code == 2
        assert phrase in " ".join(output.split())

    def test_a_fault_of_ours_has_its_own_code(self, course: Assignment, submitted: Path) -> None:
        suite = course.suites / "test_work.py"
        suite.write_text(
            suite.read_text().replace("expect.close(student", "1 / 0; expect.close(student")
        )
        code, output = kit("grade", "tiny", submitted / "ada", "--jobs", 1, "--no-gradebook")
        assert code == 1
        assert "error" in output

    def test_a_students_text_is_neither_markup_nor_a_command(
        self, course: Assignment, submitted: Path
    ) -> None:
        _, output = kit("check", submitted / "eve")
        assert "[red]" in output
        assert not [line for line in output.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize(
    "text",
    ["::error::x", "a\n::stop-commands::x", "x ::set-env name=A::b", "##[error]x", "a\n  ::x"],
)
def test_no_command_to_a_ci_job_is_printed(text: str) -> None:
    shown = str(plain(text))
    assert " ::" not in f" {shown}".replace("\n", " ")
    assert "##[" not in shown
    assert shown.replace("\u200b", "") == text


class TestExport:
    @pytest.fixture
    def graded(self, course: Assignment, submitted: Path) -> None:
        kit("grade", "tiny", submitted / "ada", "--jobs", 1, "--no-gradebook")

    @pytest.mark.usefixtures("graded")
    @pytest.mark.parametrize(
        ("form", "phrase"),
        [("csv", "tiny,,,ada"), ("canvas", "SIS Login ID"), ("junit", "<testsuite ")],
    )
    def test_a_format_is_printed_or_written(self, form: str, phrase: str, tmp_path: Path) -> None:
        code, output = kit("export", form, "tiny")
        assert code == 0
        assert phrase in output
        assert kit("export", form, "tiny", "--out", tmp_path / "file")[0] == 0
        assert phrase in (tmp_path / "file").read_text()

    @pytest.mark.usefixtures("graded")
    def test_a_roster_of_another_kind_is_wrong_usage(self, tmp_path: Path) -> None:
        (tmp_path / "roster.csv").write_text("not,a,gradebook\n")
        code, output = kit("export", "canvas", "tiny", "--roster", tmp_path / "roster.csv")
        assert code == 2
        assert "roster.csv" in output

    def test_without_results_there_is_nothing_to_export(self, course: Assignment) -> None:
        code, output = kit("export", "csv", "tiny")
        assert code == 2
        assert "There are no results" in output


class TestPack:
    @pytest.mark.parametrize("platform", ["gradescope", "github"])
    def test_a_pack_is_written(self, course: Assignment, tmp_path: Path, platform: str) -> None:
        shutil.copy(ROOT / "pyproject.toml", course.root)
        shutil.copy(ROOT / "requirements.lock", course.root)
        shutil.copy(ROOT / "nbgrader_config.py", course.root)
        code, output = kit("pack", platform, "tiny", "--out", tmp_path / "packed")
        assert code == 0, output
        assert (tmp_path / "packed").exists()


class TestOthers:
    def test_suite_lists_tasks_checks_and_rules(self, course: Assignment) -> None:
        code, output = kit("suite", "tiny")
        assert code == 0
        assert "test_double_of_unseen" in output.replace("\n", "")
        assert "y = 2 x" in output

    def test_doctor_names_the_layers_that_hold(self) -> None:
        code, output = kit("doctor")
        assert code == 0
        assert "seccomp" in output

    def test_a_course_without_a_loader_has_no_data(self, course: Assignment) -> None:
        assert kit("data")[0] == 0
