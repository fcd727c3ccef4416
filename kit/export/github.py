"""A result as the text that GitHub Classroom's reporter takes from a step's output ``result``.

The reporter adds up the ``score`` of all tests, so each has one. It prints names and messages into
the job's log, where a line may be a command to the runner, and it gets the text in a variable of
its environment, which Linux limits to 128 KiB.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from kit import feedback
from kit.feedback import earned, explain_all, without_commands
from kit.results import Result

VERSION = 3
MAX_TEXT = 100_000
"""Characters of base64: below what Linux lets one variable hold."""
_STATUS = {"passed": "pass", "failed": "fail", "error": "error"}


def export(result: Result) -> str:
    """The result as one line of base64; messages are cut until it fits.

    After a fault of ours ``max_score`` is 0: the reporter then reports no points at all to
    Classroom, and the job fails.
    """
    limit = 2000
    while len(text := _encode(classroom(result, limit))) > MAX_TEXT and limit:
        limit //= 2
    return text


def without_score(why: str) -> str:
    """The line after a fault of ours for which there is no result; ``why`` is a sentence on it."""
    test = _test("Your submission", "error", why, 0.0, 2000)
    return _encode({"version": VERSION, "status": "error", "max_score": 0, "tests": [test]})


def classroom(result: Result, limit: int = 2000) -> dict[str, Any]:
    """What the line says; each message is cut to ``limit`` characters."""
    broken = result.score is None
    tests = [] if broken else _tests(result, limit)
    return {
        "version": VERSION,
        "status": _STATUS[feedback.verdict(result)],
        "max_score": 0 if broken else result.max_score,
        "tests": tests or [_submission(result, limit)],
    }


def _tests(result: Result, limit: int) -> list[dict[str, Any]]:
    scores = [score for task in result.tasks for score in earned(task)]
    return [
        _test(feedback.title(check, task), check.status, text, score, limit)
        | {"test_code": check.name, "task_id": task.id}
        for (task, check, text), score in zip(explain_all(result), scores, strict=True)
    ]


def _submission(result: Result, limit: int) -> dict[str, Any]:
    """The one test of a submission that could not be graded, or that no check was run on."""
    status = "error" if feedback.failed_us(result) else "failed"
    return _test("Your submission", status, feedback.instead_of_checks(result), 0.0, limit)


def _test(name: str, status: str, message: str, score: float, limit: int) -> dict[str, Any]:
    return {
        "name": without_commands(name),
        "status": _STATUS[status],
        "message": None if status == "passed" else without_commands(message[:limit]),
        "test_code": "",
        "task_id": "",
        "filename": "",
        "line_no": 0,
        "duration": 0,
        "score": score,
    }


def _encode(report: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(report).encode()).decode()
