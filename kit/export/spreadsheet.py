"""A table of final scores with the columns of nbgrader's own CSV export, and what they are made of.

What a spreadsheet would take for a formula is defused: a cell that begins like one gets an
apostrophe before it. Some spreadsheets pass over spaces before a formula, and some read the wide
or small forms of its first character, as keyboards for Chinese and Japanese type them.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from kit.feedback import number
from kit.finals import Final
from kit.results import Result, printable

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "automatic_score",
    "manual_score",
)
_PASSED_OVER = {"Zs", "Zl", "Zp", "Cf"}
"""The Unicode categories of spaces, separators and marks that nobody sees."""
_DEFUSED = {"Sm", "Pd", "Cc"}
"""Those of equals, plus and other signs, of minus and other dashes, and of control characters."""


def export(results: Iterable[Result], finals: Mapping[str, Final]) -> str:
    """The final scores behind results, one line a student; the score of an ``error`` stays empty.

    A student whom no gradebook has gets the automatic points; what a person gave and what lateness
    costs stays empty there. ``max_score`` counts, as nbgrader's does, the tasks that a person
    grades.
    """
    return table([COLUMNS, *(_row(result, finals[result.student]) for result in results)])


def _row(result: Result, final: Final) -> list[str]:
    raw = None if final.automatic is None else final.automatic + (final.manual or 0.0)
    cells = dict.fromkeys(COLUMNS, "") | {
        "assignment": harmless(result.assignment),
        "student_id": harmless(result.student),
        "raw_score": _points(raw),
        "late_submission_penalty": _points(final.penalty),
        "score": _points(final.total),
        "max_score": number(sum(task.max_score for task in result.tasks)),
        "automatic_score": _points(final.automatic),
        "manual_score": _points(final.manual),
    }
    return list(cells.values())


def _points(value: float | None) -> str:
    return "" if value is None else number(value)


def table(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Rows as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """``text`` as a cell that no spreadsheet calculates and every program can read."""
    readable = printable(text)
    return f"'{readable}" if _calculated(text) else readable


def _calculated(text: str) -> bool:
    """Whether ``text`` begins with a control character, or as a formula does, in any form."""
    for char in text:
        category = unicodedata.category(char)
        if category not in _PASSED_OVER:
            return category in _DEFUSED or unicodedata.normalize("NFKC", char) == "@"
    return False
