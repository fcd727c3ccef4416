"""Finds a course folder, its assignments, and the tasks that their notebooks declare."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from kit.limits import Limits

_EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
_MOST = 1_000_000
"""More points than any task is worth; a larger number is a mistake."""
TRAINING = "training"
"""The tag of a notebook's cells that train for minutes, or need what such a cell trained."""


class CourseError(Exception):
    """Something in the course folder is wrong; the text says what to fix."""


@dataclass(frozen=True)
class Task:
    """One graded cell of an assignment's notebook.

    ``points`` is the most that the task can give. ``manual`` means that a person scores it, and
    ``training`` that its cell has the tag ``training``, so that its checks take minutes.
    """

    id: str
    title: str
    points: float
    manual: bool
    training: bool = False


@dataclass(frozen=True)
class BuildsOn:
    """What an assignment takes from an ``earlier`` one.

    ``given`` are files that it gives as well, ``written`` those that students wrote for the earlier
    one and bring; by their names, and where they are authored.
    """

    earlier: Assignment
    given: Mapping[str, Path]
    written: Mapping[str, Path]


@dataclass(frozen=True)
class Assignment:
    """One assignment of the course in ``root``, with its folders, files and tasks."""

    root: Path
    name: str

    @property
    def source(self) -> Path:
        """The folder of the files that every student is given, as authored."""
        return self.root / "source" / self.name

    @property
    def solutions(self) -> Path:
        """The folder of the files that a student writes, solved."""
        return self.root / "solutions" / self.name

    @property
    def release(self) -> Path:
        """The folder that students receive (generated)."""
        return self.root / "release" / self.name

    @property
    def suites(self) -> Path:
        """The folder of the pytest suites that grade it."""
        return self.root / "autograder" / self.name

    @cached_property
    def given(self) -> dict[str, Path]:
        """The files that every student is given, and where each is authored.

        They are named by their POSIX paths in the release. Those that this assignment shares with
        an earlier one lie there (``builds_on``).
        """
        files = {name: self.source / name for name in files_below(self.source)}
        return self._joined(files, {} if self.builds_on is None else self.builds_on.given)

    @cached_property
    def written(self) -> dict[str, Path]:
        """The files that a student writes, named like ``given``, and where each is solved."""
        files = {name: self.solutions / name for name in files_below(self.solutions)}
        return self._joined(files, {} if self.builds_on is None else self.builds_on.written)

    def _joined(self, own: dict[str, Path], earlier: Mapping[str, Path]) -> dict[str, Path]:
        if both := own.keys() & earlier.keys():
            raise CourseError(
                f"{self.name} has {', '.join(sorted(both))}, and takes it from an earlier "
                "assignment besides. Keep one of them."
            )
        return dict(sorted({**own, **earlier}.items()))

    @cached_property
    def student_files(self) -> tuple[str, ...]:
        """The files that a student hands in, as POSIX paths relative to the assignment's folder."""
        return tuple(self.written)

    @cached_property
    def provided_modules(self) -> tuple[str, ...]:
        """The Python files that every student is given, as POSIX paths."""
        return tuple(name for name in self.given if name.endswith(".py"))

    @cached_property
    def builds_on(self) -> BuildsOn | None:
        """What this assignment takes from an earlier one; the notebook's metadata say it.

        ``"kit": {"builds_on": {"assignment": "first", "gives": ["utils"], "code": ["nndl/a.py"],
        "code_from": "student"}}``. ``gives`` are files or folders that the earlier assignment
        gives, and this one as well. ``code`` are files that students wrote there: each brings
        their own, or, with ``"code_from": "solution"``, everybody is given the solution.
        """
        stated = self._stated("builds_on", {})
        if not stated:
            return None
        where = f'{self.notebook.name}: "builds_on" in its metadata'
        unknown = stated.keys() - {"assignment", "gives", "code", "code_from"}
        earlier, source = stated.get("assignment"), stated.get("code_from", "student")
        if unknown or source not in {"student", "solution"} or not isinstance(earlier, str):
            raise CourseError(
                f'{where} must hold "assignment", and may hold "gives", "code" and "code_from" '
                '("student" or "solution").'
            )
        if earlier == self.name or earlier not in assignment_names(self.root):
            raise CourseError(f"{where} names {earlier!r}, which is no other assignment.")
        before = Assignment(self.root, earlier)
        if self in before.chain:
            raise CourseError(f"{where}: {earlier} builds on {self.name} itself.")
        given = _chosen(before.given, stated.get("gives", []), where)
        code = _chosen({**before.given, **before.written}, stated.get("code", []), where)
        brings = set(before.written) if source == "student" else set()
        brought = {name: path for name, path in code.items() if name in brings}
        given |= {name: path for name, path in code.items() if name not in brings}
        return BuildsOn(before, given, brought)

    @cached_property
    def chain(self) -> tuple[Assignment, ...]:
        """The assignments that this one builds on, nearest first."""
        found: list[Assignment] = []
        name = self._stated("builds_on", {}).get("assignment")
        while isinstance(name, str) and name in assignment_names(self.root):
            earlier = Assignment(self.root, name)
            if earlier in found:
                break
            found.append(earlier)
            name = earlier._stated("builds_on", {}).get("assignment")
        return tuple(found)

    @cached_property
    def limits(self) -> Limits:
        """What a submission may use; ``"kit": {"limits": {"cpu_seconds": 1800}}`` changes some."""
        try:
            return Limits.stated(self._stated("limits", {}))
        except ValueError as error:
            raise CourseError(f'{self.notebook.name}: "limits" in its metadata: {error}.') from None

    @property
    def metadata(self) -> dict[str, Any]:
        """What the notebook's metadata say to the kit."""
        kit = self.document.get("metadata", {}).get("kit", {})
        if not isinstance(kit, dict):
            raise CourseError(f'{self.notebook.name}: "kit" in its metadata must be an object.')
        return kit

    @property
    def stub(self) -> bytes:
        """A notebook that says to the kit what this one says, and nothing to anybody else."""
        document = {**_EMPTY, "metadata": {"kit": self.metadata} if self.metadata else {}}
        return json.dumps(document).encode()

    def _stated(self, name: str, default: dict[str, Any]) -> dict[str, Any]:
        value = self.metadata.get(name, default)
        if not isinstance(value, dict):
            raise CourseError(f'{self.notebook.name}: "{name}" in its metadata must be an object.')
        return value

    @cached_property
    def notebook(self) -> Path:
        """The assignment's notebook in ``source/``."""
        found = sorted(self.source.glob("*.ipynb"))
        if len(found) != 1:
            raise CourseError(
                f"source/{self.name} must hold exactly one notebook, but it holds {len(found)}: "
                f"{', '.join(path.name for path in found) or 'none'}."
            )
        return found[0]

    @cached_property
    def document(self) -> dict[str, Any]:
        """The authored notebook, read once; it is never changed."""
        return read_notebook(self.notebook)

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """The modules that submissions may import besides NumPy and the standard library.

        The notebook's metadata lists them: ``"kit": {"packages": ["scipy.special"]}``. It must list
        each module by itself, because a module that is not loaded beforehand can't be loaded while
        a submission is graded.
        """
        names = self.metadata.get("packages", [])
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
        """The graded cells of the notebook in order: the only source of ids, titles and points."""
        tasks = tuple(_tasks(self.document["cells"], self.notebook.name))
        ids = [task.id for task in tasks]
        for repeated in {task_id for task_id in ids if ids.count(task_id) > 1}:
            raise CourseError(f"{self.notebook.name}: two graded cells have the id {repeated!r}.")
        return tasks

    def require_packages(self) -> None:
        """Raise CourseError if one of ``packages`` is not installed on this machine."""
        for name in self.packages:
            try:
                found = importlib.util.find_spec(name) is not None
            except ImportError:
                found = False
            if not found:
                raise CourseError(
                    f"{self.notebook.name} lets submissions import {name}, but this machine has no "
                    "such module. Install it on every machine that grades."
                )

    def require(self, tasks: Iterable[str]) -> None:
        """Raise CourseError if one of ``tasks`` is not the id of an automatic task."""
        automatic = [task.id for task in self.tasks if not task.manual]
        for task in tasks:
            if task not in automatic:
                raise CourseError(
                    f"{self.name} has no automatic task {task!r}. Its tasks: "
                    f"{', '.join(automatic)}."
                )


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; raises CourseError, with the path, if it can't be read as one."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} can't be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path} is not UTF-8 text (byte {error.start + 1} is invalid). Save it as UTF-8."
        ) from error


@contextmanager
def of_course(path: Path, done: str = "loaded") -> Iterator[None]:
    """Turn any exception from a Python file of the course into a CourseError.

    That includes ``SystemExit``, which would otherwise end the run as if all were well.
    """
    try:
        yield
    except CourseError:
        raise
    except (Exception, SystemExit) as error:
        raise CourseError(f"{path} can't be {done} ({type(error).__name__}: {error}).") from error


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook of the course; raises CourseError if it is not JSON with a list of cells."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{path} is not a notebook: it is not JSON ({error}).") from error
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise CourseError(f"{path} is not a notebook: it has no list of cells.")
    for number, cell in enumerate(cells, start=1):
        if not _is_cell(cell):
            raise CourseError(
                f"{path}: cell {number} is not a Jupyter cell. Save the notebook again in Jupyter."
            )
    return dict(document)


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict):
        return False
    metadata, source = cell.get("metadata"), cell.get("source")
    return (
        isinstance(metadata, dict)
        and isinstance(metadata.get("nbgrader", {}), dict)
        and isinstance(metadata.get("tags", []), list)
        and isinstance(cell.get("cell_type"), str)
        and (isinstance(source, str) or _are_texts(source))
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _tasks(cells: list[dict[str, Any]], notebook: str) -> Iterator[Task]:
    for number, cell in enumerate(cells, start=1):
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            yield _task(cell["metadata"], f"{notebook}: the graded cell {number}")


def _task(metadata: dict[str, Any], where: str) -> Task:
    cell, kit = metadata["nbgrader"], metadata.get("kit")
    name, points = cell.get("grade_id"), cell.get("points")
    if not name or not isinstance(name, str):
        raise CourseError(f"{where} has no id. Give it one in the cell's nbgrader toolbar.")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points <= _MOST:
        raise CourseError(
            f"{where}, {name!r}, has no valid points: {points!r} is not a number from 0 to "
            f"{_MOST:,}."
        )
    title = kit.get("title") if isinstance(kit, dict) else None
    if not title or not isinstance(title, str):
        raise CourseError(
            f'{where}, {name!r}, has no title: add "kit": {{"title": "..."}} to its metadata.'
        )
    training = TRAINING in metadata.get("tags", ())
    return Task(name, title, float(points), bool(cell.get("solution")), training)


def files_below(folder: Path) -> tuple[str, ...]:
    """Every authored file below ``folder``, as sorted POSIX paths relative to it.

    Raises CourseError for a linked folder, into which nothing looks.
    """
    skipped = {"__pycache__", ".ipynb_checkpoints"}
    found = []
    for path in folder.rglob("*"):
        if skipped.intersection(path.relative_to(folder).parts):
            continue
        if path.is_symlink() and path.is_dir():
            raise CourseError(
                f"{path} is a linked folder, and what is in it would be left out. Put the files "
                'there, or share those of another assignment by "builds_on" in the notebook\'s '
                "metadata (docs/new-assignment.md)."
            )
        if path.is_file():
            found.append(str(PurePosixPath(path.relative_to(folder))))
    return tuple(sorted(found))


def _chosen(files: Mapping[str, Path], wanted: Any, where: str) -> dict[str, Path]:
    """Those of ``files`` that are ``wanted``, or lie in a folder that is."""
    if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
        raise CourseError(f"{where} must list files and folders.")
    found: dict[str, Path] = {}
    for each in wanted:
        some = {
            name: path
            for name, path in files.items()
            if name == each or name.startswith(f"{each.rstrip('/')}/")
        }
        if not some:
            raise CourseError(f"{where} names {each}, which the earlier assignment does not have.")
        found |= some
    return found


def find_root(start: Path | None = None) -> Path:
    """The course folder at or above ``start`` (default: the working directory).

    Raises CourseError if none of these folders is a course.
    """
    try:
        start = (start or Path.cwd()).resolve()
    except FileNotFoundError as error:
        raise CourseError("The current folder no longer exists.") from error
    for folder in (start, *start.parents):
        if (folder / "source").is_dir() and (folder / "autograder").is_dir():
            return folder
    raise CourseError(
        f"{start} is not inside a course: neither it nor a folder above it holds source/ and "
        "autograder/. Run kit from the course's folder."
    )


def find_assignment(name: str, root: Path | None = None) -> Assignment:
    """The assignment called ``name``; raises CourseError, with all names, if there is none."""
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
