"""A result as Gradescope's ``results.json``.

One entry a check, with its points. Tasks that a person grades are not listed: Gradescope has
questions for these. Penalties for lateness are Gradescope's own.
"""

from __future__ import annotations

from typing import Any

from kit.export import NoScoreError
from kit.feedback import earned, explain_all, summary, without_surrogates


def export(result: dict[str, Any]) -> dict[str, Any]:
    """What ``results.json`` holds, ready for ``json.dump``.

    Raises NoScoreError after a fault of ours: see ``without_score``.
    """
    if result["score"] is None:
        raise NoScoreError(summary(result) or "Some checks could not be carried out.")
    return {
        "score": round(result["score"], 6),
        "execution_time": result["seconds"],
        "output": without_surrogates(summary(result)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": _entries(result) or [_nothing_run(result)],
    }


def without_score(why: str) -> dict[str, Any]:
    """What ``results.json`` holds after a fault of ours; ``why`` is a sentence on it.

    It has no score, which Gradescope requires: it then says that the autograder failed, and notes
    nothing as a grade. Whoever opens the file reads the reason.
    """
    said = (
        "This is no grade. The submission could not be graded, by a fault that is not its own. "
        f"Please tell your instructor, who can rerun the autograder. {why}"
    )
    return {
        "output": without_surrogates(said),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
    }


def _entries(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks; a student sees all of them, for one hidden entry would hide the total."""
    entries = []
    told = explain_all(result)
    for number, task in enumerate(result["tasks"], start=1):
        for within, score in enumerate(earned(task), start=1):
            _, check, text = next(told)
            name = f"{task['title']}: {check['hint']}"
            entries.append(
                _entry(name, check["status"], score, check["points"], text)
                | {"number": f"{number}.{within}", "tags": [task["id"]]}
            )
    return entries


def _nothing_run(result: dict[str, Any]) -> dict[str, Any]:
    """The one entry of a submission that no check was run on."""
    message = summary(result) or "No check was run on the submission."
    return _entry("Your submission", "failed", 0.0, result["max_score"], message)


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
