"""What it costs to grade a class again of which nothing has changed.

    .venv/bin/python benchmarks/rerun.py [--submissions 2000] [--rounds 3]

The class hands in the untouched release of `optimization`, each with a comment of its own, in
nbgrader's submitted/ tree, and is graded once (the unit tasks alone), which takes some minutes.
Then the same command is measured from its start to its end, in turn without and with the gradebook,
which has all scores already. At last one byte of one submission is changed: that one alone must be
graded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from grading import NAME, ROOT, seconds

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
        first = seconds(course, *grade)
        print(f"{given.submissions} submissions, {len(os.sched_getaffinity(0))} cores")
        print(f"{'for the first time, with a new gradebook':42} {first:7.2f} s", flush=True)
        before = written(course)
        without, with_it = [], []
        for _ in range(given.rounds):
            without.append(seconds(course, *grade, "--no-gradebook"))
            with_it.append(seconds(course, *grade))
        assert written(course) == before, "a result was written again"
        for name, measured in (("again", without), ("again, with the gradebook", with_it)):
            print(
                f"{name:42} {statistics.median(measured):7.2f} s "
                f"({min(measured):.2f} to {max(measured):.2f})"
            )
        change(course)
        print(f"{'again, with one changed byte':42} {seconds(course, *grade):7.2f} s")
        after = written(course)
        changed = {name for name, when in after.items() if when != before[name]}
        assert changed == {f"{CHANGED}.json"}, changed


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
