"""`kit learn`: groups failures that nobody knows yet."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from kit.commands.consoles import console, number_of_processes, warn
from kit.commands.options import AssignmentName, Jobs, ResultsFolder
from kit.course import find_assignment


def learn(
    assignment: AssignmentName,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="as for kit grade (default: submitted)"),
    ] = None,
    results: ResultsFolder = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for the page (default: learn/ASSIGNMENT)")
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Group failures that no known mistake explains; write a page, and entries for the catalogue.

    It runs these failed tasks again, on the same inputs for all. What it writes names nobody.
    """
    from kit.batch import processes

    if jobs != 1:
        processes.begin()
    from kit.batch.run import find_all
    from kit.display import show_steps
    from kit.learn import run

    found = find_assignment(assignment)
    with ExitStack() as kept, show_steps(console) as say:
        hand_ins = find_all(found, paths or [found.root / "submitted"], kept)
        folder = results or found.root / "results" / assignment
        into = out or found.root / "learn" / assignment
        learned = run.learn(found, hand_ins, folder, into, jobs=number_of_processes(jobs), say=say)
    for sentence in [*learned.of.remarks, *learned.faults]:
        warn(sentence)
    for line in run.lines(learned):
        console.print(line, markup=False, soft_wrap=True)
    if learned.faults:
        raise typer.Exit(1)
