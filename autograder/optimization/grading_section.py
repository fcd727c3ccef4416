"""Writes the notebook's section "How you are graded" from its graded cells and their checks.

python autograder/optimization/grading_section.py
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from kit.course import Assignment
from kit.grading.grader import Suites

SUITES = Path(__file__).resolve().parent
NOTEBOOK = SUITES.parents[1] / "source" / SUITES.name / f"{SUITES.name}.ipynb"
CELL = "grading"
"""The id of the cell that holds the section."""

TEXT = """\
## How you are graded

{rows}

- **The cells here are a first look.** Each cell shows whether a task works on one example. If it does not, the cell says what is wrong. The grade comes from that example and from others that no notebook shows: other shapes, other settings, several steps in a row. So write what the docstring says, not just what the example needs.
- **What works earns its share.** The last column says how a task's points are split. Each part is for one thing that the docstring asks for.
- **A mistake costs once.** Some tasks call functions that you wrote for earlier ones. If those are wrong, the later task is judged with right functions in their place, and loses no points. The last task, `{last}`, is the exception: there only the result counts.
- **Only what you write is graded:** the four files and, in this notebook, {written}. Every other file is replaced by the original."""  # noqa: E501 (a paragraph of Markdown is one line)


def parts() -> dict[str, str]:
    """How the points of each task are split over its checks, by the task's id."""
    split = defaultdict(list)
    with Suites(Assignment(SUITES.parents[1], SUITES.name)) as suites:
        for check in suites.checks:
            name = check.name.rpartition("::test_")[2].replace("_", " ")
            split[check.task].append(f"{name} {check.points:g}")
    return {task: ", ".join(each) for task, each in split.items()}


def section(document: dict[str, Any], split: dict[str, str]) -> str:
    """The section, for the notebook ``document``; a person grades what a student writes in it.

    ``split`` says of each automatic task how its points are split.
    """
    graded = [
        cell["metadata"]
        for cell in document["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade")
    ]
    rows = ["| Task | Points | Graded | Split |", "|:--|--:|:--|:--|"]
    total = {"automatically": 0, "by a person": 0}
    by_hand = []
    for cell in graded:
        name, points = cell["nbgrader"]["grade_id"], cell["nbgrader"]["points"]
        how = "by a person" if cell["nbgrader"]["solution"] else "automatically"
        by_hand += [f"`{name}`"] if how == "by a person" else []
        total[how] += points
        rows.append(
            f"| {cell['kit']['title']} (`{name}`) | {points:g} | {how} | {split.get(name, '')} |"
        )
    shares = ", ".join(f"{points:g} {how}" for how, points in total.items())
    rows.append(f"| **All together** | **{sum(total.values()):g}** | {shares} | |")
    return TEXT.format(
        rows="\n".join(rows),
        last=graded[-1]["nbgrader"]["grade_id"],
        written=f"the answer to {' and '.join(by_hand)}",
    )


if __name__ == "__main__":
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["id"] == CELL:
            cell["source"] = section(notebook, parts()).splitlines(keepends=True)
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    NOTEBOOK.write_text(text, encoding="utf-8")
