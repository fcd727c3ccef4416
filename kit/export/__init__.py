"""Results in the formats that other tools read: each a small module of pure functions.

What they share is here: the points of single checks, and the one thing that no format can say.
"""

from __future__ import annotations

from typing import Any


class NoScoreError(Exception):
    """By a fault of ours there is no score; no file may be written that would say 0."""


def number(score: float) -> str:
    """A score as text, the same in every format; no needless zeros, at most six decimals."""
    return f"{round(score, 6):.6f}".rstrip("0").rstrip(".")


def earned(task: dict[str, Any]) -> list[float]:
    """What each check of a task contributes to its score; together they are the task's score.

    A suite may give its checks more points than the task has. They count up to the task's.
    """
    left = task["score"] or 0.0
    contributions = []
    for check in task["checks"]:
        points = min(check["points"], left) if check["status"] == "passed" else 0.0
        contributions.append(points)
        left -= points
    return contributions


def explain(check: dict[str, Any], task: dict[str, Any]) -> str:
    """What a student reads about a check of ``task``, as plain text: the cause first."""
    if check["status"] == "passed":
        return str(check["message"])
    lines = [task["diagnosis"]["text"]] if "diagnosis" in check and "diagnosis" in task else []
    lines += [task["wrong_place"]["text"]] if "wrong_place" in task else []
    lines.append(check["message"])
    if "expected" in check and "got" in check:
        lines.append(f"Expected {check['expected']}, got {check['got']}.")
    return "\n".join([*lines, f"Rule: {check['hint']}"])


def summary(result: dict[str, Any]) -> str:
    """What there is to say about the submission as a whole: why it was rejected, what was odd."""
    return "\n".join([*([result["message"]] if "message" in result else []), *result["notes"]])


def without_surrogates(text: str) -> str:
    """``text`` in a form that every encoding can hold: lone surrogates are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
