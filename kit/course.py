"""Where things are: a course folder, its assignments, and the tasks their notebooks declare."""

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
"""More points than any task is worth: a number beyond is a mistake."""


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
        kit = self._document.get("metadata", {}).get("kit", {})
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
                f"source/{self.name} must hold exactly one notebook, it holds {len(found)}: "
                f"{', '.join(path.name for path in found) or 'none'}."
            )
        return found[0]

    @cached_property
    def _document(self) -> dict[str, Any]:
        return read_notebook(self.notebook)

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """What submissions may import besides NumPy and the standard library.

        The notebook's metadata list it: ``"kit": {"packages": ["scipy.special"]}``, each module by
        itself, since what is not loaded beforehand can't be loaded while a submission is graded.
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
        """The graded cells of the notebook in order: the one truth of ids, titles and points."""
        tasks = tuple(_tasks(self._document["cells"], self.notebook.name))
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


def read_text(path: Path) -> str:
    """The text of a file in UTF-8; raises CourseError, with the path, where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} can't be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path} is not text in UTF-8 (byte {error.start + 1} is odd). Save it in UTF-8."
        ) from error


@contextmanager
def of_course(path: Path, done: str = "loaded") -> Iterator[None]:
    """Turn what a Python file of the course raises into a CourseError.

    ``SystemExit`` is one more thing that it may raise: the run would end as if all were well.
    """
    try:
        yield
    except CourseError:
        raise
    except (Exception, SystemExit) as error:
        raise CourseError(f"{path} can't be {done} ({type(error).__name__}: {error}).") from error


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook of the course; raises CourseError where it is not JSON with a list of cells."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{path} is no notebook: it is not JSON ({error}).") from error
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise CourseError(f"{path} is no notebook: it has no list of cells.")
    for number, cell in enumerate(cells, start=1):
        if not _is_cell(cell):
            raise CourseError(f"{path}: cell {number} is none of Jupyter's. Save it anew there.")
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
        raise CourseError(f"{where} has no id. Give it one in nbgrader's toolbar of the cell.")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points <= _MOST:
        raise CourseError(f"{where}, {name!r}, has no points: {points!r} is no number of them.")
    title = kit.get("title") if isinstance(kit, dict) else None
    if not title or not isinstance(title, str):
        raise CourseError(
            f'{where}, {name!r}, has no title: add "kit": {{"title": "..."}} to its metadata.'
        )
    return Task(name, title, float(points), manual=bool(cell.get("solution")))


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

    Raises CourseError where no folder on the way up is one.
    """
    try:
        start = (start or Path.cwd()).resolve()
    except FileNotFoundError as error:
        raise CourseError("The folder that you are in is not there any more.") from error
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
