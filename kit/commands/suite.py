"""`kit suite`: what the suites check and catch."""

from __future__ import annotations

from typing import Annotated

import typer

from kit.commands.consoles import console
from kit.commands.options import AssignmentName
from kit.course import Assignment, find_assignment
from kit.files import write_whole


def suite(
    assignment: AssignmentName,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="measure how often the suites are right")
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, help="with --mutants: how many seeds each verdict is tried with")
    ] = 50,
) -> None:
    """List the tasks, the checks of each task, and the checks that catch each known mistake.

    With --mutants: grade mutants of the solution, known mistakes and rewrites of the solution, and
    write how often the verdicts and explanations are right to docs/suites/ASSIGNMENT.md.
    """
    from kit.display import show_coverage, show_suite, track
    from kit.grading.suites import Suites
    from kit.release import coverage

    found = find_assignment(assignment)
    if mutants:
        _measure_suites(found, seeds)
        return
    with Suites(found) as suites:
        show_suite(console, found.tasks, suites.checks)
    caught = list(track(console, coverage.measure(found), coverage.count(found)))
    show_coverage(console, found.tasks, caught)
    if any(not each.checks or not each.named or each.elsewhere for each in caught):
        raise typer.Exit(1)


def _measure_suites(assignment: Assignment, seeds: int) -> None:
    """Measure the suites as a classifier; raises Exit(1) where an aim is missed."""
    from kit.batch import pool
    from kit.display import show_figures, track
    from kit.release import classifier, page

    some = classifier.samples(assignment)
    coming = classifier.measure(assignment, some, range(seeds), pool.affordable(None)[0])
    judged = list(track(console, coming, len(some), "mutants, mistakes and rewrites"))
    measured = classifier.gathered(assignment, some, judged, seeds)
    path = assignment.root / "docs" / "suites" / f"{assignment.name}.md"
    write_whole(path, page.page(measured).encode())
    figures = page.figures(measured)
    show_figures(console, figures)
    console.print(f"Written: {path}", markup=False, soft_wrap=True)
    if not all(figure.met for figure in figures):
        raise typer.Exit(1)
