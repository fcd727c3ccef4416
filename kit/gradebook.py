"""Writes results into nbgrader's gradebook, so that formgrader, export and feedback know them.

What stands in the gradebook is made by nbgrader itself: the assignment by its own
``generate_assignment``, students and submissions by its ``Gradebook``. All results of a call are
one transaction: the gradebook has all of them or none.

A manual score is never touched. It is flagged for review (``needs_manual_grade``) when what it was
given for has changed; to know that, the digest of what was graded last is kept in a table of our
own in the same database, ``kit_graded``, which nbgrader leaves alone.
"""

from __future__ import annotations

import copy
import io
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from kit.course import Assignment, of_course

Result = dict[str, Any]


class GradebookError(Exception):
    """The gradebook can't take the results; the text says why and what to do."""


def prepare(assignment: Assignment, db_url: str | None = None) -> None:
    """Make the gradebook where there is none, and have it know the assignment as it is now.

    Raises GradebookError where it can't: then nothing can be written.
    """
    _load_nbgrader()
    config = _config(assignment)
    folders = _course_directory(assignment, config, db_url)
    with _told(folders):
        with _opened(folders) as gradebook:
            known = _has_cells(gradebook, assignment)
        if not known:
            _generate(assignment, config, folders.db_url)


def write(
    assignment: Assignment,
    results: Iterable[Result],
    timestamps: Mapping[str, datetime | str] | None = None,
    db_url: str | None = None,
    *,
    review: bool = False,
) -> int:
    """Write results into the gradebook of the course and return how many were written.

    ``timestamps`` says when students handed in (UTC where it doesn't say); a late one is penalized
    by the plugin that ``nbgrader_config.py`` names. ``review`` flags all manual scores, whether
    anything changed or not. Results of status ``error`` are left out, and so are the tasks that
    ``--tasks`` left out. Only one process may write at a time.
    """
    graded = [result for result in results if result["status"] != "error"]
    if not graded:
        return 0
    prepare(assignment, db_url)
    config = _config(assignment)
    folders = _course_directory(assignment, config, db_url)
    times = timestamps or {}
    with _told(folders), _opened(folders) as gradebook, _one_transaction(gradebook):
        book = _Book(gradebook, assignment, config)
        for result in graded:
            book.write(result, times.get(result["student"]), review)
    return len(graded)


def flag(assignment: Assignment, student: str, db_url: str) -> None:
    """Have a person look at a student's automatic tasks, whose scores may be missing or old."""
    folders = _course_directory(assignment, _config(assignment), db_url)
    with _told(folders), _opened(folders) as gradebook:
        submission = gradebook.find_submission(assignment.name, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.needs_manual_grade = True
        gradebook.db.commit()


class _Book:
    """An open gradebook, for results of one assignment whose cells it knows."""

    def __init__(self, gradebook: Any, assignment: Assignment, config: Any) -> None:
        from nbgrader.preprocessors import AssignLatePenalties  # noqa: PLC0415 (slow)

        self._gradebook = gradebook
        self._assignment = assignment.name
        self._notebook = assignment.notebook.stem
        self._late = AssignLatePenalties(config=config)
        self._late.init_plugin()
        notebook = gradebook.find_notebook(self._notebook, self._assignment)
        self._grades = {cell.id: cell.name for cell in notebook.grade_cells}
        self._digests = _Digests(gradebook, self._assignment)

    def write(self, result: Result, timestamp: datetime | str | None, review: bool) -> None:
        """Write one result."""
        student = result["student"]
        submission, resubmitted = self._submission(student, timestamp)
        resubmitted |= review
        resubmitted |= self._digests.replace(student, result["submission_sha256"])
        notebook = next(part for part in submission.notebooks if part.name == self._notebook)
        grades = {self._grades[grade.cell_id]: grade for grade in notebook.grades}
        if unknown := ", ".join(sorted({task["id"] for task in result["tasks"]} ^ grades.keys())):
            raise GradebookError(
                f"The result of {student} and the notebook don't have the same tasks: {unknown}. "
                "Nothing was written. Grade again with --force."
            )
        for task in result["tasks"]:
            _grade(grades[task["id"]], task, result["status"], resubmitted)
        self._penalize(submission, notebook)

    def _submission(self, student: str, timestamp: datetime | str | None) -> tuple[Any, bool]:
        """The student's submission, made where there is none; whether its timestamp is another."""
        from nbgrader.api import MissingEntry, Student  # noqa: PLC0415 (slow)
        from nbgrader.utils import parse_utc  # noqa: PLC0415 (slow)

        time = parse_utc(timestamp)
        try:
            submission = self._gradebook.find_submission(self._assignment, student)
        except MissingEntry:
            if self._gradebook.db.get(Student, student) is None:
                self._gradebook.add_student(student)
            with self._gradebook.db.no_autoflush:  # or SQLAlchemy warns of one half made
                made = self._gradebook.add_submission(self._assignment, student, timestamp=time)
            return made, True
        changed = time is not None and submission.timestamp != time
        if changed:
            submission.timestamp = time
        return submission, changed

    def _penalize(self, submission: Any, notebook: Any) -> None:
        """Do what nbgrader's AssignLatePenalties does, without a notebook to convert."""
        notebook.late_submission_penalty = None
        if submission.total_seconds_late <= 0:
            return
        self._gradebook.db.flush()
        self._gradebook.db.refresh(notebook, ["score"])
        penalty = self._late.plugin_inst.late_submission_penalty(
            submission.student.id, notebook.score, submission.total_seconds_late
        )
        if penalty is not None:
            notebook.late_submission_penalty = self._late._check_late_penalty(notebook, penalty)


def _grade(grade: Any, task: dict[str, Any], status: str, resubmitted: bool) -> None:
    """Write the score of one task; a person's score stays, and is flagged where it may be stale."""
    changed = resubmitted
    if not task["manual"]:
        if task["status"] == "not_graded" and status == "graded":
            return  # it was not asked for
        changed = changed or grade.auto_score != task["score"]
        grade.auto_score = task["score"]
    if grade.manual_score is None:
        grade.needs_manual_grade = task["manual"]
    elif changed:
        grade.needs_manual_grade = True


class _Digests:
    """What was graded last, by student: a table of ours beside nbgrader's."""

    def __init__(self, gradebook: Any, assignment: str) -> None:
        import sqlalchemy as sql  # noqa: PLC0415 (slow, as nbgrader)

        self._table = sql.Table(
            "kit_graded",
            sql.MetaData(),
            sql.Column("assignment", sql.String(128), primary_key=True),
            sql.Column("student", sql.String(128), primary_key=True),
            sql.Column("submission_sha256", sql.String(64)),
        )
        self._session = gradebook.db
        self._table.create(self._session.connection(), checkfirst=True)
        self._assignment = assignment
        query = sql.select(self._table).where(self._table.c.assignment == assignment)
        self._known = {
            row.student: row.submission_sha256 for row in self._session.execute(query).all()
        }

    def replace(self, student: str, digest: str | None) -> bool:
        """Keep the digest of what was graded; whether it is another than before, or the first."""
        if student in self._known and self._known[student] == digest:
            return False
        statement: Any
        if student in self._known:
            key = (self._table.c.assignment == self._assignment) & (
                self._table.c.student == student
            )
            statement = self._table.update().where(key).values(submission_sha256=digest)
        else:
            statement = self._table.insert().values(
                assignment=self._assignment, student=student, submission_sha256=digest
            )
        self._session.execute(statement)
        self._known[student] = digest
        return True


def _has_cells(gradebook: Any, assignment: Assignment) -> bool:
    """Whether the gradebook knows the assignment's tasks as the notebook declares them."""
    from nbgrader.api import MissingEntry  # noqa: PLC0415 (slow)

    try:
        notebook = gradebook.find_notebook(assignment.notebook.stem, assignment.name)
    except MissingEntry:
        return False
    graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
    written = {cell.name for cell in notebook.solution_cells}
    return graded == {task.id: task.points for task in assignment.tasks} and written >= {
        task.id for task in assignment.tasks if task.manual
    }


def _generate(assignment: Assignment, config: Any, db_url: str) -> None:
    """Have nbgrader put the assignment into the gradebook; the release it makes is thrown away."""
    from nbgrader.converters import GenerateAssignment, NbGraderException  # noqa: PLC0415 (slow)

    config = copy.deepcopy(config)
    config.GenerateAssignment.pop("post_convert_hook", None)  # which publishes the release
    said = io.StringIO()
    log = logging.Logger("nbgrader", logging.WARNING)
    log.addHandler(logging.StreamHandler(said))
    with tempfile.TemporaryDirectory(prefix="kit-gradebook-") as folder:
        folders = _course_directory(assignment, config, db_url)
        folders.release_directory = folder
        folders.assignment_id = assignment.name
        folders.log = log
        try:
            GenerateAssignment(coursedir=folders, config=config, log=log).start()
        except NbGraderException as error:
            raise GradebookError(
                f"nbgrader could not put {assignment.name} into the gradebook. If tasks were added "
                "or removed, it can't while there are submissions of it: keep the gradebook's file "
                f"as a copy and begin a new one. It said:\n{said.getvalue()}"
            ) from error


def _load_nbgrader() -> None:
    """Import nbgrader, in a third of the time.

    On its way jsonschema would build a grammar of international addresses, which nothing here uses.
    """
    grammar = "rfc3987_syntax"
    if "jsonschema" not in sys.modules and grammar not in sys.modules:
        sys.modules[grammar] = None  # type: ignore[assignment]  # documented: importing it fails
        try:
            import nbgrader.api  # noqa: F401, PLC0415 (slow)
        finally:
            del sys.modules[grammar]


@contextmanager
def _told(folders: Any) -> Iterator[None]:
    """Turn what a database raises into a GradebookError."""
    from nbgrader.api import InvalidEntry  # noqa: PLC0415 (slow)
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (slow, as nbgrader)

    try:
        yield
    except (SQLAlchemyError, InvalidEntry) as error:
        raise GradebookError(
            f"The gradebook {_shown(folders.db_url)} could not be written "
            f"({type(error).__name__}: {getattr(error, 'orig', None) or error}). Nothing in it was "
            "changed, and the results are safe. Close what else writes to it, then write again."
        ) from error


@contextmanager
def _opened(folders: Any) -> Iterator[Any]:
    """nbgrader's gradebook, open."""
    from nbgrader.api import Gradebook  # noqa: PLC0415 (slow)

    _stamp(folders.db_url)
    with Gradebook(folders.db_url, folders.course_id) as gradebook:
        yield gradebook


def _stamp(db_url: str) -> None:
    """Give an empty database the version of nbgrader's tables.

    nbgrader would do the same by a program, alembic, which must be on the PATH, and takes a second.
    """
    import nbgrader  # noqa: PLC0415 (slow)
    import sqlalchemy as sql  # noqa: PLC0415 (slow, as nbgrader)
    from alembic.script import ScriptDirectory  # noqa: PLC0415 (slow, as nbgrader)

    engine = sql.create_engine(db_url)
    try:
        with engine.begin() as connection:
            if not sql.inspect(connection).get_table_names():
                scripts = ScriptDirectory(str(Path(nbgrader.__file__).with_name("alembic")))
                column = sql.Column("version_num", sql.String(32), nullable=False)
                table = sql.Table("alembic_version", sql.MetaData(), column)
                table.create(connection)
                connection.execute(table.insert().values(version_num=scripts.get_current_head()))
    finally:
        engine.dispose()


@contextmanager
def _one_transaction(gradebook: Any) -> Iterator[None]:
    """Have all that is done within end in one commit, though nbgrader commits after every step."""
    with gradebook.engine.connect() as connection, connection.begin():
        gradebook.db.remove()
        gradebook.db.configure(
            bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False
        )
        yield
        gradebook.db.commit()
        gradebook.db.remove()


def _config(assignment: Assignment) -> Any:
    """What the course's nbgrader_config.py says."""
    from traitlets.config import Config  # noqa: PLC0415 (slow, as nbgrader)
    from traitlets.config.loader import PyFileConfigLoader  # noqa: PLC0415 (slow, as nbgrader)

    if not (assignment.root / "nbgrader_config.py").is_file():
        return Config()
    with of_course(assignment.root / "nbgrader_config.py"):
        return PyFileConfigLoader("nbgrader_config.py", path=str(assignment.root)).load_config()


def _course_directory(assignment: Assignment, config: Any, db_url: str | None) -> Any:
    """nbgrader's notion of the course: by default the gradebook is ``gradebook.db`` in its root."""
    from nbgrader.coursedir import CourseDirectory  # noqa: PLC0415 (slow)

    folders = CourseDirectory(config=config, root=str(assignment.root.resolve()))
    if db_url is not None:
        folders.db_url = db_url
    return folders


def _shown(db_url: str) -> str:
    """The address of a database without its password."""
    from sqlalchemy import make_url  # noqa: PLC0415 (slow, as nbgrader)

    return make_url(db_url).render_as_string(hide_password=True)
