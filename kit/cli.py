"""The command line: parses, calls, prints, and chooses the exit code.

Exit codes: 0 success (``check``: every automatic task passed); 1 failure (``check``: a task failed;
``grade``: some submissions could not be graded by our fault; ``release --check``: a proof failed;
``preview``: a cell failed; ``suite``: a known mistake is not caught, or not named, or with
``--mutants`` an aim is missed; ``learn``: a hand-in could not be run again by our fault); 2 wrong
usage; 3 ``check`` could not grade, by our fault. ``kit.edge`` reports errors and knows their codes.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kit.course import (
    Assignment,
    CourseError,
    assignment_names,
    find_assignment,
    find_root,
    of_course,
)
from kit.edge import Edge
from kit.feedback import absent
from kit.files import write_whole
from kit.report.visible import Unseen
from kit.sandbox.faults import KitFault

if TYPE_CHECKING:
    from kit.batch.regraded import Graded
    from kit.nbgrader.bookkeeping import Bookkeeper
    from kit.results import Result

app = typer.Typer(
    cls=Edge,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Release assignments and grade what comes back, without trusting it.",
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class Platform(StrEnum):
    """The platforms that `kit pack` supports."""

    GRADESCOPE = "gradescope"
    GITHUB = "github"


AssignmentName = Annotated[
    str, typer.Argument(metavar="ASSIGNMENT", help="name of a folder in source/")
]
Submissions = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="submissions, or folders or bulk downloads of them"),
]
ResultsFolder = Annotated[
    Path | None, typer.Option(help="folder for the results (default: results/ASSIGNMENT)")
]
Students = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="grade only this student; may be given several times"),
]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="grade on the nodes of a Dask scheduler")
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="grade even if required isolation is missing; recorded in results"
    ),
]
Seed = Annotated[
    int | None, typer.Option(help="seed of an earlier result, to repeat its unseen inputs", min=0)
]


@app.command()
def data(
    source: Annotated[
        Path | None, typer.Option(help="a folder or archive that you already have")
    ] = None,
) -> None:
    """Fetch the data sets of all assignments and verify them."""
    from kit.provided import load_provided

    root = find_root()
    fetched = set()
    for name in assignment_names(root):
        assignment = Assignment(root, name)
        path = assignment.given.get("utils/data_utils.py")
        if path is None or path in fetched:
            continue
        fetched.add(path)  # several assignments may share one loader
        loader = load_provided(assignment, "utils.data_utils")
        failure = None
        with of_course(path, "used"):
            mendable: type[Exception] = loader.DataError
            try:
                folder = loader.fetch(source=source)
            except mendable as error:
                failure = str(error)
        if failure is not None:
            errors.print(failure, style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1)
        console.print(f"{name}: the data is in {folder} and verified.", markup=False)


@app.command()
def new(
    assignment: Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="a name that is free")],
) -> None:
    """Write a small complete assignment into source/, solutions/ and autograder/, to start from."""
    from kit.release.new import write

    for name in write(find_root(), assignment):
        console.print(name, markup=False, soft_wrap=True)
    console.print(f"Next: kit release {assignment}", markup=False)


@app.command()
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


@app.command()
def preview(
    assignment: AssignmentName,
    out: Annotated[
        Path | None, typer.Option(help="the page (default: build/preview/ASSIGNMENT.html)")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="do not run cells that are tagged training")
    ] = False,
) -> None:
    """Run the notebook with the solution, and write it with its outputs as one HTML page."""
    from kit import files
    from kit.display import show_steps
    from kit.release import notebook

    found = find_assignment(assignment)
    page = out or found.root / "build" / "preview" / f"{assignment}.html"
    files.require_file(page)
    with show_steps(console) as say:
        run = notebook.preview(found, say, quick=quick)
    files.write_to(page, notebook.page(run.document).encode())
    console.print(f"Written: {page}", markup=False, soft_wrap=True)
    if run.problem:
        errors.print(run.problem, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="a submission: a folder or an archive")] = Path(),
    assignment: Annotated[
        str | None, typer.Option(help="assignment, if the course has several")
    ] = None,
    tasks: Annotated[
        str | None, typer.Option(help="grade only these tasks (ids, separated by commas)")
    ] = None,
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


@app.command()
def grade(
    assignment: AssignmentName,
    paths: Submissions,
    out: Annotated[
        Path | None, typer.Option(help="folder for the results (default: results/ASSIGNMENT)")
    ] = None,
    student: Students = None,
    tasks: Annotated[
        str | None, typer.Option(help="grade only these tasks (ids, separated by commas)")
    ] = None,
    seed: Seed = None,
    jobs: Annotated[
        int | None, typer.Option(help="number of processes (default: one per core)", min=1)
    ] = None,
    cluster: Cluster = None,
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
        jobs = jobs if cluster else _affordable(jobs)
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


def _affordable(jobs: int | None) -> int:
    """The number of processes that this machine can run; says where they are fewer than asked."""
    from kit.batch.pool import affordable

    possible, remark = affordable(jobs)
    if remark is not None:
        _remark(remark)
    return possible


def _keep_books(
    keeper: Bookkeeper, which: Assignment, graded: list[Graded], paths: list[Path]
) -> None:
    """Have the gradebook written, and say what is in it and who did not hand in."""
    from kit.intake.timestamps import timestamps

    times, remarks = timestamps(which, paths)
    changed = [each.result.student for each in graded if not each.kept]
    written = keeper.write([each.result for each in graded], times, paths, changed)
    _show_written(written, len(graded), remarks)
    if keeper.absent:
        _remark(absent(keeper.absent, "the gradebook"))


def _remark(text: str) -> None:
    errors.print(text, style="yellow", markup=False, soft_wrap=True)


def _show_written(written: int, of: int, remarks: list[str]) -> None:
    for remark in remarks:
        _remark(remark)
    console.print(f"{written} of {of} results are in the gradebook.")


class Format(StrEnum):
    """The formats that `kit export` can write."""

    GRADEBOOK = "gradebook"
    CSV = "csv"
    CANVAS = "canvas"
    JUNIT = "junit"


@app.command()
def export(
    format: Annotated[Format, typer.Argument(help="gradebook means nbgrader's gradebook")],
    assignment: AssignmentName,
    out: Annotated[Path | None, typer.Option(help="the file to write (default: print it)")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="for canvas: the gradebook exported by Canvas, to fill in")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="for canvas: the column's name (default: ASSIGNMENT)"),
    ] = None,
) -> None:
    """Put the results of an assignment into nbgrader's gradebook or another tool's format."""
    from kit import files, results

    if format is not Format.CANVAS and (roster or column):
        raise CourseError("--roster and --column are for canvas alone.")
    found = find_assignment(assignment)
    graded = results.read_all(found.root / "results" / assignment, assignment)
    if format is Format.GRADEBOOK:
        _export_to_gradebook(found, graded)
        return
    content, remarks = _text_of(format, found, graded, roster, column)
    for remark in remarks:
        _remark(remark)
    if out is None:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # on every terminal
        sys.stdout.write(content)
    else:
        files.write_to(out, content.encode())


def _export_to_gradebook(found: Assignment, graded: list[Result]) -> None:
    """Write results into nbgrader's gradebook; ``submitted/`` says when students handed in."""
    from kit.intake.timestamps import timestamps
    from kit.nbgrader import gradebook

    times, remarks = timestamps(found, [found.root / "submitted"])
    try:
        written = gradebook.write(found, graded, times)
    except gradebook.GradebookError as error:
        raise CourseError(str(error)) from error
    _show_written(written, len(graded), remarks)


def _text_of(
    format: Format,
    found: Assignment,
    graded: list[Result],
    roster: Path | None,
    column: str | None,
) -> tuple[str, list[str]]:
    """The results in a format that is a text, and what a person should know of it."""
    from kit.export import canvas, junit, spreadsheet
    from kit.nbgrader.finals import finals

    if format is Format.JUNIT:
        return junit.export(graded).decode("utf-8"), []
    final = finals(found, graded)
    remarks = list(final.remarks)
    if roster is not None:
        filled = canvas.fill_in(found, graded, final, roster, column)
        remarks += [f"Canvas has no line for {student}." for student in filled.missing]
        if filled.absent:
            remarks.append(absent(filled.absent, str(roster)))
        return filled.text, remarks
    if final.absent:
        remarks.append(absent(final.absent, "the gradebook"))
    if format is Format.CSV:
        return spreadsheet.export(graded, final.of), remarks
    return canvas.export(found, graded, final, column), remarks


@app.command()
def report(
    assignment: AssignmentName,
    results: Annotated[
        Path | None, typer.Option(help="folder of the results (default: results/ASSIGNMENT)")
    ] = None,
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
            _remark(remark)
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


@app.command()
def pack(
    platform: Annotated[Platform, typer.Argument(help="the platform")],
    assignment: AssignmentName,
    out: Annotated[Path | None, typer.Option(help="the file or folder to write")] = None,
) -> None:
    """Write the files that a platform needs to grade an assignment; they hold no solution."""
    from kit.pack import github_repositories, gradescope_archive

    found = find_assignment(assignment)
    packer = {Platform.GRADESCOPE: gradescope_archive, Platform.GITHUB: github_repositories}
    written = packer[platform].pack(found, out)
    console.print(f"Written: {written}", markup=False, soft_wrap=True)


@app.command()
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


@app.command()
def learn(
    assignment: AssignmentName,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="as for kit grade (default: submitted)"),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="folder of the results (default: results/ASSIGNMENT)")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for the page (default: learn/ASSIGNMENT)")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="number of processes (default: one per core)", min=1)
    ] = None,
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
        learned = run.learn(found, hand_ins, folder, into, jobs=_affordable(jobs), say=say)
    for sentence in [*learned.of.remarks, *learned.faults]:
        _remark(sentence)
    for line in run.lines(learned):
        console.print(line, markup=False, soft_wrap=True)
    if learned.faults:
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Show what this host can do: which layers of isolation hold and which limits apply."""
    from kit.display import show_limits
    from kit.limits import Limits
    from kit.sandbox.host import require, shortcomings
    from kit.sandbox.tester.process import WarmParent, Worker

    require()
    with WarmParent() as parent:
        worker = Worker(parent)
        layers = worker.layers
        worker.end()
    console.print(f"Students' code is confined here by: {', '.join(layers)}.")
    for sentence in shortcomings():
        console.print(sentence, markup=False, soft_wrap=True)
    show_limits(console, Limits())


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
