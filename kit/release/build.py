"""Builds the students' release from ``source/`` and ``solutions/``, and proves it safe."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kit.course import Assignment, CourseError, files_below, read_notebook, read_text
from kit.nbgrader.generate import student_version
from kit.release import examples, guide, sealed, section
from kit.release.leaks import leaks
from kit.skeleton import ReleaseError, regions, strip

Checks = Sequence[tuple[str, float]]
"""The collected checks, each with the id of its task and its points."""

_NOTEBOOK_METADATA = {
    # fixed, because editors write their own kernel and Python version here
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_CELL_METADATA = ("deletable", "editable", "kit", "nbgrader", "tags")
_FILES_NAMED = 5


def build(assignment: Assignment, into: Path) -> None:
    """Write the complete release of ``assignment`` into ``into``, a folder that must not exist yet.

    The bytes depend only on the authored files. The section on grading, the guide, the examples and
    the sentences about known mistakes are made from the suites. Raises ReleaseError if these cannot
    be released; ``into`` is then left unfinished.
    """
    skeletons = {name: _skeleton(assignment, name) for name in assignment.student_files}
    with tempfile.TemporaryDirectory(prefix="kit-release-") as course:
        _require_reproducible(assignment)
        generated = student_version(assignment, Path(course))
        found = files_below(generated)
        if missing := [name for name in assignment.given if name not in found]:
            raise ReleaseError(
                f"nbgrader left out {', '.join(missing)} of source/{assignment.name}. It ignores "
                "some names (a folder called feedback, *.pyc files): rename these files."
            )
        shutil.copytree(generated, into, copy_function=shutil.copyfile)
    for notebook in into.glob("*.ipynb"):
        text = _normal(notebook, assignment)
        notebook.write_text(text, encoding="utf-8", newline="\n")
    for name, skeleton in skeletons.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(skeleton, encoding="utf-8", newline="\n")
    sealed.write(assignment, into)
    examples.write(assignment, into)
    guide.write(assignment, into)
    for path in into.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    into.chmod(0o755)


def publish(assignment: Assignment, checks: Checks | None = None) -> None:
    """Build the release, prove it, and only then put it in place of the old one.

    Raises ReleaseError, with every problem, if a proof fails; the old release then stays.
    """
    _require_release(assignment)
    assignment.release.parent.mkdir(exist_ok=True)
    # beside release/, so that a rename moves it into place
    with tempfile.TemporaryDirectory(prefix=".release-", dir=assignment.root) as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        if found := _build_and_prove(assignment, new, checks):
            raise ReleaseError(
                f"release/{assignment.name} stays as it was:\n"
                + "\n".join(f"- {problem}" for problem in found)
            )
        _replace(assignment.release, new, old)


def problems(assignment: Assignment, checks: Checks | None = None) -> list[str]:
    """The problems of the committed release, one sentence each; empty if there are none.

    If ``checks`` are given, they must fit the graded cells of the notebook.
    """
    with tempfile.TemporaryDirectory(prefix="kit-release-") as folder:
        fresh = Path(folder, "new")
        try:
            found = _build_and_prove(assignment, fresh, checks)
            if fresh.exists() and (stale := _differences(assignment, fresh)):
                # students may already have files that the next build no longer holds
                found += leaks(assignment, assignment.release) + stale
        except CourseError as error:
            return [str(error)]
    return list(dict.fromkeys(found))


def _require_release(assignment: Assignment) -> None:
    """Raise ReleaseError if something else is in the release's place: it would be deleted."""
    old = assignment.release
    if not os.path.lexists(old):
        return
    folder = old.is_dir() and not old.is_symlink()
    if not folder or (any(old.iterdir()) and not any(old.glob("*.ipynb"))):
        raise ReleaseError(
            f"release/{assignment.name} exists but is not a release: it is not a folder with a "
            "notebook in it. It was not changed. Move it elsewhere."
        )


def _build_and_prove(assignment: Assignment, into: Path, checks: Checks | None) -> list[str]:
    """The problems of a fresh release; builds it in ``into`` unless the sources forbid it."""
    found = [] if checks is None else list(_problems_of_checks(assignment, checks))
    if of_halves := list(_problems_of_halves(assignment)):
        return of_halves + found
    build(assignment, into)
    return leaks(assignment, into) + found


def _replace(target: Path, new: Path, old: Path) -> None:
    """Move ``target`` to ``old`` and ``new`` to ``target``; on failure all stays as before."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


# Building


def _skeleton(assignment: Assignment, name: str) -> str:
    if not name.endswith(".py"):
        raise ReleaseError(
            f"solutions/{assignment.name}/{name} is not a Python file, so its answers cannot be "
            "removed. Keep only Python files that students write there."
        )
    path, instead = assignment.written[name], ""
    if not path.is_relative_to(assignment.solutions):
        homework = path.relative_to(assignment.root).parts[1]
        instead = f"Copy your {name} of the homework {homework} over this file."
    return strip(read_text(path), name, instead)


def _require_reproducible(assignment: Assignment) -> None:
    notebook = assignment.notebook
    for number, cell in enumerate(assignment.document["cells"], start=1):
        if not cell.get("id"):
            raise ReleaseError(
                f"{notebook.name}: cell {number} has no id, so every build would invent a new one. "
                "Save the notebook in a current Jupyter (format 4.5)."
            )
        if _is_for_instructor(cell) and cell["metadata"].get("nbgrader", {}).get("grade"):
            raise ReleaseError(
                f"{notebook.name}: cell {cell['id']} is graded and tagged instructor, so students "
                "would never see it. Remove the tag."
            )


def _normal(notebook: Path, assignment: Assignment) -> str:
    """The notebook as students receive it, without metadata that differs between machines."""
    document = read_notebook(notebook)
    section.fill(document, assignment)
    document["metadata"] = _NOTEBOOK_METADATA
    document["cells"] = [cell for cell in document["cells"] if not _is_for_instructor(cell)]
    for cell in document["cells"]:
        cell["metadata"] = {
            key: value for key, value in cell["metadata"].items() if key in _CELL_METADATA
        }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _is_for_instructor(cell: dict[str, Any]) -> bool:
    return "instructor" in cell["metadata"].get("tags", ())


# Proving


def _problems_of_halves(assignment: Assignment) -> Iterator[str]:
    """The problems of ``source/`` and ``solutions/``: files in the wrong one or in both."""
    name = assignment.name
    tasks = {task.id for task in assignment.tasks}
    for file, authored in assignment.written.items():
        path = f"solutions/{name}/{file}"
        if file in assignment.given:
            yield f"{file} is in source/{name} and in solutions/{name}. Keep it in one of them."
        if file.endswith(".ipynb"):
            yield f"{path} is a copy of a notebook. Remove it: source/{name} holds the only one."
            continue
        if not file.endswith(".py"):
            continue  # the build refuses it
        if not authored.is_relative_to(assignment.solutions):
            continue  # the earlier assignment proves it
        marked = regions(read_text(authored), path)
        if not marked:
            yield (
                f"{path} has no answer region, so students would receive the whole file. Mark the "
                f"answers, or move the file to source/{name}."
            )
        for region in marked:
            if region.task not in tasks:
                yield (
                    f"{path}, line {region.begin}: no graded cell of {assignment.notebook.name} "
                    f"has the id {region.task!r}."
                )


def _problems_of_checks(assignment: Assignment, checks: Checks) -> Iterator[str]:
    """Sentences on automatic tasks without checks or with wrong points, and checks without task."""
    notebook = assignment.notebook.name
    automatic = {task.id: task.points for task in assignment.tasks if not task.manual}
    worth: dict[str, list[float]] = {}
    for task_id, points in checks:
        worth.setdefault(task_id, []).append(points)
    for task_id, points in automatic.items():
        if task_id not in worth:
            yield (
                f"The graded cell {task_id!r} of {notebook} has no checks. Mark some in "
                f"autograder/{assignment.name} with @pytest.mark.task({task_id!r}, points=...)."
            )
        elif not math.isclose(total := math.fsum(worth[task_id]), points):
            yield (
                f"The checks of {task_id!r} are worth {total:g} points together, but its cell in "
                f"{notebook} is worth {points:g}. Make them equal."
            )
    for task_id in sorted(worth.keys() - automatic.keys()):
        yield (
            f"Checks in autograder/{assignment.name} are marked for the task {task_id!r}, but no "
            f"automatically graded cell of {notebook} has this id."
        )


def _differences(assignment: Assignment, fresh: Path) -> list[str]:
    """The differences of the committed release from ``fresh``: a sentence for the first files."""
    release, name = assignment.release, assignment.name
    committed, wanted = set(files_below(release)), set(files_below(fresh))
    found = [f"release/{name}/{file} is missing." for file in sorted(wanted - committed)]
    found += [f"release/{name}/{file} does not belong there." for file in committed - wanted]
    for file in sorted(committed & wanted):
        if (release / file).read_bytes() != (fresh / file).read_bytes():
            found.append(f"release/{name}/{file} differs from the current source/ and solutions/.")
    found.sort()
    more = len(found) - _FILES_NAMED
    if more > 0:
        found[_FILES_NAMED:] = [f"{more} more files of release/{name} differ."]
    if found:
        found.append(f"Run `kit release {name}` and commit release/{name}.")
    return found
