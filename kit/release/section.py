"""Writes the notebook's section "How you are graded" from its graded cells and their checks.

It goes into the Markdown cell of the authored notebook that has the tag ``grading``. The author's
own text in that cell follows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from kit.course import Assignment
from kit.grading import earlier
from kit.grading.suites import Suites
from kit.grading.verdicts import Check

TAG = "grading"
FIRST_LOOK = (
    "- **The cells here are a first look.** Each cell shows whether a task works on one "
    "example. If it does not, the cell says what is wrong. The grade comes from that example and "
    "from others that no notebook shows: other shapes, other settings, several steps in a row. So "
    "write what the docstring says, not just what the example needs."
)
SHARES = (
    "- **What works earns its share.** The last column says how a task's points are split. Each "
    "part is for one thing that the docstring asks for."
)
ONCE = (
    "- **A mistake costs once.** Some tasks call functions that you wrote for earlier ones. If "
    "those are wrong, the later task is judged with right functions in their place, and loses no "
    "points."
)


def is_section(cell: Mapping[str, Any]) -> bool:
    """Whether the section belongs into ``cell``."""
    return TAG in cell["metadata"].get("tags", ())


def fill(document: Mapping[str, Any], assignment: Assignment) -> None:
    """Write the section into the notebook ``document``, where a cell of it has the tag."""
    cells = [cell for cell in document["cells"] if is_section(cell)]
    if cells:
        with Suites(assignment) as suites:
            made = section(assignment, suites.checks)
    for cell in cells:
        own = "".join(cell["source"]).strip()
        cell["source"] = "\n".join([made, *([own] if own else [])]).splitlines(keepends=True)
        tags = [tag for tag in cell["metadata"].pop("tags") if tag != TAG]
        cell["metadata"] |= {"tags": tags} if tags else {}


def section(assignment: Assignment, checks: Iterable[Check]) -> str:
    """The section, without what the author adds."""
    split = parts(checks)
    rows = ["| Task | Points | Graded | Split |", "|:--|--:|:--|:--|"]
    total = {"automatically": 0.0, "by a person": 0.0}
    for task in assignment.tasks:
        how = "by a person" if task.manual else "automatically"
        total[how] += task.points
        shares = split.get(task.id, "")
        rows.append(f"| {task.title} (`{task.id}`) | {task.points:g} | {how} | {shares} |")
    shares = ", ".join(f"{points:g} {how}" for how, points in total.items() if points)
    rows.append(f"| **All together** | **{sum(total.values()):g}** | {shares} | |")
    once = [ONCE] if earlier.load(assignment).tasks else []
    lines = [FIRST_LOOK, SHARES, *once, written(assignment)]
    return "\n".join(["## How you are graded", "", *rows, "", *lines])


def parts(checks: Iterable[Check]) -> dict[str, str]:
    """How the points of each task are split over its checks, by the task's id."""
    split = defaultdict(list)
    for check in checks:
        name = check.name.rpartition("::test_")[2].replace("_", " ")
        split[check.task].append(f"{name} {check.points:g}")
    return {task: ", ".join(each) for task, each in split.items()}


def written(assignment: Assignment, notebook: str = "this notebook") -> str:
    """What of all that students hand in is graded; ``notebook`` is what the notebook is called."""
    files = [f"`{name}`" for name in assignment.student_files]
    answers = [f"`{task.id}`" for task in assignment.tasks if task.manual]
    what = " and ".join(filter(None, [", ".join(files[:-1]), *files[-1:]]))
    if answers:
        noun = "answer" if len(answers) == 1 else "answers"
        what += f" and, in {notebook}, the {noun} to {' and '.join(answers)}"
    return (
        f"- **Only what you write is graded:** {what}. Every other file is replaced by the "
        "original."
    )
