"""A file that Canvas's gradebook imports, made anew or merged into one that Canvas exported.

Merging is the better way: only an exported file has the number of the assignment and of every
student, by which Canvas matches. Canvas reads the first columns by their place and their names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kit.course import Assignment, CourseError, read_text
from kit.export.spreadsheet import harmless, table
from kit.feedback import number
from kit.finals import Final, Finals
from kit.results import Result

STUDENT_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
KEYS = ("SIS Login ID", "ID", "SIS User ID")
"""The columns that may hold our name of a student; the first that does decides."""
POINTS_POSSIBLE = "Points Possible"
TEST_STUDENT = "Student, Test"
"""Canvas's own, which every course with a student view has."""
_BOM = "\ufeff"


class RosterError(Exception):
    """The file is not a gradebook that Canvas exported, or it is ambiguous; the text says how."""


@dataclass(frozen=True)
class Merged:
    """A merged file.

    ``missing`` are the students with a score for whom it has no line, ``absent`` those of its
    lines who have no result.
    """

    text: str
    missing: tuple[str, ...]
    absent: tuple[str, ...] = ()


def export(
    assignment: Assignment, results: Iterable[Result], finals: Finals, column: str | None = None
) -> str:
    """A file with one column of final scores, students by ``SIS Login ID``.

    The column is called ``column``, or else like the assignment; Canvas offers to create what it
    does not have. Each row has all cells; one without a score is empty.
    """
    title = harmless(column or assignment.name)
    points = _possible(assignment, finals)
    rows = [[*STUDENT_COLUMNS, title], [POINTS_POSSIBLE, "", "", "", "", points]]
    for result in results:
        student = harmless(result.student)
        # a line whose first cell says Points Possible would change what the assignment is worth
        name = "" if POINTS_POSSIBLE in student else student
        rows.append([name, "", "", student, "", _score(finals.of[result.student]) or ""])
    return table(rows)


def fill_in(
    assignment: Assignment,
    results: Iterable[Result],
    finals: Finals,
    roster: Path,
    column: str | None = None,
) -> Merged:
    """Put scores into the gradebook that Canvas exported to the file ``roster``; see ``merge``.

    The file itself stays as it is. Raises CourseError where it can't be read or understood.
    """
    text = read_text(roster)
    try:
        return merge(assignment, results, finals, text, column)
    except RosterError as error:
        raise CourseError(f"{roster}: {error}") from error


def merge(
    assignment: Assignment,
    results: Iterable[Result],
    finals: Finals,
    roster: str,
    column: str | None = None,
) -> Merged:
    """Put final scores into ``roster``, the text of an exported gradebook; all else stays.

    The column is called ``column``, or else like the assignment, with or without its number; it is
    added where there is none. A student without score keeps what the roster says.
    Raises RosterError where the file can't be understood.
    """
    rows, delimiter = _parse(roster)
    header = rows[0]
    place = _place(header, assignment.name, column)
    if place == len(header):
        header.append(harmless(column or assignment.name))
        for row in rows[1:]:  # each row gets the new cell, for Canvas refuses a ragged one
            _put(row, place, "")
            if POINTS_POSSIBLE in row[0]:
                _put(row, place, _possible(assignment, finals))
    lines = _lines(rows)
    missing, found = [], []
    for result in results:
        score = _score(finals.of[result.student])
        line = _line_of(lines, result.student)
        found.append(line)
        if line is not None and score is not None:
            _put(line, place, score)
        elif score is not None:
            missing.append(result.student)
    bom = _BOM if roster.startswith(_BOM) else ""
    handed_in = {id(line) for line in found}
    absent = [row[0] for row in _students(rows) if id(row) not in handed_in]
    return Merged(bom + table(rows, delimiter), tuple(missing), tuple(absent))


def _possible(assignment: Assignment, finals: Finals) -> str:
    """What there is to be had: a person's points only where the scores have them."""
    tasks = [task for task in assignment.tasks if finals.complete or not task.manual]
    return number(sum(task.points for task in tasks))


def _score(final: Final) -> str | None:
    return None if final.total is None else number(final.total)


def _students(rows: list[list[str]]) -> Iterator[list[str]]:
    """The rows that are a student's: none of points, and not Canvas's own test student."""
    for row in rows[1:]:
        if POINTS_POSSIBLE not in row[0] and row[0].strip() not in {"", TEST_STUDENT}:
            yield row


def _parse(roster: str) -> tuple[list[list[str]], str]:
    """The rows of an exported gradebook, and what separates its cells."""
    text = roster.removeprefix(_BOM)
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
        ]
    except csv.Error as error:
        raise RosterError(f"The file is not a CSV file: {error}.") from error
    if not rows or not {"Student", "ID", "Section"} <= set(rows[0]):
        raise RosterError(
            "The file is not a gradebook that Canvas exported: its first line lacks Student, ID or "
            "Section. In Canvas choose Grades, Export, Export Entire Gradebook."
        )
    return rows, delimiter


def _place(header: list[str], name: str, column: str | None) -> int:
    """Where the assignment's column is; one past the end where there is none."""
    wanted = rf"{re.escape(column or name)}( \(\d+\))?"
    found = [place for place, title in enumerate(header) if re.fullmatch(wanted, title)]
    if len(found) > 1:
        titles = ", ".join(header[place] for place in found)
        raise RosterError(f"Several columns could be {name}: {titles}. Say which one is meant.")
    return found[0] if found else len(header)


def _lines(rows: list[list[str]]) -> list[dict[str, list[list[str]]]]:
    """For each of KEYS that the roster has: the lines by what stands there."""
    header = rows[0]
    indices = []
    for key in KEYS:
        if key in header:
            place = header.index(key)
            index: dict[str, list[list[str]]] = {}
            for row in rows[1:]:
                if POINTS_POSSIBLE not in row[0] and len(row) > place and row[place].strip():
                    index.setdefault(row[place].strip(), []).append(row)
            indices.append(index)
    return indices


def _line_of(lines: list[dict[str, list[list[str]]]], student: str) -> list[str] | None:
    for index in lines:
        found = index.get(student, [])
        if len(found) > 1:
            raise RosterError(f"The file has {len(found)} lines for {student}. Leave one in it.")
        if found:
            return found[0]
    return _line_of_download(lines, student)


def _line_of_download(lines: list[dict[str, list[list[str]]]], student: str) -> list[str] | None:
    """The line of a student named as in Canvas's download: ``lovelaceada_12345``, name and ID."""
    name, _, number = student.rpartition("_")
    for index in lines:
        for line in index.get(number, []):
            if name and "".join(filter(str.isalnum, line[0])).casefold() == name.casefold():
                return line
    return None


def _put(row: list[str], place: int, value: str) -> None:
    row.extend([""] * (place + 1 - len(row)))
    row[place] = value
