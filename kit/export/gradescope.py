"""A result as Gradescope's ``results.json``.

One entry a check, with its points. Tasks that a person grades are not listed: Gradescope has
questions for these. Penalties for lateness are Gradescope's own.
"""

from __future__ import annotations

from typing import Any

from kit import feedback
from kit.feedback import earned, explain_all, summary, without_surrogates
from kit.results import Result


class NoScoreError(Exception):
    """The grader failed, so there is no score; no file may be written that would say 0."""


def export(result: Result) -> dict[str, Any]:
    """What ``results.json`` holds, ready for ``json.dump``.

    Raises NoScoreError where the grader failed: see ``without_score``.
    """
    if result.score is None:
        raise NoScoreError(feedback.why_no_grade(result))
    return {
        "score": round(result.score, 6),
        "execution_time": result.seconds,
        "output": without_surrogates(summary(result)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": _entries(result) or [_nothing_run(result)],
    }


def without_score(why: str) -> dict[str, Any]:
    """What ``results.json`` holds where the grader failed; ``why`` is a sentence on it.

    It has no score, which Gradescope requires: it then says that the autograder failed, and notes
    nothing as a grade. Whoever opens the file reads the reason.
    """
    said = (
        f"There is no grade. {feedback.GRADER_FAILED} Please tell your instructor, who can rerun "
        f"the autograder. {why}"
    )
    return {
        "output": without_surrogates(said),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
    }


def _entries(result: Result) -> list[dict[str, Any]]:
    """The checks; a student sees all of them, for one hidden entry would hide the total."""
    entries = []
    told = explain_all(result)
    for number, task in enumerate(result.tasks, start=1):
        for within, score in enumerate(earned(task), start=1):
            _, check, text = next(told)
            name = feedback.title(check, task)
            entries.append(
                _entry(name, check.status, score, check.points, text)
                | {"number": f"{number}.{within}", "tags": [task.id]}
            )
    return entries


def _nothing_run(result: Result) -> dict[str, Any]:
    """The one entry of a submission that no check was run on."""
    message = feedback.instead_of_checks(result)
    return _entry("Your submission", "failed", 0.0, result.max_score, message)


def _entry(name: str, status: str, score: float, max_score: float, output: str) -> dict[str, Any]:
    return {
        "name": without_surrogates(name),
        "score": score,
        "max_score": max_score,
        "status": status,
        "output": without_surrogates(output),
        "output_format": "text",
        "visibility": "visible",
    }
