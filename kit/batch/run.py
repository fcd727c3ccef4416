"""Grades the submissions at the given paths and keeps a result of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from kit import files, results
from kit.batch import lock, pool
from kit.batch.pool import Settings
from kit.batch.regraded import Graded
from kit.course import Assignment, CourseError
from kit.grading import verdicts
from kit.grading.versions import course_version, versions
from kit.intake.downloads import Found, existing, student_of, submissions
from kit.intake.submission import RejectedError, Submission, open_tree, take
from kit.limits import Limits
from kit.results import Result, Status

if TYPE_CHECKING:
    from kit.grading.grader import Grader
    from kit.grading.suites import Watch


def grade_one(
    assignment: Assignment,
    path: Path,
    seed: int | None = None,
    *,
    trust: bool = False,
    tasks: Collection[str] | None = None,
    watch: Watch | None = None,
) -> Result:
    """The result of the submission in ``path``, a folder or an archive; nothing is written.

    ``tasks`` restricts what is graded; ``watch`` is told how far it is.
    """
    from kit.grading.grader import Grader  # noqa: PLC0415 (slow; not needed by the dispatcher)

    path = existing(path)
    with Grader(assignment, tasks, trust=trust, watch=watch) as grader:
        limits = grader.limits
        return grade(
            grader, Found(student_of(path), str(path), lambda: open_tree(path, limits)), seed
        )


def grade(grader: Grader, found: Found, seed: int | None = None) -> Result:
    """The result of one submission: graded, rejected, or an error if the disk fails."""
    taken = _take(grader.assignment, grader.limits, found)
    return grader.grade(taken, seed) if isinstance(taken, Submission) else taken


def find_all(
    assignment: Assignment,
    paths: Iterable[Path],
    kept: ExitStack,
    students: Collection[str] = (),
) -> list[Found]:
    """The submissions at ``paths``, none of them opened yet; see ``kit.intake.downloads``.

    If ``students`` are named, only theirs. Raises CourseError if a path holds none, if two
    submissions belong to one student, or if one of ``students`` has none.
    """
    by_student: dict[str, Found] = {}
    for path in paths:
        for found in submissions(assignment, path, assignment.limits, kept):
            other = by_student.setdefault(found.student, found)
            if other is not found:
                raise CourseError(
                    f"Two submissions belong to {found.student!r}: {other.where}, {found.where}. "
                    "Leave one of them out."
                )
    for student in students:
        if student not in by_student:
            alike = get_close_matches(student, by_student, cutoff=0.4)
            meant = f" Is it {' or '.join(alike)}?" if alike else ""
            raise CourseError(
                f"There is no submission of {student!r} among the {len(by_student):,} there.{meant}"
            )
    return [each for each in by_student.values() if not students or each.student in students]


@contextmanager
def sole_writer(out: Path, seconds: float | None = None) -> Iterator[None]:
    """Make this process the only writer of results in the folder ``out``; makes it if missing.

    Waits while another command writes there; see ``kit.batch.lock.held``. Raises CourseError if
    nothing can be written there, HeldError if the other command does not end in time.
    """
    try:
        files.require_writable(out)
    except OSError as error:
        raise CourseError(
            f"No result can be written to {out} ({error.strerror}), so nothing was graded. Fix "
            "that, or name another folder with --out."
        ) from error
    with lock.held(out / ".lock", f"The folder of results {out}", seconds) as alone:
        if alone:
            files.remove_parts(out)
        yield


def grade_all(
    settings: Settings,
    found: Iterable[Found],
    out: Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    force: bool = False,
) -> Iterator[Graded]:
    """Grade submissions and yield each, with its result, once that is written to ``out``.

    ``jobs`` processes grade them (default: one per core), or the nodes of ``cluster``, the address
    of a Dask scheduler. Results come in the order in which they are ready. If ``out`` already has a
    result for the same bytes, suites, kit and settings, it is kept and the submission is not graded
    again, unless ``force`` is set. A caller must be the ``sole_writer``.
    """
    ready: list[Graded] = []  # what needs no grading, found in the search for work
    earlier: dict[str, Result | None] = {}

    def work() -> Iterator[Submission]:
        for each in found:
            before = earlier[each.student] = _earlier(each.student, out)
            taken = _take(settings.assignment, settings.limits, each)
            if not isinstance(taken, Submission):
                ready.append(_rejected(taken, before, out))
            elif before is not None and not force and _still_right(settings, taken, before):
                ready.append(Graded(before, before, kept=True))
            else:
                yield taken

    if cluster is None:
        graded = pool.grade_all(settings, work(), jobs or pool.affordable(None)[0])
    else:
        graded = _on(cluster)(settings, work(), cluster)
    for result in graded:
        yield from _emptied(ready)
        written = _written(_with_course(settings.assignment, result), out)
        yield Graded(written, earlier.get(result.student))
    yield from _emptied(ready)


def grade_kept(settings: Settings, found: Found, out: Path) -> tuple[Result, Mapping[str, bytes]]:
    """The result of one submission, written to ``out`` unless it is already there; and its files.

    For callers with one submission at a time: this process keeps its Grader until
    ``kit.batch.pool.close``. A caller must be the ``sole_writer``.
    """
    taken = _take(settings.assignment, settings.limits, found)
    if not isinstance(taken, Submission):
        return _written(taken, out), {}
    stored = _earlier(found.student, out)
    if stored is not None and _still_right(settings, taken, stored):
        return stored, taken.files
    result = pool.grade(settings, taken)
    return _written(_with_course(settings.assignment, result), out), taken.files


def _with_course(assignment: Assignment, result: Result) -> Result:
    """``result``, which says in its versions what of the course and the kit decided it."""
    course = course_version(assignment)
    return replace(result, versions={**result.versions, "course": course})


def _on(address: str) -> Callable[[Settings, Iterable[Submission], str], Iterator[Result]]:
    try:
        from kit.batch.cluster import grade_all as graded_by  # noqa: PLC0415 (an extra, and slow)
    except ModuleNotFoundError as error:
        raise CourseError(
            f"Grading at {address} needs Dask ({error}). Install it in the kit's folder with "
            "`make setup`, or into another environment with: pip install '.[cluster]'"
        ) from error
    return graded_by


def _emptied(ready: list[Graded]) -> Iterator[Graded]:
    while ready:
        yield ready.pop(0)


def _rejected(result: Result, before: Result | None, out: Path) -> Graded:
    """A submission that was not graded; its result is kept where it would be the same again."""
    same = before is not None and replace(before, versions=result.versions) == result
    return Graded(_written(result, out), before, kept=same)


def _take(assignment: Assignment, limits: Limits, found: Found) -> Submission | Result:
    """The submission, or a result if it is rejected or the disk fails."""
    try:
        with found.open() as tree:
            return take(tree, assignment, found.student, limits, found.notes)
    except RejectedError as error:
        status: Status = "rejected"
        message, score = str(error), 0.0
    except OSError as error:
        status, message, score = "error", f"It could not be read ({error}).", None
    return verdicts.build_ungraded(assignment, found.student, status, message, score)


def _written(result: Result, out: Path) -> Result:
    """``result``, once it is on the disk; an error result if it can't be written."""
    try:
        results.write(result, out / f"{result.student}.json")
    except OSError as error:
        message = f"The result could not be written ({error}). Grade again."
        return replace(result, status="error", score=None, message=message)
    return result


def _earlier(student: str, out: Path) -> Result | None:
    """The result that is there; None if there is none that this version of the kit can read."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return results.read(out / f"{student}.json")
    return None


def _still_right(settings: Settings, submission: Submission, stored: Result) -> bool:
    """Whether grading ``submission`` again could not change the result ``stored``."""
    graded = {task.id for task in stored.tasks if task.status != "not_graded"}
    automatic = {task.id for task in settings.assignment.tasks if not task.manual}
    seed = submission.seed if settings.seed is None else settings.seed
    return (
        stored.status == "graded"
        and stored.submission_sha256 == submission.sha256
        and stored.elsewhere_sha256 == submission.elsewhere_sha256
        and stored.versions == versions(settings.assignment)
        and stored.seed == seed
        and stored.trusted == settings.trust
        and graded == set(settings.tasks or automatic)
        and stored.notes[: len(submission.notes)]
        == tuple(results.printable(note) for note in submission.notes)
    )
