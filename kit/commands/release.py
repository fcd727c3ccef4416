"""`kit release`: builds what students get, or verifies what is committed."""

from __future__ import annotations

from typing import Annotated

import typer

from kit.commands.consoles import console, errors
from kit.commands.options import AssignmentName
from kit.course import CourseError, find_assignment


def release(
    assignment: AssignmentName,
    check: Annotated[
        bool, typer.Option("--check", help="change nothing; verify the committed release")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="with --check: leave out what is tagged training")
    ] = False,
) -> None:
    """Build release/ASSIGNMENT from source/ and solutions/, or verify the committed one.

    --check builds it again, grades skeleton and solution, and runs the notebook with the solution.
    """
    from kit.display import show_steps
    from kit.release import proofs

    if quick and not check:
        raise CourseError("--quick is for --check alone.")
    found = find_assignment(assignment)
    if not check:
        proofs.publish(found)
        console.print(f"release/{assignment} is built and leaks nothing.", markup=False)
        return
    with show_steps(console) as say:
        problems = proofs.check(found, say, quick=quick)
    for problem in problems:
        errors.print(f"- {problem}", style="red", markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    console.print(
        f"release/{assignment} is up to date and leaks nothing. Its skeleton scores 0, the "
        "solution scores full marks, and the notebook runs with it."
        + " Training was left out."
        * quick,
        markup=False,
    )
