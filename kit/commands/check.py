"""`kit check`: grades one submission on the terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kit.commands.consoles import console
from kit.commands.options import Seed, Tasks, Trust
from kit.course import Assignment, CourseError, assignment_names, find_assignment, find_root
from kit.sandbox.faults import KitFault


def check(
    path: Annotated[Path, typer.Argument(help="a submission: a folder or an archive")] = Path(),
    assignment: Annotated[
        str | None, typer.Option(help="assignment, if the course has several")
    ] = None,
    tasks: Tasks = None,
    skip: Annotated[
        str | None, typer.Option(help="leave these tasks out, such as one that trains")
    ] = None,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
    trust: Trust = False,
) -> None:
    """Grade one submission; print which checks pass, which fail, and why.

    It needs Linux. The tasks come in the notebook's order, so one that trains comes late.
    """
    _require_linux()
    from kit import feedback
    from kit.batch.run import grade_one
    from kit.display import Live, show_result

    which = _only(assignment)
    chosen = _chosen(which, tasks, skip)
    if as_json:
        result = grade_one(which, path, seed, trust=trust, tasks=chosen)
    else:
        with Live(console, which.tasks) as live:
            result = grade_one(which, path, seed, trust=trust, tasks=chosen, watch=live)
    if as_json:
        # JSON's escape for #: a CI runner reads ##[ anywhere in the output as a command
        print(json.dumps(result.as_dict(), indent=2).replace("#", "\\u0023"))
    else:
        show_result(console, result, examples=True)
    raise typer.Exit(feedback.exit_code(result, chosen))


def _require_linux() -> None:
    """Raise KitFault on another system, before anything is loaded that only Linux has."""
    if sys.platform != "linux":
        raise KitFault(
            "kit check needs Linux, which confines the code that it runs. On another system, run "
            "python -m utils.check in the homework's folder, or use Linux in WSL or a container."
        )


def _chosen(which: Assignment, tasks: str | None, skip: str | None) -> tuple[str, ...] | None:
    """The ids of the tasks to grade; None for all. Raises CourseError for an unknown one."""
    only = [task.strip() for task in tasks.split(",")] if tasks else None
    without = [task.strip() for task in skip.split(",")] if skip else []
    which.require([*(only or ()), *without])
    if only is None and not without:
        return None
    automatic = [task.id for task in which.tasks if not task.manual]
    chosen = [task for task in only or automatic if task not in without]
    if not chosen:
        raise CourseError("No task is left to grade.")
    return tuple(chosen)


def _only(name: str | None) -> Assignment:
    """The assignment called ``name``, or the only assignment of the course."""
    root = find_root()
    names = assignment_names(root)
    if not names:
        raise CourseError("The course has no assignment: source/ has no folder.")
    if name is None and len(names) != 1:
        raise CourseError(
            f"The course has several assignments ({', '.join(names)}). Name one with --assignment."
        )
    return find_assignment(name or names[0], root)
