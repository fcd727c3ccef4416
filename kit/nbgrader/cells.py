"""Says in a notebook what the checks said, so that nbgrader's pages carry it, as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from nbformat.notebooknode import NotebookNode

from kit.feedback import alike, points
from kit.nbgrader.plain import literal, markdown_cell, node, text_output

Result = dict[str, Any]
_WIDTH = 92


def tell(notebook: NotebookNode, result: Result) -> None:
    """Begin ``notebook`` with a summary, and give each automatic task's cell its verdict."""
    tasks = {task["id"]: task for task in result["tasks"] if not task["manual"]}
    for cell in notebook.cells:
        task = tasks.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if task is not None and cell.cell_type == "code":
            why = result.get("message") or "Not graded."
            cell.outputs = [node(text_output(verdict(task) if task["checks"] else why))]
    notebook.cells.insert(0, node(markdown_cell(_summary(result), "automatic-grading")))


def verdict(task: dict[str, Any]) -> str:
    """What the checks of a task said; those that failed alike are told once."""
    checks = task["checks"]
    passed = sum(check["status"] == "passed" for check in checks)
    earned = f"{points(task['score'])} of {points(task['max_score'])} points"
    lines = [f"{passed} of {len(checks)} checks passed, {earned}."]
    if "follows_from" in task:
        earlier = " and ".join(task["follows_from"])
        lines += ["", f"It is right on top of your {earlier}, which is to be mended."]
    if "diagnosis" in task:
        lines += ["", *_folded(task["diagnosis"]["text"])]
    if "wrong_place" in task:
        lines += ["", *_folded(task["wrong_place"]["text"])]
    groups = alike(checks)
    explained = [group for group in groups if "diagnosis" in group[0]]
    for group in groups:
        if group not in explained[1:]:  # of one cause one of its effects is enough
            lines += ["", *_failed(group)]
    if more := sum(map(len, explained[1:])):
        lines += ["", f"Failed for the same reason: {_number_of(more)} more"]
    return "\n".join(lines)


def _failed(checks: list[dict[str, Any]]) -> Iterator[str]:
    yield from _folded(f"Failed: {_number_of(len(checks))}")
    yield from _folded(checks[0]["message"], "    ")
    if len(checks) == 1:
        yield from _folded(f"Rule: {checks[0]['hint']}", "    ")


def _number_of(checks: int) -> str:
    return "1 check" if checks == 1 else f"{checks} checks"


def _folded(text: str, indent: str = "") -> Iterator[str]:
    """``text`` in lines that fit a page, which does not fold an output by itself."""
    for line in text.splitlines():
        yield from wrap(line, _WIDTH, initial_indent=indent, subsequent_indent=indent) or [""]


def _summary(result: Result) -> str:
    """A page's first words: the points, what was odd, and what the outputs below are worth."""
    scored = f"{points(result['score'])} of {points(result['max_score'])}"
    said = [f"**Automatic grading: {scored} points.**"]
    if result["status"] == "rejected":
        said.append("The submission was rejected:")
    said += [literal(text) for text in (result.get("message"), *result["notes"]) if text]
    said.append(
        "The graded cells show what the checks said. All other outputs are as they were handed in: "
        "the notebook was not run."
    )
    return "\n\n".join(said)
