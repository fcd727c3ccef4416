"""`kit report`: the pages of students and of the class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.commands.consoles import console, warn
from kit.commands.options import AssignmentName, ResultsFolder
from kit.course import find_assignment
from kit.report.visible import Unseen


def report(
    assignment: AssignmentName,
    results: ResultsFolder = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for the pages (default: report/ASSIGNMENT)")
    ] = None,
    unseen: Annotated[
        Unseen, typer.Option(help="how much students see of checks on unseen inputs")
    ] = Unseen.MESSAGE,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="use pseudonyms; omit what code printed and raised"),
    ] = False,
) -> None:
    """Make one page for each student and one for the class from the results of an assignment."""
    from kit.grading.diagnosis import catalogue
    from kit.nbgrader.finals import finals
    from kit.report.writer import lines, write
    from kit.results import read_all

    found = find_assignment(assignment)
    root = found.root
    final = None
    if results is None:  # those elsewhere are in no gradebook
        final = finals(found, read_all(root / "results" / assignment, assignment))
        for remark in final.remarks:
            warn(remark)
    made = write(
        assignment,
        results or root / "results" / assignment,
        out or root / "report" / assignment,
        unseen,
        nameless=anonymous,
        finals=None if final is None else final.of,
        texts=catalogue.load(found).texts,
    )
    for line in lines(made):
        console.print(line, markup=False, soft_wrap=True)
