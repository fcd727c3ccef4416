"""The demo: five hand-ins are graded, and each student gets a page (`make demo`).

One hand-in is the untouched release and one the reference solution. The other three are the
reference with slips that real students make. `SLIPS` shows the lines, so you can compare what the
pages say with what is wrong. The hand-ins are made here and not in `tests/submissions/`, because
they explain the kit and do not test it. `tests/docs/test_demo.py` tests that the demo tells the
truth.

    python docs/demo.py [FOLDER]    # the default is build/demo
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kit.course import Assignment

ROOT = Path(__file__).resolve().parents[1]
NAME = "optimization"
TRAINING = "cifar10"
"""The task that needs the data set. It takes about 6 s of one core for each hand-in."""

SLIPS: dict[str, dict[str, list[tuple[str, str]]]] = {
    "lucia": {  # Adam without bias correction
        "nndl/optim.py": [
            ('config["v"] / (1 - beta1 ** config["t"])', 'config["v"]'),
            ('config["a"] / (1 - beta2 ** config["t"])', 'config["a"]'),
        ],
    },
    "oscar": {  # the gradient of the bias has the shape (1, M)
        "nndl/layers.py": [("dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)")],
    },
    "priya": {  # two places: momentum does not store its velocity; ε is inside RMSProp's root
        "nndl/optim.py": [
            (
                'next_w = w + velocity\n    config["velocity"] = velocity\n',
                "next_w = w + velocity\n",
            ),
            (
                '(np.sqrt(config["a"]) + config["epsilon"])',
                'np.sqrt(config["a"] + config["epsilon"])',
            ),
        ],
    },
}
"""For each student and file, what the reference has and what the student wrote in its place."""


def main() -> None:
    """Show the demo in the folder that is named, with the training if the data set is here."""
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build/demo"
    show(folder, training=(ROOT / "data/cifar10/manifest.json").is_file())


def show(folder: Path, *, training: bool) -> None:
    """Hand in, grade, make the pages, and say where they are; all within ``folder``."""
    console = Console()
    assignment = Assignment(ROOT, NAME)
    shutil.rmtree(folder, ignore_errors=True)
    hand_in(assignment, folder / "submitted")
    results, pages = folder / "results", folder / "report"
    grade = ["grade", NAME, folder / "submitted", "--out", results]
    if not training:
        graded = [task.id for task in assignment.tasks if not task.manual and task.id != TRAINING]
        grade += ["--tasks", ",".join(graded)]
        console.print(
            f"The task {TRAINING} is left out, because it needs CIFAR-10 (170 MB). "
            "To include it, run `make data` first.",
        )
    run(console, *grade)
    run(console, "report", NAME, "--results", results, "--out", pages)
    console.print(table(results))
    console.print(f"Class page:   {shown(pages / 'index.html')}", soft_wrap=True)
    console.print(f"Student page: {shown(pages / 'students/priya.html')}", soft_wrap=True)


def hand_in(assignment: Assignment, into: Path) -> None:
    """Write the five hand-ins into the folder ``into``, one folder each.

    Raises ValueError if the reference no longer has the text that a slip replaces.
    """
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("untouched", "reference", *SLIPS):
        shutil.copytree(assignment.release, into / name, ignore=ignored)
        if name != "untouched":
            shutil.copytree(assignment.solutions, into / name, ignore=ignored, dirs_exist_ok=True)
    for name, files in SLIPS.items():
        for file, changes in files.items():
            path = into / name / file
            text = path.read_text("utf-8")
            for right, wrong in changes:
                if text.count(right) != 1:
                    raise ValueError(f"{file} of the reference must have this once: {right!r}")
                text = text.replace(right, wrong)
            path.write_text(text, "utf-8")


def run(console: Console, *arguments: str | Path) -> None:
    """Show a command of the kit and run it; leave as it does if it fails."""
    console.print(f"$ kit {' '.join(map(shown, arguments))}", style="bold", soft_wrap=True)
    command = [sys.executable, "-m", "kit", *arguments]
    status = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - our own command
    if status.returncode:
        sys.exit(status.returncode)


def shown(argument: str | Path) -> str:
    """A path of the course is shown from the course's folder."""
    path = Path(argument)
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else argument)


def table(results: Path) -> Table:
    """The points of each hand-in, and the sentences that its student reads."""
    made = Table("hand-in", "points", "what the student is told")
    for path in sorted(results.glob("*.json")):
        result = json.loads(path.read_text("utf-8"))
        score = f"{result['score']:g} of {result['max_score']:g}"
        made.add_row(path.stem, score, "\n".join(told(result["tasks"])))
    return made


def told(tasks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A sentence for each mistake that was named, else how many tasks were not passed."""
    named = [task for task in tasks if "diagnosis" in task]
    for task in named:
        yield f"{task['title']}: {task['diagnosis']['text']}"
    failed = sum(task["status"] == "failed" for task in tasks)
    if not named:
        yield f"{failed} tasks are not written yet." if failed else "Everything is right."


if __name__ == "__main__":
    main()
