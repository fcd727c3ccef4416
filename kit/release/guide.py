"""Writes the README.md of a release: what this homework asks for, made from what it declares.

Tasks, titles and points are in the notebook, the functions in the solution's files, and the rule of
a training is the docstring of its check. So the page can't be out of date: ``kit release --check``
compares it as every other file. It lies in the release, because that folder is what every student
has. An assignment that gives a README.md of its own keeps that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from kit.course import Assignment, Task, read_text
from kit.grading.suites import Suites
from kit.grading.verdicts import Check
from kit.release import section
from kit.skeleton import places

NAME = "README.md"
LOADER = "utils/data_utils.py"


def write(assignment: Assignment, release: Path) -> None:
    """Write the guide into the folder ``release``, unless the assignment gives its own."""
    if NAME not in assignment.given:
        (release / NAME).write_text(guide(assignment), encoding="utf-8", newline="\n")


def guide(assignment: Assignment) -> str:
    """The guide as Markdown."""
    checks: Iterable[Check] = ()
    if any(task.training for task in assignment.tasks):
        with Suites(assignment) as suites:
            checks = suites.checks
    graded = section.written(assignment, f"`{assignment.notebook.name}`")
    paragraphs = [
        f"# {title(assignment)}",
        f"This is the homework `{assignment.name}`. `{assignment.notebook.name}` explains each "
        "task and shows whether it works on an example.",
        "## What you write",
        "\n".join(_table(assignment, checks)),
        *_brought(assignment),
        "## What you hand in",
        f"{graded}\n- You may add modules of your own beside these files.",
        "## Begin",
        "Open a terminal in this folder:",
        "\n".join(["```sh", *_commands(assignment), "```"]),
        *_data(assignment),
        "## Rules",
        _rules(assignment),
    ]
    return "\n\n".join(paragraphs) + "\n"


def title(assignment: Assignment) -> str:
    """The first heading of the notebook, or the assignment's name."""
    for cell in assignment.document["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line.removeprefix("# ").strip()
    return assignment.name


def functions(assignment: Assignment) -> dict[str, dict[str, list[str]]]:
    """For each task the functions that students write, by file."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, path in assignment.written.items():
        for task, function in places(read_text(path), name):
            found[task][name].append(function)
    return found


def _table(assignment: Assignment, checks: Iterable[Check]) -> Iterator[str]:
    """The tasks with their points, and where each is written."""
    written = functions(assignment)
    rules = {check.task: check.hint for check in checks}
    yield "| Task | Points | You write |"
    yield "|:--|--:|:--|"
    for task in assignment.tasks:
        what = _what(assignment, task, written.get(task.id, {}))
        if task.training:
            what = " ".join(filter(None, [what, rules.get(task.id, "")]))
        yield f"| {task.title} (`{task.id}`) | {task.points:g} | {what} |"
    yield f"| **All together** | **{sum(task.points for task in assignment.tasks):g}** | |"


def _what(assignment: Assignment, task: Task, files: dict[str, list[str]]) -> str:
    if task.manual:
        return f"your answer in `{assignment.notebook.name}`, which a person grades"
    places = [
        f"{', '.join(f'`{name}`' for name in dict.fromkeys(names))} in `{file}`"
        for file, names in files.items()
    ]
    return "; ".join(places)


def _brought(assignment: Assignment) -> Iterator[str]:
    """What students take along from an earlier homework."""
    if assignment.builds_on is None or not assignment.builds_on.written:
        return
    files = ", ".join(f"`{name}`" for name in assignment.builds_on.written)
    yield "## What you bring"
    yield (
        f"Copy these files of your homework `{assignment.builds_on.earlier.name}` over those of "
        f"the same names: {files}."
    )


def _commands(assignment: Assignment) -> Iterator[str]:
    yield "python3 -m venv .venv"
    yield "source .venv/bin/activate"
    if "requirements.txt" in assignment.given:
        yield "pip install -r requirements.txt"
    else:
        yield "pip install notebook numpy"
    yield f"jupyter notebook {assignment.notebook.name}"


def _data(assignment: Assignment) -> Iterator[str]:
    if LOADER in assignment.given:
        yield (
            f"This homework uses a data set, which `{LOADER}` fetches the first time. To fetch it "
            "now:"
        )
        yield "```sh\npython -m utils.data_utils\n```"


def _rules(assignment: Assignment) -> str:
    packages = ", ".join(["NumPy", *(f"`{name}`" for name in assignment.packages)])
    limits = assignment.limits
    return (
        f"- Your code may use {packages} and the standard library.\n"
        f"- While it is graded, one call may take {limits.call_seconds:g} seconds (training has "
        f"its own limit), and all together {limits.total_seconds / 60:g} minutes."
    )
