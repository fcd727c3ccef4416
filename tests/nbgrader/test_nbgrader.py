"""nbgrader's own commands on a course of this kit: sandboxed grades, and no student's kernel."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bs4 import BeautifulSoup
from nbgrader.preprocessors import Execute

from kit.batch import lock
from kit.course import Assignment, files_below
from kit.nbgrader import cells, gradebook
from kit.nbgrader.plain import plain
from kit.release import build
from kit.results import CheckResult, Diagnosis, Outcome, TaskResult, read_all
from tests.support.course import SOLUTION
from tests.support.nbgrader import (
    HOSTILE,
    SCRIPT,
    WRONG,
    active,
    document,
    give,
    hand_in,
    hostile_notebook,
    native_course,
    nbgrader,
    opened,
    scores,
)
from tests.support.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("warm")

FULL = {"double": (4, None, False), "remember": (2, None, False), "essay": (None, None, True)}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """A course after ``nbgrader generate_assignment``, for copying.

    For that alembic is not on the path.
    """
    course = native_course(tmp_path_factory.mktemp("released") / "course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/usr/bin:/bin")
        assert nbgrader(course, "generate_assignment", "tiny") == 0
    return course


@pytest.fixture
def course(released: Assignment, tmp_path: Path) -> Assignment:
    return copy_of(released, tmp_path)


@pytest.fixture(scope="module")
def graded(released: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """A class after ``autograde`` and ``generate_feedback``: not to be changed.

    Ada is right, Bob is wrong in one task, Eve attacks, and Zoe handed in the notebook alone.
    """
    course = copy_of(released, tmp_path_factory.mktemp("graded"))
    hand_in(course, "ada", SOLUTION)
    hand_in(course, "bob", WRONG)
    hand_in(course, "eve", HOSTILE, hostile_notebook(course))
    hand_in(course, "zoe", None)
    assert nbgrader(course, "autograde", "tiny") == 0
    assert nbgrader(course, "generate_feedback", "tiny") == 0
    return course


@pytest.fixture
def again(graded: Assignment, tmp_path: Path) -> Assignment:
    """A copy of the graded class, to go on with."""
    return copy_of(graded, tmp_path)


def copy_of(course: Assignment, folder: Path) -> Assignment:
    shutil.copytree(course.root, folder / "course")
    return Assignment(folder / "course", course.name)


def autograded(course: Assignment, student: str) -> dict[str, Any]:
    path = course.root / f"autograded/{student}/tiny/tiny.ipynb"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def said(course: Assignment, student: str, task: str) -> str:
    """The output of a task's cell in the autograded notebook."""
    cells = autograded(course, student)["cells"]
    cell = next(c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == task)
    assert len(cell["outputs"]) == 1
    assert cell["outputs"][0]["output_type"] == "stream"
    return " ".join("".join(cell["outputs"][0]["text"]).split())


def feedback(course: Assignment, student: str) -> str:
    return (course.root / f"feedback/{student}/tiny/tiny.html").read_text(encoding="utf-8")


def visible(page: str) -> str:
    return " ".join(BeautifulSoup(page, "html.parser").get_text().split())


def check_of(name: str, status: Outcome, message: str, mistake: str | None = None) -> CheckResult:
    return CheckResult(name, status, 1.0, False, message, "the rule", diagnosis=mistake)


def configure(course: Assignment, *lines: str) -> None:
    """Add lines to the course's nbgrader_config.py."""
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


class TestGenerateAssignment:
    """``nbgrader generate_assignment`` leaves what ``kit release`` leaves."""

    def test_the_release_is_the_kits_byte_for_byte(
        self, released: Assignment, tmp_path: Path
    ) -> None:
        build.build(released, tmp_path / "kits")
        same_files(released.release, tmp_path / "kits")
        assert "return 2 * x" not in (released.release / "nndl/work.py").read_text()

    def test_the_gradebook_knows_the_assignment(self, released: Assignment) -> None:
        with opened(released) as book:
            cells = book.find_notebook("tiny", "tiny").grade_cells
            assert {cell.name: cell.max_score for cell in cells} == {
                "double": 4,
                "remember": 2,
                "essay": 1,
            }

    def test_an_old_release_does_not_stop_it(self, course: Assignment) -> None:
        (course.release / "tiny.ipynb").write_text("{}")
        with opened(course) as book:
            book.remove_assignment("tiny")
        assert nbgrader(course, "generate_assignment", "tiny") == 0
        assert build.problems(course) == []
        with opened(course) as book:
            assert book.find_assignment("tiny")

    def test_what_can_not_be_released_fails_and_leaves_none(self, course: Assignment) -> None:
        work = course.solutions / "nndl/work.py"
        work.write_text(work.read_text().replace("# END YOUR CODE HERE", ""))
        assert nbgrader(course, "generate_assignment", "tiny") == 1
        assert not course.release.exists()

    def test_a_fault_of_ours_is_not_passed_over(
        self, course: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kit.release.proofs.publish", lambda _: 1 / 0)
        assert nbgrader(course, "generate_assignment", "tiny") == 1
        assert not course.release.exists()

    def test_it_works_where_alembic_is_not_on_the_path(self, released: Assignment) -> None:
        assert (released.root / "gradebook.db").is_file()

    @pytest.mark.slow
    def test_so_it_is_for_the_real_assignment(
        self,
        optimization: Assignment,
        tmp_path: Path,
    ) -> None:
        for part in ("source", "solutions", "autograder"):
            shutil.copytree(optimization.root / part, tmp_path / part)
        shutil.copy(optimization.root / "nbgrader_config.py", tmp_path)
        copied = Assignment(tmp_path, "optimization")
        gradebook.prepare(copied)  # nbgrader would start a process to make one
        assert nbgrader(copied, "generate_assignment", "optimization") == 0
        build.build(copied, tmp_path / "kits")
        same_files(copied.release, tmp_path / "kits")


def same_files(one: Path, other: Path) -> None:
    assert files_below(one) == files_below(other)
    for name in files_below(one):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_generate_solution_never_touches_the_authored_solutions(course: Assignment) -> None:
    configure(course, "c.GenerateSolution.preprocessors = []")  # or it would run the notebook
    before = {name: (course.solutions / name).read_text() for name in files_below(course.solutions)}
    for _ in range(2):
        assert nbgrader(course, "generate_solution", "tiny", "--force") == 0
    assert (course.root / "build/solution/tiny/tiny.ipynb").is_file()
    assert {
        name: (course.solutions / name).read_text() for name in files_below(course.solutions)
    } == before


class TestScores:
    """``nbgrader autograde`` gives the sandboxed grades."""

    @pytest.mark.parametrize(
        ("student", "double", "remember"),
        [("ada", 4, 2), ("bob", 0, 2), ("eve", 0, 2), ("zoe", 0, 0)],
    )
    def test_each_task_has_its_score_and_the_answer_waits(
        self, graded: Assignment, student: str, double: float, remember: float
    ) -> None:
        assert scores(graded, student) == {
            "double": (double, None, False),
            "remember": (remember, None, False),
            "essay": (None, None, True),
        }

    def test_the_results_are_those_of_kit_grade(self, graded: Assignment) -> None:
        for student, status in {"ada": "graded", "zoe": "rejected"}.items():
            path = graded.root / f"results/tiny/{student}.json"
            assert json.loads(path.read_text())["status"] == status

    def test_export_says_the_same(self, again: Assignment) -> None:
        assert nbgrader(again, "export") == 0
        with (again.root / "grades.csv").open(newline="") as lines:
            found = {line["student_id"]: float(line["score"]) for line in csv.DictReader(lines)}
        assert found == {"ada": 6, "bob": 2, "eve": 2, "zoe": 0}

    def test_a_result_that_is_still_right_is_not_graded_again(self, course: Assignment) -> None:
        hand_in(course, "ada", SOLUTION)
        assert nbgrader(course, "autograde", "tiny") == 0
        file = course.root / "results/tiny/ada.json"
        first = file.stat().st_mtime_ns
        assert nbgrader(course, "autograde", "tiny", "--force") == 0
        assert file.stat().st_mtime_ns == first

    def test_other_bytes_are_graded_anew(self, again: Assignment) -> None:
        (again.root / "submitted/bob/tiny/nndl/work.py").write_text(SOLUTION)
        assert nbgrader(again, "autograde", "tiny", "--force", "--student", "bob") == 0
        assert scores(again, "bob") == FULL

    def test_what_the_notebook_claims_counts_for_nothing(self, course: Assignment) -> None:
        notebook = document(course)
        notebook["cells"][0]["metadata"]["nbgrader"]["points"] = 400
        notebook["cells"][0]["source"] = "print('all is well')"
        hand_in(course, "bob", WRONG, notebook)
        assert nbgrader(course, "autograde", "tiny") == 0
        assert scores(course, "bob")["double"] == (0, None, False)


class TestNoKernel:
    """Nothing of a student's is run but by the sandbox."""

    @pytest.fixture
    def trap(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A kernel that leaves a file, in the place of python3."""
        trace = tmp_path / "started"
        spec = {
            "argv": ["sh", "-c", f"touch {trace}"],
            "display_name": "trap",
            "language": "python",
        }
        folder = tmp_path / "jupyter/kernels/python3"
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
        return trace

    def test_autograde_starts_none(self, course: Assignment, trap: Path) -> None:
        hand_in(course, "ada", SOLUTION)
        assert nbgrader(course, "autograde", "tiny") == 0
        assert scores(course, "ada") == FULL
        assert not trap.exists()

    def test_the_trap_would_have_seen_one(
        self, course: Assignment, trap: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hand_in(course, "ada", SOLUTION)
        monkeypatch.setattr("kit.nbgrader.autograde.Grade", Execute)
        nbgrader(course, "autograde", "tiny")
        assert trap.exists()


class TestFaults:
    """A fault of ours is neither a zero nor silent, and costs nobody else the grade."""

    @pytest.fixture
    def faulty(self, course: Assignment) -> Assignment:
        """A course where a check breaks, by a fault of its own, on Bob's submission alone."""
        suite = course.suites / "test_work.py"
        text = suite.read_text().replace(
            '    expect.close(student.work.double(1.0), 2.0, "double(1)")\n',
            "    assert student.work.double(1.0) == 2.0 or 1 / 0\n",
        )
        suite.write_text(text)
        hand_in(course, "ada", SOLUTION)
        hand_in(course, "bob", WRONG)
        return course

    def test_the_command_fails_and_says_whose_score_is_missing(
        self, faulty: Assignment, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert nbgrader(faulty, "autograde", "tiny") == 1
        assert "bob has no new score. The grader failed." in capsys.readouterr().err
        assert scores(faulty, "ada") == FULL
        assert not (faulty.root / "autograded/bob/tiny").exists()

    def test_no_score_is_written_and_a_person_must_look(self, faulty: Assignment) -> None:
        nbgrader(faulty, "autograde", "tiny")
        assert scores(faulty, "bob") == dict.fromkeys(
            ("double", "remember", "essay"), (None, None, True)
        )

    def test_an_old_score_stays_and_is_flagged(self, faulty: Assignment) -> None:
        whole = faulty.suites / "test_work.py"
        broken = whole.read_text()
        whole.write_text(broken.replace(" or 1 / 0", ""))
        assert nbgrader(faulty, "autograde", "tiny") == 0
        whole.write_text(broken)
        assert nbgrader(faulty, "autograde", "tiny", "--force") == 1
        assert scores(faulty, "bob")["remember"] == (2, None, True)

    def test_a_notebook_that_is_none_costs_nobody_else(self, course: Assignment) -> None:
        hand_in(course, "ada", SOLUTION)
        (hand_in(course, "bob", WRONG) / "tiny.ipynb").write_text("no notebook")
        assert nbgrader(course, "autograde", "tiny") == 1
        assert scores(course, "ada") == FULL


class TestHeld:
    """Where another command writes the results, the class waits once, not once for each student."""

    @pytest.fixture
    def held(self, course: Assignment) -> Iterator[subprocess.Popen[str]]:
        """Another command that writes results, until it is killed."""
        program = (
            "import sys; from pathlib import Path; from kit.batch.run import sole_writer\n"
            "with sole_writer(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, course.root / "results/tiny"],
            stdin=-1, stdout=-1, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
            process.kill()

    def test_it_fails_in_words_and_the_next_run_completes(
        self,
        course: Assignment,
        held: subprocess.Popen[str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(lock, "WAIT_SECONDS", 0.6)
        for student in ("ada", "bob", "cyn"):
            hand_in(course, student, SOLUTION)
        assert nbgrader(course, "autograde", "tiny") == 1
        said = capsys.readouterr().err
        assert said.count("Waiting for it to end") == 1
        assert f"is in use by process {held.pid} since" in said
        assert [scores(course, student)["double"] for student in ("ada", "bob", "cyn")] == (
            [(None, None, True)] * 3
        )
        held.kill()
        held.wait(timeout=PATIENCE)
        assert nbgrader(course, "autograde", "tiny") == 0
        assert scores(course, "cyn") == FULL


class TestManualScores:
    """A person's score is never changed, and flagged when the submission is graded again."""

    def test_they_survive_a_regrade_and_are_flagged(self, again: Assignment) -> None:
        give(again, "ada", "essay", 0.5)
        give(again, "ada", "double", 3)
        assert nbgrader(again, "autograde", "tiny", "--force") == 0
        assert scores(again, "ada") == {
            "double": (4, 3, True),
            "remember": (2, None, False),
            "essay": (None, 0.5, True),
        }

    def test_feedback_has_them(self, again: Assignment) -> None:
        give(again, "bob", "essay", 0.75)
        with opened(again) as book:
            book.find_comment("essay", "tiny", "tiny", "bob").manual_comment = "Well **said**."
            book.db.commit()
        assert nbgrader(again, "generate_feedback", "tiny", "--force", "--student", "bob") == 0
        assert "Score: 2.75 / 7.0" in visible(feedback(again, "bob"))
        assert "Well <strong>said</strong>." in feedback(again, "bob")


class TestLateness:
    """nbgrader's own plugin penalizes, by its own timestamp and due date."""

    @pytest.mark.parametrize(("minute", "penalty"), [("01", 2), ("00", None)])
    def test_a_late_penalty_applies(
        self, course: Assignment, minute: str, penalty: float | None
    ) -> None:
        configure(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
        with opened(course) as book:
            book.update_or_create_assignment("tiny", duedate="2026-01-01 12:00 UTC")
        folder = hand_in(course, "bob", WRONG)
        (folder / "timestamp.txt").write_text(f"2026-01-01 12:{minute}:00 UTC")
        assert nbgrader(course, "autograde", "tiny") == 0
        with opened(course) as book:
            notebook = book.find_submission_notebook("tiny", "tiny", "bob")
            assert (notebook.score, notebook.late_submission_penalty) == (2, penalty)


class TestFeedback:
    """The pages say what the checks said."""

    def test_a_verdict_stands_in_the_cell_of_its_task(self, graded: Assignment) -> None:
        text = said(graded, "bob", "double")
        assert text.startswith("0 of 2 checks passed, 0 of 4 points.")
        assert "Failed: 1 check " in text
        assert "test_double" not in text
        assert "It is 1.5 times as large as it must be." in text
        assert "Rule: y = 2 x" in text
        assert said(graded, "ada", "double") == "2 of 2 checks passed, 4 of 4 points."

    def test_the_page_carries_it(self, graded: Assignment) -> None:
        page = visible(feedback(graded, "bob"))
        assert "It is 1.5 times as large as it must be." in page
        assert "Automatic grading: 2 of 6 points." in page
        assert "Score: 2.0 / 7.0" in page

    def test_nothing_is_said_twice(self, graded: Assignment) -> None:
        assert visible(feedback(graded, "bob")).count("`double(1)` is wrong") == 1

    def test_a_diagnosis_comes_first_and_one_of_its_effects_is_enough(self) -> None:
        checks = (
            check_of("a.py::test_one", "failed", "off by 1", "double.thrice"),
            check_of("a.py::T::test_two", "failed", "off by 2", "double.thrice"),
            check_of("a.py::test_three", "passed", "Passed."),
        )
        known = Diagnosis(("double.thrice",), "Yours is three times x.")
        told = cells.said(TaskResult("double", "Double", 1.5, 4.0, False, "failed", checks, known))
        assert told.split("\n\n") == [
            "1 of 3 checks passed, 1.5 of 4 points.",
            "Yours is three times x.",
            "Failed: 1 check\n    off by 1\n    Rule: the rule",
            "1 more check failed for the same reason.",
        ]

    def test_what_is_narrowed_comes_before_the_checks(self) -> None:
        checks = (check_of("a.py::test_one", "failed", "off by 1"),)
        task = TaskResult("double", "Double", 1.5, 4.0, False, "failed", checks, narrowed="Only y.")
        assert cells.said(task).split("\n\n")[1:] == [
            "Only y.",
            "Failed: 1 check\n    off by 1\n    Rule: the rule",
        ]

    def test_what_follows_from_another_task_is_said_to(self) -> None:
        task = TaskResult("triple", "Triple", 4.0, 4.0, False, "passed", (), None, ("double",))
        assert "Correct given your double; fix double first." in cells.said(task)

    def test_a_rejected_submission_is_told_why(self, graded: Assignment) -> None:
        page = visible(feedback(graded, "zoe"))
        assert "The submission was rejected:" in page
        assert "None of the files to hand in was found" in page
        assert "None of the files to hand in was found" in said(graded, "zoe", "remember")

    def test_the_answer_is_there_as_it_was_written(self, graded: Assignment) -> None:
        assert "An answer with <strong>weight</strong>." in feedback(graded, "ada")

    def test_markdown_and_formulas_are_rendered(self, course: Assignment) -> None:
        notebook = document(course)
        notebook["cells"][-1]["source"] = "# Why\n\n- $a < b$ `c < d`\n\n| x |\n|---|\n| 1 |\n"
        hand_in(course, "ada", SOLUTION, notebook)
        nbgrader(course, "autograde", "tiny")
        nbgrader(course, "generate_feedback", "tiny")
        page = feedback(course, "ada")
        for part in ("<h1>Why</h1>", "$a &lt; b$", "<code>c &lt; d</code>", "<td>1</td>"):
            assert part in page


class TestHostility:
    """What a student wrote is text on the pages, wherever it stands."""

    def test_no_script_of_a_student_is_on_a_page(self, graded: Assignment) -> None:
        attacked, innocent = active(feedback(graded, "eve")), active(feedback(graded, "ada"))
        assert attacked - innocent == {"img src=x.png"}

    def test_nbgrader_alone_would_have_let_it_through(
        self, graded: Assignment, tmp_path: Path
    ) -> None:
        course = copy_of(graded, tmp_path)
        configure(course, "del c.HTMLExporter")
        notebook = autograded(course, "ada")
        notebook["cells"][0]["source"] = SCRIPT
        target = course.root / "autograded/ada/tiny/tiny.ipynb"
        target.chmod(0o644)
        target.write_text(json.dumps(notebook))
        nbgrader(course, "generate_feedback", "tiny", "--force", "--student", "ada")
        assert SCRIPT in active(feedback(course, "ada"))

    def test_what_was_printed_and_raised_is_still_to_be_read(self, graded: Assignment) -> None:
        assert "<script>alert(0)</script>" in said(graded, "eve", "double")
        assert "<script>alert(0)</script>" in visible(feedback(graded, "eve"))

    def test_only_text_and_pictures_are_left_of_outputs(self, graded: Assignment) -> None:
        kinds = {
            kind
            for cell in autograded(graded, "eve")["cells"]
            for output in cell.get("outputs", ())
            for kind in output.get("data", {"text": ""})
        }
        assert kinds == {"text", "image/png"}

    def test_the_notebook_says_nothing_of_itself(self, graded: Assignment) -> None:
        assert autograded(graded, "eve")["metadata"] == autograded(graded, "ada")["metadata"]
        for cell in autograded(graded, "eve")["cells"]:
            assert set(cell["metadata"]) <= {"nbgrader"}

    def test_a_link_is_not_followed(self, course: Assignment) -> None:
        secret = course.root / "secret.txt"
        secret.write_text("secret")
        folder = hand_in(course, "eve", SOLUTION)
        (folder / "notes.txt").symlink_to(secret)
        assert nbgrader(course, "autograde", "tiny") == 0
        assert not (course.root / "autograded/eve/tiny/notes.txt").exists()

    def test_a_notebook_that_is_a_link_is_not_read(self, course: Assignment) -> None:
        hand_in(course, "ada", SOLUTION)
        folder = hand_in(course, "eve", SOLUTION)
        (folder / "tiny.ipynb").unlink()
        (folder / "tiny.ipynb").symlink_to(course.root / "submitted/ada/tiny/tiny.ipynb")
        assert nbgrader(course, "autograde", "tiny") == 1
        assert not (course.root / "autograded/eve/tiny").exists()
        assert scores(course, "ada") == FULL


class TestPlain:
    """The notebook that people read has every graded cell once, as it was authored."""

    def test_a_lost_cell_comes_back_without_the_solution(self, course: Assignment) -> None:
        notebook = document(course)
        authored = json.loads(course.notebook.read_text())
        authored["cells"][-1]["source"] = "the model answer"
        course.notebook.write_text(json.dumps(authored))
        notebook["cells"] = notebook["cells"][:1]
        made = plain(notebook, course)
        assert [cell.metadata.nbgrader.grade_id for cell in made.cells] == [
            "double",
            "remember",
            "essay",
        ]
        assert "the model answer" not in json.dumps(made)

    def test_of_copies_the_last_counts(self, course: Assignment) -> None:
        notebook = document(course)
        copied = {**notebook["cells"][-1], "source": "a later answer"}
        notebook["cells"].append(copied)
        graded_cells = [cell for cell in plain(notebook, course).cells if cell.metadata]
        assert [cell.source for cell in graded_cells if cell.cell_type == "markdown"] == [
            "a later answer"
        ]

    def test_a_cell_of_another_kind_is_made_the_right_one(self, course: Assignment) -> None:
        notebook = document(course)
        notebook["cells"][0]["cell_type"] = "markdown"
        notebook["cells"][0]["attachments"] = {"a.png": {"image/png": "x"}}
        hand_in(course, "ada", SOLUTION, notebook)
        assert nbgrader(course, "autograde", "tiny") == 0
        assert said(course, "ada", "double").startswith("2 of 2")


class TestZipCollect:
    """Archives of a download become submissions that autograde takes."""

    @pytest.mark.parametrize("inside", ["", "homework/"])
    def test_an_archive_named_by_student_is_graded(self, course: Assignment, inside: str) -> None:
        archives = course.root / "downloaded/tiny/archive"
        archives.mkdir(parents=True)
        with zipfile.ZipFile(archives / "ada.zip", "w") as archive:
            archive.writestr(f"{inside}nndl/work.py", SOLUTION)
            archive.writestr(f"{inside}tiny.ipynb", json.dumps(document(course)))
        assert nbgrader(course, "zip_collect", "tiny") == 0
        assert nbgrader(course, "autograde", "tiny") == 0
        assert scores(course, "ada") == FULL


class TestBesideKitGrade:
    """``kit grade`` leaves the same in the gradebook, and its results are used."""

    def test_the_gradebooks_are_the_same(self, graded: Assignment, course: Assignment) -> None:
        gradebook.write(course, read_all(graded.root / "results/tiny", "tiny"))
        for student in ("ada", "bob", "eve", "zoe"):
            assert scores(course, student) == scores(graded, student)


# -- formgrader ----------------------------------------------------------------------------------


Get = Callable[..., str]


class Server(NamedTuple):
    url: str
    token: str

    def get(self, path: str, method: str = "GET") -> str:
        request = urllib.request.Request(
            f"{self.url}{path}", headers={"Authorization": f"token {self.token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(answer.read().decode())


@pytest.fixture(scope="module")
def formgrader(graded: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    """Fetches pages of a Jupyter server that has nbgrader's formgrader on the graded class."""
    folder = tmp_path_factory.mktemp("server")
    course = copy_of(graded, folder)
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_NO_CONFIG": "1",
        "HOME": str(folder),
    }
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.port_retries=0"]
    command += ["--ServerApp.jpserver_extensions=nbgrader=True", "--log-level=WARN"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=course.root, env=environment, stdout=log, stderr=log
        )
        try:
            yield _started(process, folder).get
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=PATIENCE)


def _started(process: subprocess.Popen[bytes], folder: Path) -> Server:
    """The server, once it answers; the file that says where it is may be there half."""
    for _ in range(600):
        if process.poll() is not None:
            break
        for file in (folder / "runtime").glob("jpserver-*.json"):
            with suppress(ValueError, KeyError, OSError):
                about = json.loads(file.read_text())
                server = Server(about["url"].rstrip("/"), about["token"])
                server.get("/api")
                return server
        time.sleep(0.2)
    raise AssertionError(f"no server came up:\n{(folder / 'log').read_text()}")


class TestFormgrader:
    """A person grades the written question there, and sees what the checks said."""

    def submissions(self, get: Get) -> dict[str, dict[str, Any]]:
        listed = json.loads(get("/formgrader/api/submitted_notebooks/tiny/tiny"))
        return {each["student"]: each for each in listed}

    def page(self, get: Get, student: str) -> str:
        found = self.submissions(get)[student]["id"]
        return re.sub(
            r"[0-9a-f]{32}|\d remaining|Submission \d", "", get(f"/formgrader/submissions/{found}/")
        )

    def test_the_assignment_is_listed(self, formgrader: Get) -> None:
        assert "nbgrader formgrade" in formgrader("/formgrader/manage_assignments")
        (listed,) = json.loads(formgrader("/formgrader/api/assignments"))
        assert listed["name"] == "tiny"
        assert listed["num_submissions"] == 4
        (notebook,) = json.loads(formgrader("/formgrader/api/notebooks/tiny"))
        assert notebook["needs_manual_grade"] is True

    def test_each_submission_waits_for_a_person(self, formgrader: Get) -> None:
        for submission in self.submissions(formgrader).values():
            assert submission["needs_manual_grade"] is True
            grades = json.loads(
                formgrader(f"/formgrader/api/grades?submission_id={submission['id']}")
            )
            waiting = [grade["name"] for grade in grades if grade["needs_manual_grade"]]
            assert waiting == ["essay"]

    def test_a_page_says_what_the_checks_said(self, formgrader: Get) -> None:
        page = visible(self.page(formgrader, "bob"))
        assert "It is 1.5 times as large as it must be." in page
        assert "An answer with weight." in page

    def test_no_script_of_a_student_is_on_a_page(self, formgrader: Get) -> None:
        attacked = active(self.page(formgrader, "eve"))
        assert attacked - active(self.page(formgrader, "ada")) == {"img src=x.png"}

    def test_its_button_autogrades_in_the_sandbox(self, formgrader: Get) -> None:
        before = self.submissions(formgrader)["bob"]
        answer = formgrader("/formgrader/api/submission/tiny/bob/autograde", "POST")
        assert json.loads(answer)["success"] is True, answer
        after = self.submissions(formgrader)["bob"]
        assert (after["score"], after["needs_manual_grade"]) == (before["score"], True)
