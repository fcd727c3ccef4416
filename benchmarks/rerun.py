"""What it costs to grade a class again of which nothing has changed.

    .venv/bin/python benchmarks/rerun.py [--submissions 2000] [--rounds 3]

The class hands in the untouched release of `optimization`, each with a comment of its own, in
nbgrader's submitted/ tree, and is graded once (the unit tasks alone), which takes some minutes.
Then the same command is measured from its start to its end, in turn without and with the gradebook,
which has all scores already. At last one byte of one submission is changed: that one alone must be
graded. Beside the wall clock stands the processor time, which says more where other work is done.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from grading import NAME, ROOT, seconds, spread

from kit.course import Assignment

CHANGED = "student0"


def main() -> None:
    """Measure, and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    assignment = Assignment(ROOT, NAME)
    tasks = [task.id for task in assignment.tasks if not task.manual and task.id != "cifar10"]
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        for part in ("source", "solutions", "autograder"):
            shutil.copytree(ROOT / part / NAME, course / part / NAME)
        hand_in(course, assignment, given.submissions)
        grade = ("kit", "grade", NAME, "submitted", "--tasks", ",".join(tasks))
        print(f"{given.submissions} submissions, {len(os.sched_getaffinity(0))} cores")
        first = seconds(course, *grade)
        print(f"{'for the first time, with a new gradebook':42} {first:.1f} s", flush=True)
        before = written(course)
        without, with_it = [], []
        for _ in range(given.rounds):
            without.append(measure(course, *grade, "--no-gradebook"))
            with_it.append(measure(course, *grade))
        assert written(course) == before, "a result was written again"
        show("again, without the gradebook", without)
        show("again, with the gradebook", with_it)
        change(course)
        show("again, with one changed byte", [measure(course, *grade)])
        after = written(course)
        changed = {name for name, when in after.items() if when != before[name]}
        assert changed == {f"{CHANGED}.json"}, changed


def measure(course: Path, *command: str) -> tuple[float, float]:
    """What a command takes of the wall clock and of processors, in seconds."""
    before = os.times()
    wall = seconds(course, *command)
    after = os.times()
    used = after.children_user + after.children_system
    return wall, used - before.children_user - before.children_system


def show(name: str, measured: list[tuple[float, float]]) -> None:
    """A line with the medians, and between which it was."""
    wall, used = zip(*measured, strict=True)
    print(f"{name:42} {spread(wall, 1):24} s, of processors {spread(used, 1)} s", flush=True)


def hand_in(course: Path, assignment: Assignment, count: int) -> None:
    """``count`` submissions of the release, each with a comment of its own."""
    for number in range(count):
        folder = course / "submitted" / f"student{number}" / NAME
        shutil.copytree(assignment.release, folder)
        with (folder / assignment.student_files[0]).open("a") as file:
            file.write(f"# by student {number}\n")


def change(course: Path) -> None:
    """One byte of one submission."""
    names = Assignment(course, NAME).student_files
    file = course / "submitted" / CHANGED / NAME / names[0]
    file.write_bytes(file.read_bytes()[:-2] + b"!\n")


def written(course: Path) -> dict[str, int]:
    """When each result was written."""
    results = (course / "results" / NAME).glob("*.json")
    return {path.name: path.stat().st_mtime_ns for path in results}


if __name__ == "__main__":
    main()
