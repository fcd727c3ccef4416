"""The release: what students receive, made from ``source/`` and ``solutions/`` and proved safe."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kit.nbgrader.generate import student_version
from kit.course import Assignment, CourseError, files_below, of_course, read_notebook, read_text
from kit.release import sealed, section
from kit.release.leaks import leaks
from kit.skeleton import ReleaseError, regions, strip

Checks = Sequence[tuple[str, float]]
"""The collected checks, each as the id of its task and its points."""

_NOTEBOOK_METADATA = {
    # what editors write here names their own kernel and Python version
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_CELL_METADATA = ("deletable", "editable", "kit", "nbgrader", "tags")
_FILES_NAMED = 5


def build(assignment: Assignment, into: Path) -> None:
    """Write the complete release of ``assignment`` into ``into``, a folder yet to be made.

    The bytes depend on the authored files alone; the section on grading and the sentences about
    known mistakes are made from the suites. Raises ReleaseError where they cannot be
    released; ``into`` is then left unfinished.
    """
    skeletons = {name: _skeleton(assignment, name) for name in assignment.student_files}
    with tempfile.TemporaryDirectory(prefix="kit-release-") as course:
        _require_reproducible(assignment)
        generated = student_version(assignment, Path(course))
        expected, found = files_below(assignment.source), files_below(generated)
        if missing := [name for name in expected if name not in found]:
            raise ReleaseError(
                f"nbgrader left out {', '.join(missing)} of source/{assignment.name}. Rename what "
                "it ignores (a folder called feedback, *.pyc files)."
            )
        shutil.copytree(generated, into, copy_function=shutil.copyfile)
    for notebook in into.glob("*.ipynb"):
        text = _normal(notebook, assignment)
        notebook.write_text(text, encoding="utf-8", newline="\n")
    for name, skeleton in skeletons.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(skeleton, encoding="utf-8", newline="\n")
    sealed.write(assignment, into)
    for path in into.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    into.chmod(0o755)


def publish(assignment: Assignment, checks: Checks | None = None) -> None:
    """Build the release, prove it, and only then put it in place of the old one.

    Raises ReleaseError, naming every problem, when a proof fails; the old release then stays.
    """
    _require_release(assignment)
    assignment.release.parent.mkdir(exist_ok=True)
    # beside release/, so that moving it into place is a rename
    with tempfile.TemporaryDirectory(prefix=".release-", dir=assignment.root) as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        if found := _build_and_prove(assignment, new, checks):
            raise ReleaseError(
                f"release/{assignment.name} stays as it was:\n"
                + "\n".join(f"- {problem}" for problem in found)
            )
        _replace(assignment.release, new, old)


def problems(assignment: Assignment, checks: Checks | None = None) -> list[str]:
    """What keeps the committed release from being right, a sentence each; empty if nothing does.

    ``checks``, where given, is proved to fit the graded cells of the notebook.
    """
    with tempfile.TemporaryDirectory(prefix="kit-release-") as folder:
        fresh = Path(folder, "new")
        try:
            found = _build_and_prove(assignment, fresh, checks)
            if fresh.exists() and (stale := _differences(assignment, fresh)):
                # students may already have what the next build no longer holds
                found += leaks(assignment, assignment.release) + stale
        except CourseError as error:
            return [str(error)]
    return list(dict.fromkeys(found))


def _require_release(assignment: Assignment) -> None:
    """Raise ReleaseError where something is in the release's place that is none: it would go."""
    old = assignment.release
    if not os.path.lexists(old):
        return
    folder = old.is_dir() and not old.is_symlink()
    if not folder or (any(old.iterdir()) and not any(old.glob("*.ipynb"))):
        raise ReleaseError(
            f"release/{assignment.name} is there, and is no release: it is no folder with a "
            "notebook in it. It stays as it is. Move it elsewhere."
        )


def _build_and_prove(assignment: Assignment, into: Path, checks: Checks | None) -> list[str]:
    """The problems of a fresh release, which is in ``into`` unless the sources forbid to build."""
    found = [] if checks is None else list(_problems_of_checks(assignment, checks))
    if of_halves := list(_problems_of_halves(assignment)):
        return of_halves + found
    build(assignment, into)
    return leaks(assignment, into) + found


def _replace(target: Path, new: Path, old: Path) -> None:
    """Move ``new`` to ``target``, and what was there to ``old``; on failure it is as before."""
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
            "taken out. Keep only what students write in Python there."
        )
    return strip(read_text(assignment.solutions / name), name)


def _require_reproducible(assignment: Assignment) -> None:
    notebook = assignment.notebook
    for number, cell in enumerate(assignment.document["cells"], start=1):
        if not cell.get("id"):
            raise ReleaseError(
                f"{notebook.name}: cell {number} has no id, so every build would invent another. "
                "Save the notebook in a current Jupyter (format 4.5)."
            )
        if _is_for_instructor(cell) and cell["metadata"].get("nbgrader", {}).get("grade"):
            raise ReleaseError(
                f"{notebook.name}: cell {cell['id']} is graded and tagged instructor, so students "
                "would never see it. Remove the tag."
            )


def _normal(notebook: Path, assignment: Assignment) -> str:
    """The notebook as students receive it, without what differs between machines."""
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
    """Whether ``source/`` and ``solutions/`` each hold what they must, and nothing in common."""
    name = assignment.name
    tasks = {task.id for task in assignment.tasks}
    for file in assignment.student_files:
        path = f"solutions/{name}/{file}"
        if (assignment.source / file).exists():
            yield f"{file} is in source/{name} and in solutions/{name}. Keep it in one of them."
        if file.endswith(".ipynb"):
            yield f"{path} is a copy of a notebook. Remove it: source/{name} holds the only one."
            continue
        if not file.endswith(".py"):
            continue  # building refuses it
        marked = regions(read_text(assignment.solutions / file), path)
        if not marked:
            yield (
                f"{path} has no answer region, so students would receive it whole. Mark the "
                f"answers, or move it to source/{name}."
            )
        for region in marked:
            if region.task not in tasks:
                yield (
                    f"{path}, line {region.begin}: no graded cell of {assignment.notebook.name} "
                    f"has the id {region.task!r}."
                )


def _problems_of_checks(assignment: Assignment, checks: Checks) -> Iterator[str]:
    """Whether every automatic task has checks, worth its points, and every check a task."""
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
                f"The checks of {task_id!r} are worth {total:g} points together, its cell in "
                f"{notebook} {points:g}. Make them equal."
            )
    for task_id in sorted(worth.keys() - automatic.keys()):
        yield (
            f"Checks in autograder/{assignment.name} are marked for the task {task_id!r}, but no "
            f"automatically graded cell of {notebook} has this id."
        )


def _differences(assignment: Assignment, fresh: Path) -> list[str]:
    """How the committed release differs from ``fresh``: a sentence for each of the first files."""
    release, name = assignment.release, assignment.name
    committed, wanted = set(files_below(release)), set(files_below(fresh))
    found = [f"release/{name}/{file} is missing." for file in sorted(wanted - committed)]
    found += [f"release/{name}/{file} does not belong there." for file in committed - wanted]
    for file in sorted(committed & wanted):
        if (release / file).read_bytes() != (fresh / file).read_bytes():
            found.append(f"release/{name}/{file} is not what source/ and solutions/ give now.")
    found.sort()
    more = len(found) - _FILES_NAMED
    if more > 0:
        found[_FILES_NAMED:] = [f"{more} more files of release/{name} differ."]
    if found:
        found.append(f"Run `kit release {name}` and commit release/{name}.")
    return found
