"""What a reader is told about a result: the same words in every output.

Display, pages, notebooks and the formats of platforms ask here what a result means.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

_CI_COMMAND = re.compile(r"((?:^|(?<=\s)):(?=:)|#(?=#\w*\[))", re.MULTILINE)


def reason(check: dict[str, Any]) -> str:
    """The same text for checks of a result that failed for the same reason.

    That is the exception where there is one, in whichever function and with whichever arguments,
    and else what is said.
    """
    error = check.get("error")
    if error is not None and error["trace"]:
        return json.dumps(error)
    return json.dumps([check.get(key) for key in ("status", "message", "error", "expected", "got")])


def alike(checks: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Those of a result's ``checks`` that did not pass, together where the reason is the same."""
    groups: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for check in checks:
        if check["status"] != "passed":
            groups.setdefault((reason(check), "diagnosis" in check), []).append(check)
    return list(groups.values())


def points(value: float | None) -> str:
    """Points without needless zeros; a dash where a fault of ours left none."""
    return "-" if value is None else f"{value:g}"


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


def explain_all(result: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Each check of a result, after its task, with what a student reads about it.

    An exception that ended several checks is told with the first of them. The others say where.
    """
    ended = Counter(
        reason(check) for task in result["tasks"] for check in task["checks"] if _raised(check)
    )
    first: dict[str, str] = {}
    for task in result["tasks"]:
        for check in task["checks"]:
            if not _raised(check):
                yield task, check, explain(check, task)
                continue
            why, name = reason(check), f"{task['title']}: {check['hint']}"
            if why in first:
                yield task, check, f"The same exception as in “{first[why]}”."
                continue
            first[why] = name
            more = ended[why] - 1
            same = f"\nThe same for {more} more check{'s' * (more > 1)}." if more else ""
            yield task, check, explain(check, task) + same


def _raised(check: dict[str, Any]) -> bool:
    return "error" in check and bool(check["error"]["trace"])


def summary(result: dict[str, Any]) -> str:
    """What there is to say about the submission as a whole: why it was rejected, what was odd."""
    return "\n".join([*([result["message"]] if "message" in result else []), *result["notes"]])


def without_surrogates(text: str) -> str:
    """``text`` in a form that every encoding can hold: lone surrogates are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def without_commands(text: str) -> str:
    """``text`` with nothing in it that a CI job would take for a command to its runner."""
    return _CI_COMMAND.sub("\\g<1>\u200b", text)
