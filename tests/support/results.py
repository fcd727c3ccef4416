"""Results: the schema, parts of one, and made ones of every kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsonschema

from kit.course import Assignment
from kit.grading import verdicts
from kit.grading.verdicts import Check, Verdict
from kit.results import Result
from tests.support.course import ROOT, submission

SCHEMA = json.loads((ROOT / "docs/results.schema.json").read_text())
_VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
CHECKS = (
    Check("test_work.py::test_double_of_one", "double", 1, "Twice one is two."),
    Check("test_work.py::test_double_of_unseen", "double", 3, "y = 2 x"),
    Check("test_work.py::test_remember", "remember", 2, 'state["x"] is x.'),
)


def require_documented(result: dict[str, Any]) -> None:
    """Raises ValidationError if the result is not of the documented form.

    The schema itself is not looked through each time, which would take five times as long.
    """
    _VALIDATOR.validate(result)


def task_of(result: dict[str, Any], task: str) -> dict[str, Any]:
    """One task of a result."""
    return next(entry for entry in result["tasks"] if entry["id"] == task)


def without_time(result: dict[str, Any]) -> dict[str, Any]:
    """The result but for how long it took."""
    return {key: value for key, value in result.items() if key != "seconds"}


def result_of(
    assignment: Assignment,
    student: str = "ada",
    problems: Sequence[BaseException | None] = (None, None, None),
    *,
    work: str = "",
    checks: Sequence[Check] = CHECKS,
    output: bytes = b"",
) -> Result:
    """The result of a submission to ``tiny`` whose checks ended with ``problems``."""
    ends = [Verdict(check, problem) for check, problem in zip(checks, problems, strict=True)]
    handed_in = submission(work, student)
    return verdicts.build(
        assignment, handed_in, ends, {}, {}, seed=1, seconds=0.25, layers=[], output=output
    )


def rejected(assignment: Assignment, student: str = "ada") -> Result:
    return verdicts.build_ungraded(assignment, student, "rejected", "There is no work.py.", 0.0)


def broken(assignment: Assignment, student: str = "ada") -> Result:
    return verdicts.build_ungraded(assignment, student, "error", "The worker is gone.", None)
