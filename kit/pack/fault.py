"""Says why a submission has no score, for those who run the grader."""

from __future__ import annotations

import traceback
from typing import Any

from kit.course import CourseError
from kit.results import printable
from kit.sandbox.faults import KitFault


def of_error(error: BaseException) -> str:
    """A sentence on what ended the grader; what should never happen comes with its traceback."""
    if isinstance(error, CourseError | KitFault):
        return printable(str(error))
    print("".join(traceback.format_exception(error)))
    return f"The grader failed ({type(error).__name__}: {printable(str(error))})."


def reason(result: dict[str, Any]) -> str:
    """The sentence of a result with status ``error``: its own, or that of the first check."""
    if "message" in result:
        return str(result["message"])
    return next(
        f"{check['name']}: {check['message']}"
        for task in result["tasks"]
        for check in task["checks"]
        if check["status"] == "error"
    )
