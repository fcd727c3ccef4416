"""How long a submission takes: `kit grade` beside nbgrader's own `autograde`, on the same ones.

    .venv/bin/python benchmarks/grading.py [--kit 60] [--nbgrader 60] [--rounds 3]

Both grade the unit tasks of `optimization` (all automatic ones but the training), of solved
submissions, as whole commands, from the start of a process to its end. nbgrader gets a notebook of
the graded cells alone, since it runs all cells; of fewer submissions it looks slower than it is,
for its start then counts for more.

A round, of some minutes, measures one after the other, so that a machine whose speed changes does
so for all; the round before the first is not counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat

from kit.course import Assignment

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
NAME = "optimization"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kit", type=int, default=60, help="submissions for kit")
    parser.add_argument("--nbgrader", type=int, default=60, help="submissions for nbgrader")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    given = parser.parse_args()
    assignment = Assignment(ROOT, NAME)
    tasks = [task.id for task in assignment.tasks if not task.manual and task.id != "cifar10"]
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "nbgrader", Path(folder) / "kit"
        for course, count in ((few, given.nbgrader), (many, given.kit)):
            course.mkdir()
            make_course(course, assignment, set(tasks))
            hand_in(course, assignment, count)
        rounds = []
        for number in range(given.rounds + 1):
            rounds.append(measure(few, many, tasks))
            print(f"round {number}:", *(f"{each:7.2f}" for each in rounds[-1]), "s", flush=True)
    counts = (given.nbgrader, given.kit, given.kit, given.kit)
    names = (
        f"nbgrader autograde, {given.nbgrader} submissions",
        f"kit grade --no-gradebook, {given.kit} submissions",
        "kit grade with a new gradebook",
        "kit grade with a gradebook that is there",
    )
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores; median of {given.rounds} rounds, and from the least to the most")
    print(f"{'':42} {'seconds a submission':24} times nbgrader's rate")
    each = [[s / n for s, n in zip(one, counts, strict=True)] for one in rounds[1:]]
    for place, name in enumerate(names):
        mine = [one[place] for one in each]
        times = [one[0] / one[place] for one in each]
        print(f"{name:42} {spread(mine, 3):24} {spread(times, 1)}")


def measure(few: Path, many: Path, tasks: Sequence[str]) -> tuple[float, ...]:
    """What each of the four commands takes, in seconds."""
    for made in (few / "autograded", many / "results"):
        shutil.rmtree(made, ignore_errors=True)
    (many / "gradebook.db").unlink(missing_ok=True)
    grade = ("kit", "grade", NAME, "submitted", "--force", "--tasks", ",".join(tasks))
    return (
        seconds(few, "nbgrader", "autograde", NAME),
        seconds(many, *grade, "--no-gradebook"),
        seconds(many, *grade),
        seconds(many, *grade),
    )


def spread(values: Sequence[float], digits: int) -> str:
    """The median of ``values``, and between which of them it is."""
    median, least, most = (
        f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return f"{median} ({least} to {most})"


def make_course(course: Path, assignment: Assignment, tasks: set[str]) -> None:
    """A course whose notebook has only the set-up and the graded cells of ``tasks``."""
    for part in ("source", "solutions", "autograder"):
        shutil.copytree(ROOT / part / NAME, course / part / NAME)
    # nbgrader as it comes: the course's own wiring would have it call the sandbox
    (course / "nbgrader_config.py").write_text("c.ExecutePreprocessor.timeout = 1800\n")
    path = course / "source" / NAME / assignment.notebook.name
    notebook = nbformat.read(path, as_version=4)
    kept = tasks | {"setup", "comparison"}
    notebook.cells = [cell for cell in notebook.cells if cell.id in kept]
    nbformat.write(notebook, path)
    seconds(course, "nbgrader", "generate_assignment", NAME)


def hand_in(course: Path, assignment: Assignment, count: int) -> None:
    """``count`` submissions of the solution, in nbgrader's submitted/ tree."""
    shutil.rmtree(course / "submitted", ignore_errors=True)
    for number in range(count):
        folder = course / "submitted" / f"student{number}" / NAME
        shutil.copytree(course / "release" / NAME, folder)
        shutil.copytree(assignment.solutions, folder, dirs_exist_ok=True)


def seconds(course: Path, *command: str) -> float:
    """What a command takes, of the wall clock; its output is shown where it fails."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else either compiles itself at each start
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own words
        [BIN / command[0], *command[1:]],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
