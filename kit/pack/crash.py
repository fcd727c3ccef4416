"""Says what ended the grader, for those who run it."""

from __future__ import annotations

import traceback

from kit.course import CourseError
from kit.results import printable
from kit.sandbox.faults import KitFault


def sentence(error: BaseException) -> str:
    """A sentence on what ended the grader; what should never happen comes with its traceback."""
    if isinstance(error, CourseError | KitFault):
        return printable(str(error))
    print("".join(traceback.format_exception(error)))
    return f"The grader failed ({type(error).__name__}: {printable(str(error))})."
