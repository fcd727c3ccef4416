"""Reads from nbgrader's gradebook what submissions are worth, a person's points included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit import feedback
from kit.course import Assignment, CourseError
from kit.finals import Final, Finals, automatic_alone
from kit.finals import automatic as of_checks
from kit.nbgrader import generate
from kit.results import Result

_FEW = 10
"""So many students are named in a remark."""


@dataclass
class _Entry:
    """A student's entry in the gradebook: points by task, and what lateness costs."""

    penalty: float
    auto: dict[str, float | None] = field(default_factory=dict)
    score: float = 0.0
    waiting: bool = False

    def final(self, assignment: Assignment) -> Final:
        own = sum(self.auto.get(task.id) or 0.0 for task in assignment.tasks if not task.manual)
        total = max(0.0, self.score - self.penalty)
        return Final(own, self.score - own, self.penalty, total, self.waiting)


@dataclass(frozen=True)
class _Book:
    entries: Mapping[str, _Entry]
    students: Sequence[str]


def finals(assignment: Assignment, results: Sequence[Result]) -> Finals:
    """What the submissions behind ``results`` are worth: by the gradebook, where it has them.

    The gradebook is only read, and never made. Raises CourseError if it can't be read. A result
    with status ``error`` has no score, whatever an earlier one was.
    """
    book = _read(assignment)
    if book is None:
        said = (
            f"No gradebook has {assignment.name}, so these are the automatic points alone, without "
            "what a person gives and what lateness costs."
        )
        return Finals(automatic_alone(results).of, remarks=(said,))
    found = {
        result.student: book.entries[result.student].final(assignment)
        if result.student in book.entries and not feedback.failed_us(result)
        else of_checks(result)
        for result in results
    }
    return Finals(found, True, _absent(book), tuple(_remarks(results, book, found)))


def absent(assignment: Assignment) -> tuple[str, ...]:
    """The students of the gradebook who have not handed in, by name."""
    book = _read(assignment)
    return () if book is None else _absent(book)


def _absent(book: _Book) -> tuple[str, ...]:
    return tuple(sorted(set(book.students) - book.entries.keys()))


def _remarks(results: Iterable[Result], book: _Book, found: Mapping[str, Final]) -> Iterator[str]:
    scored = [result for result in results if not feedback.failed_us(result)]
    known = [result for result in scored if result.student in book.entries]
    missing = [result.student for result in scored if result.student not in book.entries]
    if missing:
        yield (
            f"The gradebook does not have {_names(missing)}: those are the automatic points alone. "
            "kit export gradebook puts them there."
        )
    other = [result.student for result in known if _differs(result, book.entries[result.student])]
    if other:
        yield (
            f"The gradebook has other automatic points than the results of {_names(other)}. Its "
            "points were taken. kit export gradebook brings it up to date."
        )
    waiting = [result.student for result in known if found[result.student].waiting]
    if waiting:
        yield f"A person has still to grade something of {_names(waiting)}."


def _differs(result: Result, entry: _Entry) -> bool:
    return any(
        entry.auto.get(task.id) != task.score
        for task in result.tasks
        if not task.manual and not feedback.left_out(task, result)
    )


def _names(students: Sequence[str]) -> str:
    more = len(students) - _FEW
    return ", ".join(students[:_FEW]) + (f" and {more:,} more" if more > 0 else "")


def _read(assignment: Assignment) -> _Book | None:
    """What the gradebook has of an assignment; None where it, or the assignment in it, is not."""
    address = _address(assignment)
    if address is None:
        return None
    import sqlalchemy as sql  # noqa: PLC0415 (slow, as nbgrader)
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (as above)

    engine = sql.create_engine(address)
    try:
        with engine.connect() as connection:
            if not sql.inspect(connection).has_table("submitted_assignment"):
                return None
            return _entries(connection, assignment)
    except SQLAlchemyError as error:
        shown = sql.make_url(address).render_as_string(hide_password=True)
        raise CourseError(
            f"The gradebook {shown} can't be read ({getattr(error, 'orig', None) or error}), so "
            "no final score is known. Nothing was written."
        ) from error
    finally:
        engine.dispose()


def _address(assignment: Assignment) -> str | None:
    """Where the gradebook is; None for a file that is not there, which reading would make."""
    stated = generate.load_config(assignment.root).CourseDirectory.get("db_url")
    if stated is None:
        file = assignment.root.resolve() / "gradebook.db"
        return f"sqlite:///{file}" if file.exists() else None
    from sqlalchemy import make_url  # noqa: PLC0415 (slow, as nbgrader)

    url = make_url(str(stated))
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return None
    return str(stated)


def _entries(connection: Any, assignment: Assignment) -> _Book | None:
    import sqlalchemy as sql  # noqa: PLC0415 (slow, as nbgrader)
    from nbgrader import api  # noqa: PLC0415 (slow)
    from nbgrader.api import (  # noqa: PLC0415 (as slow)
        Grade,
        GradeCell,
        SubmittedAssignment,
        SubmittedNotebook,
    )

    known = sql.select(api.Assignment.id).where(api.Assignment.name == assignment.name)
    key = connection.execute(known).scalar()
    if key is None:
        return None
    notebooks = (
        sql.select(
            SubmittedNotebook.id,
            SubmittedAssignment.student_id,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(SubmittedAssignment.assignment_id == key)
    )
    automatic = {task.id for task in assignment.tasks if not task.manual}
    entries: dict[str, _Entry] = {}
    owners: dict[str, _Entry] = {}
    for notebook, student, penalty in connection.execute(notebooks):
        entries[student] = owners[notebook] = _Entry(penalty or 0.0)
    grades = (
        sql.select(
            Grade.notebook_id,
            GradeCell.name,
            Grade.auto_score,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
        )
        .join(GradeCell, Grade.cell_id == GradeCell.id)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(SubmittedAssignment.assignment_id == key)
    )
    for notebook, task, auto, manual, extra, flagged in connection.execute(grades):
        entry = owners[notebook]
        entry.auto[task] = auto
        given = auto if manual is None else manual  # nbgrader's own rule
        entry.score += 0.0 if given is None else given + (extra or 0.0)
        entry.waiting |= bool(flagged) and (auto is not None or task not in automatic)
    return _Book(entries, list(connection.execute(sql.select(api.Student.id)).scalars()))
