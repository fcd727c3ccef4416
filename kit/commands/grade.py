"""`kit grade`: grades a class, and keeps the gradebook."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.commands.consoles import console, number_of_processes, show_written, warn
from kit.commands.options import AssignmentName, Jobs, Seed, Tasks, Trust
from kit.course import Assignment, CourseError, find_assignment
from kit.feedback import absent

if TYPE_CHECKING:
    from kit.batch.regraded import Graded
    from kit.nbgrader.bookkeeping import Bookkeeper


def grade(
    assignment: AssignmentName,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="submissions, or folders or bulk downloads of them"),
    ],
    out: Annotated[
        Path | None, typer.Option(help="folder for the results (default: results/ASSIGNMENT)")
    ] = None,
    student: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="grade only this student; may be given several times"),
    ] = None,
    tasks: Tasks = None,
    seed: Seed = None,
    jobs: Jobs = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="grade on the nodes of a Dask scheduler")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="grade again what is already graded")
    ] = False,
    no_gradebook: Annotated[
        bool, typer.Option("--no-gradebook", help="write results only (implied by --out)")
    ] = False,
    trust: Trust = False,
) -> None:
    """Grade many submissions; write results/ASSIGNMENT/STUDENT.json for each, and the gradebook.

    A submission that is already graded and has not changed is not graded again.
    """
    from kit.batch import processes

    if jobs != 1 and not cluster:
        processes.begin()
    from kit.batch.pool import Settings
    from kit.batch.run import find_all, grade_all, sole_writer
    from kit.display import show_class, show_progress, show_run
    from kit.feedback import failed_us
    from kit.nbgrader.bookkeeping import Bookkeeper

    with ExitStack() as kept:
        if jobs and cluster:
            raise CourseError("--jobs is for this machine. A cluster runs one job on each node.")
        which = find_assignment(assignment)
        folder = out or which.root / "results" / assignment
        chosen = tuple(task.strip() for task in tasks.split(",")) if tasks else ()
        which.require(chosen)
        settings = Settings(which, which.limits, chosen or None, seed, trust=trust)
        found = find_all(which, paths, kept, student or ())
        kept.enter_context(sole_writer(folder))  # until the gradebook has the results, too
        keeper = None if no_gradebook or out else kept.enter_context(Bookkeeper(which))
        jobs = jobs if cluster else number_of_processes(jobs)
        coming = grade_all(settings, found, folder, jobs=jobs, cluster=cluster, force=force)
        graded = list(show_progress(console, coming, len(found)))
        graded.sort(key=lambda each: each.result.student)
        show_class(console, [each.result for each in graded])
        show_run(console, graded)
        console.print(f"Results are in {folder}.", markup=False, soft_wrap=True)
        if keeper is not None:
            _keep_books(keeper, which, graded, paths)
    if any(failed_us(each.result) for each in graded):
        raise typer.Exit(1)


def _keep_books(
    keeper: Bookkeeper, which: Assignment, graded: list[Graded], paths: list[Path]
) -> None:
    """Have the gradebook written, and say what is in it and who did not hand in."""
    from kit.intake.timestamps import timestamps

    times, remarks = timestamps(which, paths)
    changed = [each.result.student for each in graded if not each.kept]
    written = keeper.write([each.result for each in graded], times, paths, changed)
    show_written(written, len(graded), remarks)
    if keeper.absent:
        warn(absent(keeper.absent, "the gradebook"))
