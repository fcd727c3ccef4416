"""Writes results into nbgrader's gradebook, so that formgrader, export and feedback can use them.

nbgrader itself makes the entries of the gradebook: ``generate_assignment`` makes the assignment,
``Gradebook`` makes students and submissions. All results of a call are one transaction: the
gradebook has all of them or none.

Only one process at a time makes or writes the gradebook; a lock beside it says which one
(``kit.batch.lock``). Unchanged entries are not written again, because nbgrader takes some
milliseconds for each student.

A manual score is never changed. It is flagged for review (``needs_manual_grade``) if the submission
or the automatic score behind it has changed. To know that, the kit keeps the digest of the last
graded files in a table of its own, ``kit_graded``, in the same database; nbgrader leaves this table
alone.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from glob import escape
from pathlib import Path
from typing import Any

from kit import feedback
from kit.batch import lock
from kit.course import Assignment, CourseError
from kit.nbgrader import generate
from kit.results import Result, TaskResult, printable

_RELEASE = "release-"
"""The suffix, after the gradebook's name, of the folder for a release that nobody uses."""

Scores = tuple[float | None, float | None, bool]
"""One student's scores for one task: by the checks, by a person; and whether a person must look."""


class GradebookError(Exception):
    """The gradebook can't take the results; the text says why and what to do."""


def prepare(
    assignment: Assignment, db_url: str | None = None, seconds: float | None = None
) -> None:
    """Make the gradebook if there is none, and put the current assignment into it.

    If another process has the gradebook, waits up to ``seconds`` (default:
    ``kit.batch.lock.WAIT_SECONDS``). Raises GradebookError on failure: then nothing can be written.
    """
    config = generate.load_config(assignment.root)
    with _held(assignment, config, db_url, seconds, lock.tell) as folders:
        _prepare(assignment, config, folders)


def write(
    assignment: Assignment,
    results: Iterable[Result],
    timestamps: Mapping[str, datetime | str] | None = None,
    db_url: str | None = None,
    *,
    review: bool = False,
    say: lock.Say = lock.tell,
) -> int:
    """Write results into the gradebook of the course; returns how many of them it then has.

    ``timestamps`` says when students handed in (in UTC if a time names no zone). The plugin that
    ``nbgrader_config.py`` names penalizes late submissions. ``review`` flags all manual scores,
    whether or not anything changed. Results with status ``error`` are left out, and so are tasks
    that ``--tasks`` left out. ``say`` gets messages for a person: that another process has the
    gradebook, or that a time can't be used.
    """
    graded = [result for result in results if not feedback.failed_us(result)]
    if not graded:
        return 0
    config = generate.load_config(assignment.root)
    times = timestamps or {}
    with _held(assignment, config, db_url, None, say) as folders:
        _prepare(assignment, config, folders)
        with _told(folders), _opened(folders) as gradebook, _one_transaction(gradebook):
            book = _Book(gradebook, assignment, config)
            for result in graded:
                student = result.student
                book.write(result, _time(student, times.get(student), say), review)
    return len(graded)


def needed(result: Result) -> Result:
    """The part of a result that ``write`` needs; most of the result need not be sent."""
    tasks = tuple(
        TaskResult(
            id=task.id,
            title=task.title,
            score=task.score,
            max_score=task.max_score,
            manual=task.manual,
            status=task.status,
            checks=(),
            wrong_place=task.wrong_place,
        )
        for task in result.tasks
    )
    return replace(result, tasks=tasks, notes=(), output="")


def flag(assignment: Assignment, student: str, db_url: str) -> None:
    """Flag a student's automatic tasks for review, because their scores may be missing or old."""
    with (
        _held(
            assignment, generate.load_config(assignment.root), db_url, None, lock.tell
        ) as folders,
        _told(folders),
        _opened(folders) as gradebook,
    ):
        submission = gradebook.find_submission(assignment.name, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.needs_manual_grade = True
        gradebook.db.commit()


@contextmanager
def _held(
    assignment: Assignment, config: Any, db_url: str | None, seconds: float | None, say: lock.Say
) -> Iterator[Any]:
    """nbgrader's view of the course, while no other process of the kit writes its gradebook."""
    folders = course_directory(assignment, config, db_url)
    with _told(folders):
        file, made = (_beside(assignment, folders.db_url, name) for name in ("lock", _RELEASE))
    with ExitStack() as kept:
        what = f"The gradebook {_shown(folders.db_url)}"
        try:
            alone = kept.enter_context(lock.held(file, what, seconds, say))
        except CourseError as error:
            raise GradebookError(str(error)) from error
        if alone:  # such a folder was left by a killed process
            for left in made.parent.glob(f"{escape(made.name)}*"):
                shutil.rmtree(left, ignore_errors=True)
        yield folders


def _beside(assignment: Assignment, db_url: str, suffix: str) -> Path:
    """A file beside the gradebook; for a gradebook on a server, a file in the course's folder."""
    from sqlalchemy import make_url  # noqa: PLC0415 (slow, as nbgrader)

    url = make_url(db_url)
    in_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    book = Path(str(url.database)) if in_file else assignment.root / "gradebook.db"
    return book.with_name(f"{book.name}.{suffix}")


def _time(student: str, timestamp: datetime | str | None, say: lock.Say) -> datetime | None:
    """The UTC time at which ``student`` handed in; None if it is unknown or can't be used."""
    from nbgrader.utils import parse_utc  # noqa: PLC0415 (slow)

    try:
        time: datetime | None = parse_utc(timestamp)
    except (ValueError, OverflowError, TypeError, AttributeError) as error:
        say(
            f"The time at which {printable(student)} handed in can't be used "
            f"({printable(str(timestamp), 60)}: {printable(str(error), 60)}), so lateness is "
            "unknown there."
        )
        return None
    return time


def _prepare(assignment: Assignment, config: Any, folders: Any) -> None:
    """Do the work of ``prepare``, in a process that holds the gradebook's lock."""
    with _told(folders):
        with _opened(folders) as gradebook:
            known = _has_cells(gradebook, assignment)
        if not known:
            _generate(assignment, config, folders.db_url)


@dataclass
class _Entry:
    """The gradebook's entry for one student, with the scores by task."""

    timestamp: datetime | None
    extension: timedelta | None
    penalty: float | None
    scores: dict[str, Scores] = field(default_factory=dict)


class _Book:
    """An open gradebook that knows the cells of one assignment, and takes its results."""

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
        self._due = gradebook.find_assignment(self._assignment).duedate
        self._entries = self._read(notebook)

    def _read(self, notebook: Any) -> dict[str, _Entry]:
        """The entries of all students.

        This takes two queries: with a single one, SQLite has no index to use and would read all
        scores for each student.
        """
        import sqlalchemy as sql  # noqa: PLC0415 (slow, as nbgrader)
        from nbgrader.api import Grade, SubmittedAssignment, SubmittedNotebook  # noqa: PLC0415 (as slow)

        submissions = (
            sql.select(
                SubmittedNotebook.id,
                SubmittedAssignment.student_id,
                SubmittedAssignment.timestamp,
                SubmittedAssignment.extension,
                SubmittedNotebook.late_submission_penalty,
            )
            .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .where(SubmittedNotebook.notebook_id == notebook.id)
        )
        grades = sql.select(
            Grade.notebook_id,
            Grade.cell_id,
            Grade.auto_score,
            Grade.manual_score,
            Grade.needs_manual_grade,
        ).where(Grade.cell_id.in_(self._grades))
        found, entries = {}, {}
        for key, student, *about in self._gradebook.db.execute(submissions):
            found[student] = entries[key] = _Entry(*about)
        for key, cell, auto, manual, flagged in self._gradebook.db.execute(grades):
            if key in entries:
                entries[key].scores[self._grades[cell]] = (auto, manual, flagged)
        return found

    def write(self, result: Result, time: datetime | None, review: bool) -> None:
        """Write one result, unless it would not change the gradebook."""
        entry = self._entries.pop(result.student, None)  # a student may come twice
        if entry is None or review or not self._has(entry, result, time):
            self._write(result, time, review)

    def _has(self, entry: _Entry, result: Result, time: datetime | None) -> bool:
        """Whether writing ``result`` would change nothing in ``entry``.

        The plugin decides about penalties, so a student who is late or has a penalty is written
        again.
        """
        due = self._due
        if due is not None and entry.extension is not None:
            due += entry.extension
        late = due is not None and entry.timestamp is not None and entry.timestamp > due
        return (
            time in {None, entry.timestamp}
            and not late
            and entry.penalty is None
            and not self._digests.differs(result.student, result.submission_sha256)
            and {task.id for task in result.tasks} == entry.scores.keys()
            and all(
                _scores(entry.scores[task.id], task, result, False) == entry.scores[task.id]
                for task in result.tasks
            )
        )

    def _write(self, result: Result, time: datetime | None, review: bool) -> None:
        student = result.student
        submission, resubmitted = self._submission(student, time)
        resubmitted |= review
        resubmitted |= self._digests.replace(student, result.submission_sha256)
        notebook = next(part for part in submission.notebooks if part.name == self._notebook)
        grades = {self._grades[grade.cell_id]: grade for grade in notebook.grades}
        if unknown := ", ".join(sorted({task.id for task in result.tasks} ^ grades.keys())):
            raise GradebookError(
                f"The result of {student} and the notebook have different tasks: {unknown}. "
                "Nothing was written. Grade again with --force."
            )
        for task in result.tasks:
            grade = grades[task.id]
            old = (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
            new = _scores(old, task, result, resubmitted)
            grade.auto_score, _, grade.needs_manual_grade = new
        self._penalize(submission, notebook)

    def _submission(self, student: str, time: datetime | None) -> tuple[Any, bool]:
        """The student's submission, made if there is none; and whether its timestamp changed."""
        from nbgrader.api import MissingEntry, Student  # noqa: PLC0415 (slow)

        try:
            submission = self._gradebook.find_submission(self._assignment, student)
        except MissingEntry:
            if self._gradebook.db.get(Student, student) is None:
                self._gradebook.add_student(student)
            with self._gradebook.db.no_autoflush:  # or SQLAlchemy warns of a half-made submission
                made = self._gradebook.add_submission(self._assignment, student, timestamp=time)
            return made, True
        changed = time is not None and submission.timestamp != time
        if changed:
            submission.timestamp = time
        return submission, changed

    def _penalize(self, submission: Any, notebook: Any) -> None:
        """Do the work of nbgrader's AssignLatePenalties, without a notebook to convert."""
        penalty = None
        if submission.total_seconds_late > 0:
            self._gradebook.db.flush()
            self._gradebook.db.refresh(notebook, ["score"])
            penalty = self._late.plugin_inst.late_submission_penalty(
                submission.student.id, notebook.score, submission.total_seconds_late
            )
        if penalty is not None:
            penalty = self._late._check_late_penalty(notebook, penalty)
        notebook.late_submission_penalty = penalty


def _scores(old: Scores, task: TaskResult, result: Result, resubmitted: bool) -> Scores:
    """The new scores of one task; a person's score stays, and is flagged if it may be stale."""
    auto, manual, flagged = old
    changed = resubmitted
    if not task.manual:
        if feedback.left_out(task, result):
            return old
        changed = changed or auto != task.score
        auto = task.score
    if manual is None:
        return auto, manual, task.manual or task.wrong_place is not None
    return auto, manual, flagged or changed


class _Digests:
    """The digests of the last graded files, by student, in a table beside nbgrader's tables."""

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

    def differs(self, student: str, digest: str | None) -> bool:
        """Whether ``digest`` differs from the last one, or is the first."""
        return student not in self._known or self._known[student] != digest

    def replace(self, student: str, digest: str | None) -> bool:
        """Store ``digest``; returns whether it differs from the last one, or is the first."""
        if not self.differs(student, digest):
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
    """Let nbgrader put the assignment into the gradebook; the release that it makes is deleted."""
    config = copy.deepcopy(config)
    config.GenerateAssignment.pop("post_convert_hook", None)  # the hook publishes the release
    made = _beside(assignment, db_url, _RELEASE)
    with tempfile.TemporaryDirectory(prefix=made.name, dir=made.parent) as folder:
        folders = course_directory(assignment, config, db_url)
        folders.release_directory = folder
        folders.assignment_id = assignment.name
        try:
            generate.run(folders, config)
        except generate.RefusedError as error:
            raise GradebookError(
                f"nbgrader could not put {assignment.name} into the gradebook. It can't add or "
                "remove tasks while the gradebook has submissions of the assignment. If tasks were "
                "added or removed, move the gradebook's file away as a copy and start a new one. "
                f"nbgrader's message:\n{error}"
            ) from error


@contextmanager
def _told(folders: Any) -> Iterator[None]:
    """Turn any exception of the database into a GradebookError."""
    from nbgrader.api import InvalidEntry  # noqa: PLC0415 (slow)
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (slow, as nbgrader)

    try:
        yield
    except (SQLAlchemyError, InvalidEntry) as error:
        raise GradebookError(
            f"The gradebook {_shown(folders.db_url)} could not be written "
            f"({type(error).__name__}: {getattr(error, 'orig', None) or error}). Nothing in it was "
            "changed, and the results are safe. Close other programs that write to it, then try "
            "again."
        ) from error


@contextmanager
def _opened(folders: Any) -> Iterator[Any]:
    """nbgrader's open gradebook."""
    from nbgrader.api import Gradebook  # noqa: PLC0415 (slow)

    _stamp(folders.db_url)
    with Gradebook(folders.db_url, folders.course_id) as gradebook:
        yield gradebook


def _stamp(db_url: str) -> None:
    """Give an empty database the version of nbgrader's tables.

    nbgrader would run the program alembic for this, which takes a second and must be on the PATH.
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
    """Put all changes into one commit, although nbgrader commits after every step."""
    with gradebook.engine.connect() as connection, connection.begin():
        gradebook.db.remove()
        gradebook.db.configure(
            bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False
        )
        yield
        gradebook.db.commit()
        gradebook.db.remove()


def course_directory(assignment: Assignment, config: Any, db_url: str | None) -> Any:
    """nbgrader's view of the course; the default gradebook is ``gradebook.db`` in its root."""
    from nbgrader.coursedir import CourseDirectory  # noqa: PLC0415 (slow)

    folders = CourseDirectory(config=config, root=str(assignment.root.resolve()))
    if db_url is not None:
        folders.db_url = db_url
    return folders


def _shown(db_url: str) -> str:
    """The address of a database without its password."""
    from sqlalchemy import make_url  # noqa: PLC0415 (slow, as nbgrader)

    return make_url(db_url).render_as_string(hide_password=True)
