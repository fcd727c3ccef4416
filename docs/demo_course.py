"""The demo of the course: three homeworks, from their sources to their pages (`make demo-course`).

It works in a copy of the course. Each homework is released, three hand-ins are graded (the release
as it is, the reference, and one with slips that real students make), and the pages are made. The
trainings are left out, because they take a minute or so for each hand-in. `demo.py` shows one
homework more closely. `tests/docs/test_demo_course.py` tests that it tells the truth.

    python docs/demo_course.py [FOLDER]    # the default is build/demo-course
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from demo import ROOT, SLIPS, Slips, hand_in, run, shown, table, trained, untrained
from rich.console import Console

from kit.course import Assignment

COPIED = ("source", "solutions", "autograder")
HOMEWORKS: dict[str, Slips] = {
    "optimization": {"lucia": SLIPS["lucia"]},
    "batchnorm": {
        "noor": {  # the running averages take 0.1 of the old one; what dropout keeps is not scaled
            "nndl/batchnorm.py": [
                (
                    f"momentum * running_{name} + (1 - momentum) * {name}",
                    f"(1 - momentum) * running_{name} + momentum * {name}",
                )
                for name in ("mean", "var")
            ],
            "nndl/dropout.py": [("(kept / (1 - p))", "kept")],
        },
    },
    "cnn": {
        "tomas": {  # the padding is cut off below and on the right only
            "nndl/conv_layers.py": [
                ("pad : pad + x.shape[2], pad : pad + x.shape[3]", ": x.shape[2], : x.shape[3]")
            ],
        },
    },
}
"""The homeworks in the order of the course, each with the slips in its hand-ins."""


def main() -> None:
    """Show the demo in the folder that is named."""
    show(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build/demo-course")


def show(folder: Path) -> None:
    """Copy the course into ``folder``; release, hand in, grade and report each homework there."""
    console = Console()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for number, (name, slips) in enumerate(HOMEWORKS.items(), start=1):
        console.rule(f"Homework {number} of {len(HOMEWORKS)}: {name}")
        homework(console, Assignment(folder, name), slips)
    console.rule()
    for name in HOMEWORKS:
        console.print(
            f"Class page of {name}: {shown(folder / 'report' / name / 'index.html')}",
            soft_wrap=True,
        )


def homework(console: Console, assignment: Assignment, slips: Slips) -> None:
    """One homework of the course in ``assignment.root``, from its source to its pages."""
    name, course = assignment.name, assignment.root
    run(console, "release", name, course=course)
    hand_in(assignment, course / "handed-in" / name, slips)
    console.print(f"The task {trained(assignment)} is left out, because it trains.")
    tasks = ",".join(untrained(assignment))
    run(console, "grade", name, f"handed-in/{name}", "--tasks", tasks, course=course)
    run(console, "report", name, course=course)
    console.print(table(course / "results" / name))


if __name__ == "__main__":
    main()
