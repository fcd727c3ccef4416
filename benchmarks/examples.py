"""How often a failure shrinks to a small example, and what the search costs.

    .venv/bin/python benchmarks/examples.py [--every N] [--cost]

Every N-th known mistake of each assignment is handed in, and graded as if nobody knew it. Printed
is for how many failed tasks there is an example, for how many one whose arrays have no axis longer
than 3, and which have none. With ``--cost`` they are graded in four parts, each without the search
and with it, and the time of one submission is printed for both; and for the hand-ins of
tests/submissions, which are like a real class: some are right, and known mistakes explain most of
the others.
"""

from __future__ import annotations

import argparse
import re
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kit.course import Assignment, assignment_names, find_assignment
from kit.grading.diagnosis import catalogue, smallest
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.release.coverage import made
from kit.results import Result

ROOT = Path(__file__).resolve().parents[1]
HANDINS = ROOT / "tests/submissions/handins"
PARTS = 4


def longest(inputs: str) -> int:
    """The longest axis of the arrays in the inputs of an example."""
    texts = re.findall(r"np\.\w+\((?:[^()]|\([^()]*\))*\)", inputs)
    arrays = [eval(text, {"np": np}) for text in texts]  # noqa: S307 - the kit wrote it
    return max((length for each in arrays for length in each.shape), default=0)


def seconds(
    assignment: Assignment,
    tasks: Sequence[str],
    handed_in: Sequence[Submission],
    results: list[Result] | None = None,
) -> float:
    """How long grading takes, one after another; the results are added to ``results``."""
    before = time.monotonic()
    with Grader(assignment, tasks) as grader:
        graded = [grader.grade(each) for each in handed_in]
    if results is not None:
        results += graded
    return time.monotonic() - before


def files_of(name: str, key: dict[str, Any], assignment: Assignment) -> dict[str, bytes]:
    """The files of a hand-in of tests/submissions: those of what it is based on, and its own."""
    if based_on := key[name].get("based_on"):
        files = files_of(based_on, key, assignment)
    else:
        files = {
            each: (assignment.release / each).read_bytes() for each in assignment.student_files
        }
    own = (HANDINS / name).rglob("*.py")
    return files | {each.relative_to(HANDINS / name).as_posix(): each.read_bytes() for each in own}


def compare(
    assignment: Assignment,
    tasks: Sequence[str],
    handed_in: Sequence[Submission],
    results: list[Result],
) -> None:
    """Print what grading takes without the search and with it; add the latter's results."""
    search, none = Grader._examples, staticmethod(lambda *_: {})
    idle = seconds(assignment, tasks, [])
    times = [0.0, 0.0]
    for part in range(PARTS):
        for number in (part % 2, 1 - part % 2):
            Grader._examples = search if number else none  # type: ignore[method-assign]  # measured
            kept = results if number else None
            times[number] += seconds(assignment, tasks, handed_in[part::PARTS], kept) - idle
    Grader._examples = search  # type: ignore[method-assign]  # as it was
    without, having = (1000 * each / len(handed_in) for each in times)
    print(
        f"{assignment.name}, {len(handed_in)} hand-ins: {without:.1f} ms without, "
        f"{having:.1f} ms with the search ({having / without:.2f} times)"
    )


def measure(assignment: Assignment, every: int, *, cost: bool) -> None:
    """Print the figures of one assignment."""
    known = catalogue.load(assignment)
    tasks = [task.id for task in assignment.tasks if task.id in set(known.tasks.values())]
    handed_in = [made(assignment, known, name) for name in list(known.tasks)[::every]]
    results: list[Result] = []
    if cost:
        compare(assignment, tasks, handed_in, results)
    else:
        seconds(assignment, tasks, handed_in, results)
    failed = [(r.student, task) for r in results for task in r.tasks if task.status == "failed"]
    found = [task.example for _, task in failed if task.example is not None]
    small = sum(longest(each.inputs) <= 3 for each in found)
    print(f"{assignment.name}: {len(failed)} failed tasks, {len(found)} examples, {small} small")
    print("  none:", ", ".join(name for name, task in failed if task.example is None))
    large = [e.inputs for _, t in failed if (e := t.example) and longest(e.inputs) > 3]
    print("\n".join(f"  large: {each[:160]}" for each in large))


def main() -> None:
    """Measure all assignments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--cost", action="store_true")
    arguments = parser.parse_args()
    is_open = smallest.is_open
    smallest.is_open = lambda *_: True
    for name in assignment_names(ROOT):
        measure(find_assignment(name, ROOT), arguments.every, cost=arguments.cost)
    smallest.is_open = is_open
    if arguments.cost:
        assignment = find_assignment("optimization", ROOT)
        tasks = [task.id for task in assignment.tasks if not task.manual and not task.training]
        key = tomllib.loads((HANDINS / "key.toml").read_text("utf-8"))
        real = [Submission(name, files_of(name, key, assignment)) for name in key]
        print("The hand-ins of tests/submissions/handins:")
        compare(assignment, tasks, real, [])


if __name__ == "__main__":
    main()
