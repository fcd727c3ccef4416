"""Where things are: a course folder, its assignments, and the tasks their notebooks declare."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any


class CourseError(Exception):
    """The course folder itself is not as it must be; the text says what to mend."""


@dataclass(frozen=True)
class Task:
    """One graded cell of an assignment's notebook.

    ``points`` is what the task is worth; ``manual`` says that a person gives them.
    """

    id: str
    title: str
    points: float
    manual: bool


@dataclass(frozen=True)
class Assignment:
    """One assignment of the course in ``root``: its folders, files and tasks."""

    root: Path
    name: str

    @property
    def source(self) -> Path:
        """What every student is given, as authored."""
        return self.root / "source" / self.name

    @property
    def solutions(self) -> Path:
        """What a student writes, solved."""
        return self.root / "solutions" / self.name

    @property
    def release(self) -> Path:
        """What students receive (generated)."""
        return self.root / "release" / self.name

    @property
    def suites(self) -> Path:
        """The pytest suites that grade it."""
        return self.root / "autograder" / self.name

    @cached_property
    def student_files(self) -> tuple[str, ...]:
        """The files a student writes, as POSIX paths relative to the assignment's folder."""
        return files_below(self.solutions)

    @cached_property
    def provided_modules(self) -> tuple[str, ...]:
        """The Python files that every student is given, as POSIX paths."""
        return tuple(name for name in files_below(self.source) if name.endswith(".py"))

    @cached_property
    def notebook(self) -> Path:
        """The assignment's notebook in ``source/``."""
        found = sorted(self.source.glob("*.ipynb"))
        if len(found) != 1:
            raise CourseError(
                f"source/{self.name} must hold exactly one notebook, it holds {len(found)}: "
                f"{', '.join(path.name for path in found) or 'none'}."
            )
        return found[0]

    @cached_property
    def _document(self) -> dict[str, Any]:
        return dict(json.loads(self.notebook.read_text(encoding="utf-8")))

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """What submissions may import besides NumPy and the standard library.

        The notebook's metadata list it: ``"kit": {"packages": ["scipy.special"]}``, each module by
        itself, since what is not loaded beforehand can't be loaded while a submission is graded.
        """
        names = self._document.get("metadata", {}).get("kit", {}).get("packages", [])
        if not isinstance(names, list) or not all(
            isinstance(name, str) and all(part.isidentifier() for part in name.split("."))
            for name in names
        ):
            raise CourseError(
                f'{self.notebook.name}: "packages" in its metadata must be a list of modules, such '
                'as "kit": {"packages": ["scipy.special"]}.'
            )
        return tuple(names)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The graded cells of the notebook in order: the one truth of ids, titles and points."""
        tasks = tuple(
            _task(cell["metadata"])
            for cell in self._document["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade")
        )
        ids = [task.id for task in tasks]
        for repeated in {task_id for task_id in ids if ids.count(task_id) > 1}:
            raise CourseError(f"{self.notebook.name}: two graded cells have the id {repeated!r}.")
        return tasks

    def require_packages(self) -> None:
        """Raise CourseError where one of ``packages`` is not installed on this machine."""
        for name in self.packages:
            try:
                found = importlib.util.find_spec(name) is not None
            except ImportError:
                found = False
            if not found:
                raise CourseError(
                    f"{self.notebook.name} lets submissions import {name}, and this machine has no "
                    "such module: install it wherever submissions are graded."
                )

    def require(self, tasks: Iterable[str]) -> None:
        """Raise CourseError where one of ``tasks`` is not the id of an automatic task."""
        automatic = [task.id for task in self.tasks if not task.manual]
        for task in tasks:
            if task not in automatic:
                raise CourseError(
                    f"{self.name} has no automatic task {task!r}. It has: {', '.join(automatic)}."
                )


def _task(metadata: dict[str, Any]) -> Task:
    cell = metadata["nbgrader"]
    title = metadata.get("kit", {}).get("title")
    if not title:
        raise CourseError(
            f"The graded cell {cell['grade_id']!r} has no title: add "
            '"kit": {"title": "..."} to its metadata.'
        )
    return Task(cell["grade_id"], title, float(cell["points"]), manual=bool(cell["solution"]))


def files_below(folder: Path) -> tuple[str, ...]:
    """Every authored file below ``folder``, as sorted POSIX paths relative to it."""
    skipped = {"__pycache__", ".ipynb_checkpoints"}
    return tuple(
        sorted(
            str(PurePosixPath(path.relative_to(folder)))
            for path in folder.rglob("*")
            if path.is_file() and not skipped.intersection(path.relative_to(folder).parts)
        )
    )


def find_root(start: Path | None = None) -> Path:
    """The course folder at or above ``start`` (default: the working directory).

    Raises CourseError where no folder on the way up is one.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "source").is_dir() and (folder / "autograder").is_dir():
            return folder
    raise CourseError(
        f"{start} is not inside a course: no folder above it holds source/ and autograder/. "
        "Run kit from the course's folder."
    )


def find_assignment(name: str, root: Path | None = None) -> Assignment:
    """The assignment called ``name``; raises CourseError naming those there are."""
    root = root or find_root()
    known = assignment_names(root)
    if name not in known:
        raise CourseError(
            f"There is no assignment {name!r}. The course has: {', '.join(known) or 'none'}."
        )
    return Assignment(root, name)


def assignment_names(root: Path) -> list[str]:
    """The names of all assignments of the course."""
    return sorted(path.name for path in (root / "source").iterdir() if path.is_dir())
