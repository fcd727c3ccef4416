"""Says why a submission has no score, for those who run the grader."""

from __future__ import annotations

from typing import Any


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
