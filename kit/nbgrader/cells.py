"""Says in a notebook what the checks said, so that nbgrader's pages carry it, as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from nbformat.notebooknode import NotebookNode

from kit import feedback
from kit.feedback import points
from kit.nbgrader.plain import literal, markdown_cell, node, text_output
from kit.results import CheckResult, Result, TaskResult, printable

_WIDTH = 92
_MAX_FILE = 60_000
"""So many characters of a file are shown."""


def tell(notebook: NotebookNode, result: Result, files: Mapping[str, bytes]) -> None:
    """Begin ``notebook`` with a summary, and give each automatic task's cell its verdict.

    At its end stand the ``files`` that were graded, as text that nobody can run.
    """
    tasks = {task.id: task for task in result.tasks if not task.manual}
    for cell in notebook.cells:
        task = tasks.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if task is not None and cell.cell_type == "code":
            why = result.message or feedback.why_not_graded(task)
            cell.outputs = [node(text_output(said(task) if task.checks else why))]
    notebook.cells.insert(0, node(markdown_cell(_summary(result), "automatic-grading")))
    notebook.cells.extend(node(cell) for cell in _files(files))


def _files(files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """A cell for each file: its name, and its lines with their numbers, for messages name them."""
    for number, (name, content) in enumerate(sorted(files.items())):
        text = printable(content.decode("utf-8", "replace").replace("\r\n", "\n"), _MAX_FILE)
        lines = [f"{place:4}  {line}" for place, line in enumerate(text.split("\n"), start=1)]
        shown = f"### {name}, as it was handed in\n\n" + literal("\n".join(lines))
        yield markdown_cell(shown, f"handed-in-{number}")


def said(task: TaskResult) -> str:
    """What the checks of a task said; those that failed alike are told once."""
    passed = sum(check.status == "passed" for check in task.checks)
    of = f"{points(task.score)} of {points(task.max_score)} points"
    lines = [f"{passed} of {len(task.checks)} checks passed, {of}."]
    if task.follows_from:
        lines += ["", *_folded(feedback.correct_given(task))]
    for cause in feedback.causes(task):
        lines += ["", *_folded(cause)]
    if task.narrowed is not None:
        lines += ["", *_folded(task.narrowed)]
    failures = feedback.failures(task)
    for checks in failures.groups:
        lines += ["", *_failed(checks)]
    if failures.rest:
        lines += ["", failures.rest]
    return "\n".join(lines)


def _failed(checks: Sequence[CheckResult]) -> Iterator[str]:
    yield from _folded(f"Failed: {feedback.count(len(checks))}")
    yield from _folded(checks[0].message, "    ")
    if len(checks) == 1:
        yield from _folded(f"Rule: {checks[0].hint}", "    ")


def _folded(text: str, indent: str = "") -> Iterator[str]:
    """``text`` in lines that fit a page, which does not fold an output by itself."""
    for line in text.splitlines():
        yield from wrap(line, _WIDTH, initial_indent=indent, subsequent_indent=indent) or [""]


def _summary(result: Result) -> str:
    """A page's first words: the points, what was odd, and what the outputs below are worth."""
    scored = f"{points(result.score)} of {points(result.max_score)}"
    lines = [f"**Automatic grading: {scored} points.**"]
    if result.status == "rejected":
        lines.append("The submission was rejected:")
    if whole := feedback.summary(result):
        lines.append(literal(whole))
    lines.append(
        "The graded cells show what the checks said. All other outputs are as they were handed in: "
        "the notebook was not run."
    )
    return "\n\n".join(lines)
