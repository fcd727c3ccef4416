"""How long a submission takes: `kit grade` beside nbgrader's own `autograde`, on the same ones.

    .venv/bin/python benchmarks/grading.py [--kit 60] [--nbgrader 8]

Both grade the unit tasks of `optimization` (all automatic ones but the training), of solved
submissions, as whole commands, from the start of a process to its end. nbgrader gets a notebook of
the graded cells alone, since it runs all cells; it takes so long that a few submissions are enough.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
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
    parser.add_argument("--nbgrader", type=int, default=8, help="submissions for nbgrader")
    given = parser.parse_args()
    assignment = Assignment(ROOT, NAME)
    tasks = [task.id for task in assignment.tasks if not task.manual and task.id != "cifar10"]
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        make_course(course, assignment, set(tasks))
        hand_in(course, assignment, given.nbgrader)
        other = seconds(course, "nbgrader", "autograde", NAME) / given.nbgrader
        hand_in(course, assignment, given.kit)
        grade = ("kit", "grade", NAME, "submitted", "--force", "--tasks", ",".join(tasks))
        plain = seconds(course, *grade, "--no-gradebook") / given.kit
        (course / "gradebook.db").unlink()
        first = seconds(course, *grade) / given.kit
        again = seconds(course, *grade) / given.kit
    print(f"{len(os.sched_getaffinity(0))} cores; seconds a submission, whole commands")
    for what, mine in {
        f"nbgrader autograde, {given.nbgrader} submissions": other,
        f"kit grade, {given.kit} submissions": plain,
        "kit grade with a new gradebook": first,
        "kit grade with a gradebook that is there": again,
    }.items():
        print(f"{what:40} {mine:8.3f} {other / mine:8.1f} times nbgrader's rate")


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
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own words
        [BIN / command[0], *command[1:]],
        cwd=course,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
