"""Results in nbgrader's gradebook, read back by nbgrader's own API, export and feedback."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from kit.course import Assignment
from kit.export import spreadsheet
from kit.nbgrader import gradebook
from kit.nbgrader.bookkeeping import Bookkeeper
from kit.nbgrader.finals import finals
from kit.results import Result, WrongPlace
from tests.support.bookkeeper import Here
from tests.support.course import write_course
from tests.support.results import broken, rejected, result_of

WRONG = (AssertionError("off by 1"), None, None)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose gradebook knows the assignment, for copying: making one takes seconds."""
    course = write_course(tmp_path_factory.mktemp("prepared") / "course")
    assert gradebook.write(course, [result_of(course, "ada")]) == 1
    return course.root


@pytest.fixture
def course(prepared: Path, tmp_path: Path) -> Assignment:
    """A course in whose gradebook Ada has full marks and no manual grade yet."""
    shutil.copytree(prepared, tmp_path / "course")
    return Assignment(tmp_path / "course", "tiny")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """A course whose gradebook nbgrader made, by ``generate_assignment``."""
    course = write_course(tmp_path_factory.mktemp("theirs") / "course")
    programs = Path(sys.executable).parent  # nbgrader calls alembic
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        folders = CourseDirectory(root=str(course.root), assignment_id="tiny")
        GenerateAssignment(coursedir=folders).start()
    return course


def url(course: Assignment) -> str:
    return f"sqlite:///{course.root / 'gradebook.db'}"


@contextmanager
def opened(course: Assignment) -> Iterator[Gradebook]:
    with Gradebook(url(course)) as book:
        yield book


def grade(book: Gradebook, task: str, student: str = "ada") -> Any:
    return book.find_grade(task, "tiny", "tiny", student)


def give(course: Assignment, task: str, score: float) -> None:
    """What formgrader does when a person enters a score."""
    with opened(course) as book:
        found = grade(book, task)
        found.manual_score, found.needs_manual_grade = score, False
        book.db.commit()


def state(course: Assignment, task: str) -> tuple[float | None, float | None, bool]:
    """Automatic score, manual score, and whether a person must look."""
    with opened(course) as book:
        found = grade(book, task)
        return found.auto_score, found.manual_score, found.needs_manual_grade


def dump(course: Assignment, name: str = "gradebook.db") -> dict[str, list[tuple[Any, ...]]]:
    """All that the gradebook says of students, without its random ids."""
    queries = {
        "scores": "SELECT student_id, base_cell.name, auto_score, manual_score, needs_manual_grade "
        "FROM grade JOIN base_cell ON base_cell.id = cell_id "
        "JOIN submitted_notebook AS n ON n.id = grade.notebook_id "
        "JOIN submitted_assignment AS a ON a.id = n.assignment_id",
        "submissions": "SELECT student_id, timestamp, extension, late_submission_penalty "
        "FROM submitted_assignment AS a JOIN submitted_notebook AS n ON n.assignment_id = a.id",
        "students": "SELECT id FROM student",
        "digests": "SELECT * FROM kit_graded",
    }
    with closing(sqlite3.connect(course.root / name)) as book:
        return {what: sorted(book.execute(q), key=repr) for what, q in queries.items()}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects what databases are asked and told meanwhile."""
    seen: list[str] = []

    def collect(*about: Any) -> None:
        seen.append(about[2])

    event.listen(Engine, "before_cursor_execute", collect)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", collect)


def partial(course: Assignment, student: str) -> Result:
    """A result of ``--tasks remember``."""
    result = result_of(course, student)
    left_out = replace(result.tasks[0], status="not_graded", score=0.0, checks=())
    return replace(result, tasks=(left_out, *result.tasks[1:]))


class TestScores:
    """The gradebook has the scores of the results."""

    def test_each_task_has_its_score(self, course: Assignment) -> None:
        gradebook.write(course, [result_of(course, "bob", WRONG)])
        with opened(course) as book:
            assert [grade(book, task, "bob").auto_score for task in ("double", "remember")] == [
                3,
                2,
            ]
            assert book.find_submission("tiny", "bob").score == 5

    def test_automatic_tasks_are_done_and_written_answers_wait(self, course: Assignment) -> None:
        assert state(course, "double") == (4, None, False)
        assert state(course, "essay") == (None, None, True)

    def test_nbgraders_export_says_the_same_as_ours(
        self, course: Assignment, tmp_path: Path
    ) -> None:
        results = [
            result_of(course, "ada"),
            result_of(course, "bob", WRONG),
            rejected(course, "eve"),
        ]
        gradebook.write(course, results)
        theirs, ours = tmp_path / "theirs.csv", tmp_path / "ours.csv"
        with opened(course) as book:
            CsvExportPlugin(to=str(theirs)).export(book)
        ours.write_text(spreadsheet.export(results, finals(course, results).of), newline="")
        assert _scores(theirs) == _scores(ours)
        assert len(_scores(ours)) == 3

    def test_a_rejected_submission_has_0(self, course: Assignment) -> None:
        gradebook.write(course, [rejected(course, "ada")])
        assert state(course, "double") == (0, None, False)
        assert state(course, "essay") == (None, None, True)

    def test_an_error_touches_nothing(self, course: Assignment) -> None:
        before = (course.root / "gradebook.db").read_bytes()
        assert gradebook.write(course, [broken(course, "ada"), broken(course, "zoe")]) == 0
        assert (course.root / "gradebook.db").read_bytes() == before

    def test_tasks_that_were_not_asked_for_stay(self, course: Assignment) -> None:
        gradebook.write(course, [partial(course, "ada")])
        assert state(course, "double") == (4, None, False)

    def test_a_student_with_any_name_is_written(self, course: Assignment) -> None:
        name = "Ada 'x'; DROP TABLE student; \U0001f600 \\udcff"
        gradebook.write(course, [result_of(course, name)])
        with opened(course) as book:
            assert book.find_submission("tiny", name).score == 6


class TestManualScores:
    """A person's score is never changed; it is flagged where what it was given for has changed."""

    def test_it_survives_the_same_bytes_unflagged(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        gradebook.write(course, [result_of(course, "ada")])
        assert state(course, "essay") == (None, 0.5, False)

    def test_it_survives_other_bytes_flagged(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        gradebook.write(course, [result_of(course, "ada", work="# better")])
        assert state(course, "essay") == (None, 0.5, True)

    def test_the_flag_stays_until_a_person_looked(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        for _ in range(2):
            gradebook.write(course, [result_of(course, "ada", work="# better")])
        assert state(course, "essay") == (None, 0.5, True)
        give(course, "essay", 0.75)
        gradebook.write(course, [result_of(course, "ada", work="# better")])
        assert state(course, "essay") == (None, 0.75, False)

    def test_asked_for_a_review_it_is_flagged_whatever_changed(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        gradebook.write(course, [result_of(course, "ada")], review=True)
        assert state(course, "essay") == (None, 0.5, True)

    def test_handing_in_again_flags_it(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        gradebook.write(course, [result_of(course, "ada")], {"ada": "2026-01-02 10:00 UTC"})
        assert state(course, "essay") == (None, 0.5, True)

    def test_a_rejected_resubmission_flags_it(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        gradebook.write(course, [rejected(course, "ada")])
        assert state(course, "essay") == (None, 0.5, True)

    def test_one_for_an_automatic_task_is_flagged_when_the_verdict_is_another(
        self, course: Assignment
    ) -> None:
        give(course, "double", 3.5)
        gradebook.write(course, [result_of(course, "ada")])
        assert state(course, "double") == (4, 3.5, False)
        gradebook.write(course, [result_of(course, "ada", WRONG)])
        assert state(course, "double") == (3, 3.5, True)
        with opened(course) as book:
            assert book.find_submission("tiny", "ada").score == 3.5 + 2


class TestLateness:
    """nbgrader's plugin penalizes, by the timestamp and the due date."""

    @pytest.fixture
    def strict(self, course: Assignment) -> Assignment:
        """A course where lateness costs everything, due on 1 January."""
        (course.root / "nbgrader_config.py").write_text(
            "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
        )
        with opened(course) as book:
            book.update_or_create_assignment("tiny", duedate="2026-01-01 00:00 UTC")
        return course

    @pytest.mark.parametrize(
        ("timestamp", "penalty"),
        [("2026-01-01 00:00:01 UTC", 5), ("2025-12-31 23:00:00 UTC", None), (None, None)],
    )
    def test_only_a_late_submission_is_penalized(
        self, strict: Assignment, timestamp: str | None, penalty: float | None
    ) -> None:
        times = {"bob": timestamp} if timestamp else {}
        gradebook.write(strict, [result_of(strict, "bob", WRONG)], times)
        with opened(strict) as book:
            notebook = book.find_submission_notebook("tiny", "tiny", "bob")
            assert (notebook.score, notebook.late_submission_penalty) == (5, penalty)

    def test_an_extension_takes_the_penalty_away(self, strict: Assignment) -> None:
        results, times = [result_of(strict, "bob")], {"bob": "2026-01-01 12:00:00 UTC"}
        gradebook.write(strict, results, times)
        with opened(strict) as book:
            book.grant_extension("tiny", "bob", days=1)
        gradebook.write(strict, results)
        with opened(strict) as book:
            assert book.find_submission("tiny", "bob").late_submission_penalty == 0

    def test_an_earlier_due_date_for_one_student_penalizes(self, strict: Assignment) -> None:
        results, times = [result_of(strict, "bob")], {"bob": "2025-12-31 12:00:00 UTC"}
        gradebook.write(strict, results, times)
        with opened(strict) as book:
            book.grant_extension("tiny", "bob", days=-2)
        gradebook.write(strict, results, times)
        with opened(strict) as book:
            assert book.find_submission("tiny", "bob").late_submission_penalty == 6


class TestOddTimes:
    """A time that is none costs one student the lateness, and nobody the score."""

    @pytest.mark.parametrize(
        "odd",
        [
            "9999-12-31T23:00:00-05:00",
            "0001-01-01T00:00:00+14:00",
            "yesterday",
            "9" * 5000,
            "\x1b[",
        ],
    )
    def test_the_class_is_written_and_a_sentence_says_whose_it_was(
        self, course: Assignment, odd: str
    ) -> None:
        class_, said = [result_of(course, name) for name in ("bob", "cyn")], list[str]()
        times = {"bob": odd, "cyn": "2026-01-02T10:00:00+00:00"}
        assert gradebook.write(course, class_, times, say=said.append) == 2
        with opened(course) as book:
            found = {each.student_id: each for each in book.assignment_submissions("tiny")}
            assert found["cyn"].timestamp == datetime(2026, 1, 2, 10)
            assert (found["bob"].score, found["bob"].timestamp) == (6, None)
        (told,) = said
        assert told.startswith("The time at which bob handed in can't be used (")
        assert len(told) < 400
        assert "\x1b" not in told


class TestStructure:
    """What stands in the gradebook is what nbgrader's own commands would have put there."""

    def test_cells_are_those_of_generate_assignment(
        self, course: Assignment, theirs: Assignment
    ) -> None:
        assert _cells(course) == _cells(theirs)
        assert len(_cells(course)) == 3 + 1 + 3

    def test_generate_assignment_still_works_on_it(self, course: Assignment) -> None:
        before = _cells(course)
        folders = CourseDirectory(root=str(course.root), assignment_id="tiny")
        GenerateAssignment(coursedir=folders, force=True).start()
        assert _cells(course) == before

    def test_no_release_is_left_behind(self, course: Assignment) -> None:
        assert not (course.root / "release").exists()

    def test_changed_points_reach_it(self, course: Assignment) -> None:
        changed = _with_notebook(course, lambda cells: _set_points(cells[0], 8))
        gradebook.write(changed, [result_of(changed, "ada")])
        with opened(changed) as book:
            assert book.find_grade_cell("double", "tiny", "tiny").max_score == 8

    def test_a_removed_task_is_refused_in_words(self, course: Assignment) -> None:
        changed = _with_notebook(course, lambda cells: cells.pop(1))
        before = _cells(changed)
        with pytest.raises(gradebook.GradebookError, match="tasks were added or removed"):
            gradebook.write(changed, [result_of(course, "ada")])
        assert _cells(changed) == before

    def test_the_courses_configuration_says_where_it_is(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        elsewhere = tmp_path / "elsewhere.db"
        (course.root / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.db_url = 'sqlite:///{elsewhere}'\n"
            "c.CourseDirectory.course_id = 'deep'\n"
        )
        gradebook.write(course, [result_of(course, "ada")])
        assert not (course.root / "gradebook.db").exists()
        with Gradebook(f"sqlite:///{elsewhere}") as book:
            assert book.find_assignment("tiny").course_id == "deep"


class TestTransaction:
    """All results of a call are written, or none."""

    def test_many_results_take_no_more_commits_than_one(self, course: Assignment) -> None:
        commits = [0]

        def count(_: object) -> None:
            commits[-1] += 1

        event.listen(Engine, "commit", count)
        try:
            gradebook.write(course, [result_of(course, "bob")])
            commits.append(0)
            gradebook.write(course, [result_of(course, f"student{n}") for n in range(20)])
        finally:
            event.remove(Engine, "commit", count)
        with opened(course) as book:
            assert book.db.query(SubmittedAssignment).count() == 22
        assert commits[0] == commits[1]

    def test_a_result_that_does_not_fit_undoes_the_batch(self, course: Assignment) -> None:
        stranger = result_of(course, "bob")
        stranger = replace(stranger, tasks=stranger.tasks[:-1])
        with pytest.raises(
            gradebook.GradebookError, match="bob and the notebook have different tasks"
        ):
            gradebook.write(course, [result_of(course, "ada", WRONG), stranger])
        assert state(course, "double") == (4, None, False)

    def test_a_gradebook_that_can_not_be_written_is_an_error_in_words(
        self, course: Assignment
    ) -> None:
        with opened(course) as book:
            book.db.execute(text("DROP TABLE comment"))
            book.db.execute(text("CREATE TABLE comment (id INTEGER)"))
            book.db.commit()
        with pytest.raises(gradebook.GradebookError, match="Nothing in it was changed"):
            gradebook.write(course, [result_of(course, "bob")])

    def test_a_password_is_not_told(self, course: Assignment, tmp_path: Path) -> None:
        hidden = f"sqlite://user:secret@/{tmp_path}/no/such/folder.db"
        with pytest.raises(gradebook.GradebookError) as error:
            gradebook.write(course, [result_of(course, "bob")], db_url=hidden)
        assert "secret" not in str(error.value)


class TestUnwritable:
    """A gradebook that can't be written is left as it was, and a sentence says why."""

    def test_one_that_another_program_has_open(self, course: Assignment) -> None:
        before = dump(course)
        with closing(sqlite3.connect(course.root / "gradebook.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(gradebook.GradebookError, match="database is locked"):
                gradebook.write(
                    course, [result_of(course, "bob")], db_url=f"{url(course)}?timeout=0.1"
                )
        assert dump(course) == before

    @pytest.mark.parametrize("damage", [b"no database at all, just text\n" * 400, None])
    def test_one_that_is_damaged(self, course: Assignment, damage: bytes | None) -> None:
        file = course.root / "gradebook.db"
        file.write_bytes(damage or file.read_bytes()[: file.stat().st_size // 2])
        before = file.read_bytes()
        with pytest.raises(gradebook.GradebookError, match="Nothing in it was changed"):
            gradebook.write(course, [result_of(course, "bob")])
        assert file.read_bytes() == before

    def test_one_on_a_full_disk(self, course: Assignment) -> None:
        before = dump(course)
        with closing(sqlite3.connect(course.root / "gradebook.db")) as other:
            (pages,) = other.execute("PRAGMA page_count").fetchone()

        def limit(connection: Any, _: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages}")

        event.listen(Engine, "connect", limit)
        try:
            with pytest.raises(gradebook.GradebookError, match="full"):
                gradebook.write(course, [result_of(course, f"student{n}") for n in range(60)])
        finally:
            event.remove(Engine, "connect", limit)
        assert dump(course) == before

    def test_one_in_a_folder_that_is_not_there(self, course: Assignment, tmp_path: Path) -> None:
        away = f"sqlite:///{tmp_path}/none/gradebook.db"
        with pytest.raises(gradebook.GradebookError, match="can't be locked"):
            gradebook.write(course, [result_of(course, "bob")], db_url=away)


class TestAgain:
    """What the gradebook has already is not written again."""

    def test_nothing_new_nothing_written(self, course: Assignment) -> None:
        class_ = [result_of(course, f"student{n}", WRONG) for n in range(20)]
        gradebook.write(course, class_)
        with statements() as seen:
            assert gradebook.write(course, class_) == 20
        assert [each for each in seen if not each.startswith(("SELECT", "PRAGMA"))] == []

    def test_many_students_take_no_more_questions_than_one(self, course: Assignment) -> None:
        class_ = [result_of(course, f"student{n}") for n in range(20)]
        gradebook.write(course, class_)
        with statements() as of_one:
            gradebook.write(course, class_[:1])
        with statements() as of_all:
            gradebook.write(course, class_)
        assert len(of_all) == len(of_one)

    def test_what_has_changed_is_all_that_is_written(self, course: Assignment) -> None:
        class_ = [result_of(course, f"student{n}") for n in range(20)]
        gradebook.write(course, class_)
        class_[7] = result_of(course, "student7", WRONG)
        with statements() as seen:
            gradebook.write(course, class_)
        assert [each.split()[:2] for each in seen if each.startswith("UPDATE")] == [
            ["UPDATE", "grade"]
        ]
        with opened(course) as book:
            assert grade(book, "double", "student7").auto_score == 3

    def test_of_two_results_of_a_student_the_last_counts(self, course: Assignment) -> None:
        gradebook.write(course, [result_of(course, "ada", WRONG), result_of(course, "ada")])
        assert state(course, "double") == (4, None, False)

    def test_it_is_as_if_all_were_written_again(
        self, course: Assignment, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
    ) -> None:
        """Whatever stands there and whatever comes, what is passed over would not change."""
        thorough = pytestconfig.getoption("--all-cases")
        (course.root / "nbgrader_config.py").write_text(
            "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
        )
        new = {
            "same": lambda student: result_of(course, student),
            "wrong": lambda student: result_of(course, student, WRONG),
            "other bytes": lambda student: result_of(course, student, work="# better"),
            "rejected": lambda student: rejected(course, student),
            "partial": lambda student: partial(course, student),
        }
        before = {
            "untouched": None,
            "given": (0.5, False),
            "flagged": (0.5, True),
            "penalized": None,
        }
        late, early = "2026-01-02 10:00 UTC", "2025-12-31 10:00 UTC"
        all_cases = enumerate(product(before, (None, late), new, (None, late, early)))
        # of every second one each two of the four still meet
        cases = {f"{number}": case for number, case in all_cases if thorough or number % 2}
        handed_in = {student: case[1] for student, case in cases.items() if case[1]}
        gradebook.write(course, [result_of(course, student) for student in cases], handed_in)
        with opened(course) as book:
            book.update_or_create_assignment("tiny", duedate="2026-01-01 12:00 UTC")
            for student, (was, *_) in cases.items():
                if was == "penalized":
                    notebook = book.find_submission_notebook("tiny", "tiny", student)
                    notebook.late_submission_penalty = 1.0
                elif manual := before[was]:
                    for task in ("essay", "double"):
                        found = grade(book, task, student)
                        found.manual_score, found.needs_manual_grade = manual
            book.db.commit()
        shutil.copy(course.root / "gradebook.db", course.root / "other.db")
        coming = [new[case[2]](student) for student, case in cases.items()]
        now = {student: case[3] for student, case in cases.items() if case[3]}
        gradebook.write(course, coming, now)
        monkeypatch.setattr(gradebook._Book, "_has", lambda *_: False)
        gradebook.write(course, coming, now, db_url=f"sqlite:///{course.root / 'other.db'}")
        assert len(cases) == (120 if thorough else 60)
        assert dump(course) == dump(course, "other.db")


class TestComments:
    """A person's words are left alone; what checks said stands in the autograded notebook."""

    def test_a_manual_comment_stays(self, course: Assignment) -> None:
        with opened(course) as book:
            book.find_comment("essay", "tiny", "tiny", "ada").manual_comment = "Well said."
            book.db.commit()
        gradebook.write(course, [result_of(course, "ada", WRONG)])
        with opened(course) as book:
            found = book.find_comment("essay", "tiny", "tiny", "ada")
            assert (found.manual_comment, found.auto_comment) == ("Well said.", None)


class TestFlag:
    """Where a fault of ours left no score, a person must look."""

    def test_it_flags_all_and_changes_no_score(self, course: Assignment) -> None:
        give(course, "essay", 0.5)
        gradebook.flag(course, "ada", url(course))
        assert state(course, "double") == (4, None, True)
        assert state(course, "essay") == (None, 0.5, True)


class TestNewGradebook:
    """A gradebook that the kit made is one that nbgrader made."""

    def test_its_version_is_nbgraders(self, course: Assignment, theirs: Assignment) -> None:
        query = text("SELECT * FROM alembic_version")
        with opened(theirs) as other, opened(course) as ours:
            expected = other.db.execute(query).all()
            assert ours.db.execute(query).all() == expected
        assert len(expected) == 1

    def test_nothing_of_nbgrader_is_needed_on_the_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")
        course = write_course(tmp_path / "course")
        gradebook.prepare(course)
        assert (course.root / "gradebook.db").exists()

    def test_what_a_killed_process_left_is_cleared(self, course: Assignment) -> None:
        for name in ("gradebook.db.release-x1", "gradebook.db.release-x2"):
            (course.root / name / "tiny").mkdir(parents=True)
        gradebook.prepare(course)
        assert list(course.root.glob("gradebook.db.*")) == [course.root / "gradebook.db.lock"]

    def test_making_one_leaves_nothing_but_it(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        before = set(course.root.iterdir())
        gradebook.prepare(course)
        made = {path.name for path in set(course.root.iterdir()) - before}
        assert made == {"gradebook.db", "gradebook.db.lock"}

    def test_the_hooks_of_the_wiring_are_not_run(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        (course.root / "nbgrader_config.py").write_text(
            "c = get_config()\n"
            "c.GenerateAssignment.post_convert_hook = 'kit.release.hook.publish'\n"
        )
        gradebook.prepare(course)
        assert not (course.root / "release").exists()


class TestBookkeeper:
    """A process beside the one that grades writes the gradebook, all or nothing."""

    def test_it_writes_scores_and_times_and_says_which_time_is_none(
        self, course: Assignment, capfd: pytest.CaptureFixture[str]
    ) -> None:
        times = {"bob": "2026-01-01T10:00:00+01:00", "cyn": "9999-12-31T23:00-05:00"}
        with Bookkeeper(course) as keeper:
            results = [result_of(course, "bob", WRONG), result_of(course, "cyn")]
            assert keeper.write([*results, broken(course, "zoe")], times) == 2
        assert "The time at which cyn handed in can't be used" in capfd.readouterr().err
        with opened(course) as book:
            submission = book.find_submission("tiny", "bob")
            assert submission.score == 5
            assert submission.timestamp == datetime(2026, 1, 1, 9)

    def test_it_writes_nothing_where_grading_stopped(self, course: Assignment) -> None:
        before = (course.root / "gradebook.db").read_bytes()
        with pytest.raises(KeyboardInterrupt), Bookkeeper(course):
            raise KeyboardInterrupt
        assert (course.root / "gradebook.db").read_bytes() == before

    def test_what_the_gradebook_can_not_take_is_told(self, course: Assignment) -> None:
        changed = _with_notebook(course, lambda cells: cells.pop(1))
        refused = pytest.raises(gradebook.GradebookError, match="tasks were added or removed")
        with Here(changed) as keeper, refused:
            keeper.write([result_of(changed, "ada")], {})

    @pytest.mark.parametrize(
        ("end", "reason"),
        [
            ("os._exit(3)", "exit code 3, without a message"),
            ("os.write(2, b'one\\nno room\\n\\n'); os._exit(3)", "exit code 3, no room"),
            ("os.kill(os.getpid(), 9)", "signal 9, Killed, without a message"),
            ("1 / 0", "ZeroDivisionError: division by zero"),
        ],
    )
    def test_why_a_process_died_is_told(self, course: Assignment, end: str, reason: str) -> None:
        before = (course.root / "gradebook.db").read_bytes()
        (course.root / "nbgrader_config.py").write_text(f"import os; {end}")
        with Bookkeeper(course) as keeper, pytest.raises(gradebook.GradebookError) as error:
            keeper.write([result_of(course, f"student{n}", WRONG) for n in range(500)], {})
        told = str(error.value)
        assert "ended too early: " in told
        assert reason in told
        assert (course.root / "gradebook.db").read_bytes() == before

    def test_what_it_needs_of_a_result_is_all_that_it_is_told(self, course: Assignment) -> None:
        misplaced = result_of(course, "eva", WRONG)
        place = replace(misplaced.tasks[0], wrong_place=WrongPlace("It is elsewhere.", 4.0))
        misplaced = replace(misplaced, tasks=(place, *misplaced.tasks[1:]))
        whole = [result_of(course, "ada", WRONG), rejected(course, "bob"), broken(course, "zoe")]
        whole.append(misplaced)
        gradebook.write(course, [gradebook.needed(result) for result in whole])
        shutil.copy(course.root / "gradebook.db", course.root / "other.db")
        with statements() as seen:
            gradebook.write(course, whole)
        assert [each for each in seen if not each.startswith(("SELECT", "PRAGMA"))] == []


def _scores(file: Path) -> list[tuple[str, str, float, float, float]]:
    with file.open(newline="") as lines:
        return [
            (
                line["assignment"],
                line["student_id"],
                float(line["raw_score"]),
                float(line["score"]),
                float(line["max_score"]),
            )
            for line in csv.DictReader(lines)
        ]


def _cells(course: Assignment) -> list[dict[str, Any]]:
    """All cells of the gradebook's notebook, without their random ids."""
    with opened(course) as book:
        notebook = book.find_notebook("tiny", "tiny")
        cells = [*notebook.grade_cells, *notebook.solution_cells, *notebook.source_cells]
        found = [{**cell.to_dict(), "id": None, "kind": type(cell).__name__} for cell in cells]
    return sorted(found, key=lambda cell: (cell["kind"], cell["name"]))


def _with_notebook(course: Assignment, change: Any) -> Assignment:
    document = json.loads(course.notebook.read_text())
    change(document["cells"])
    course.notebook.write_text(json.dumps(document))
    return Assignment(course.root, course.name)


def _set_points(cell: dict[str, Any], points: int) -> None:
    cell["metadata"]["nbgrader"]["points"] = points
