"""Finds all submissions at a path, in the forms that learning platforms use.

These forms are folders and archives named by student, nbgrader's submitted/ tree, and the bulk
downloads of Canvas and Gradescope. Only names are read here (and Gradescope's list of them): every
submission is opened when its turn comes.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kit.course import Assignment, CourseError, assignment_names
from kit.intake import submitters
from kit.intake.archive import is_archive, open_archive, open_file, stem
from kit.intake.folder import FolderTree
from kit.intake.locate import rank, resembles
from kit.intake.tree import (
    LINK,
    Entry,
    HostError,
    Left,
    RejectedError,
    Tree,
    UnreadableError,
    View,
    ignored,
)
from kit.limits import Limits
from kit.results import printable

GRADESCOPE = "submission_metadata.yml"
CANVAS = re.compile(r"(?P<who>[^_/]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<file>\d+)_(?P<name>.+)")
_RESUBMITTED = re.compile(r"(?P<stem>.+?)-(?P<number>\d{1,3})(?P<suffix>(?:\.\w+)+)")
_LONGEST_NAME = 150
"""The longest name in bytes. A file's name may have 255, and the kit adds to this name."""


@dataclass(frozen=True)
class Found:
    """One submission: its student, its place (for messages), and a function that opens it.

    ``open`` may raise RejectedError, or OSError if this machine can't read the submission.
    ``notes`` are sentences on it, known before it is opened.
    """

    student: str
    where: str
    open: Callable[[], Tree]
    notes: tuple[str, ...] = ()


def submissions(assignment: Assignment, path: Path, limits: Limits, kept: ExitStack) -> list[Found]:
    """Every submission at ``path``.

    A folder that itself holds the student's files is one submission. So is a student's folder with
    a folder for each assignment, and that folder in it. So is an archive, unless it is a download
    from Canvas or Gradescope. Any other folder holds the submissions of many students. ``kept``
    closes the archives that must stay open until the submissions are read. Raises CourseError if
    there are none, or if a student would be called like an assignment.
    """
    path = existing(path)
    try:
        return _submissions(assignment, path, limits, kept)
    except OSError as error:
        raise CourseError(f"{_shown(path)} can't be read ({error.strerror}).") from error
    except RejectedError as error:
        raise CourseError(f"{_shown(path)} can't be read. {printable(str(error))}") from error


def _submissions(
    assignment: Assignment, path: Path, limits: Limits, kept: ExitStack
) -> list[Found]:
    if path.is_dir():
        student = _student_in_tree(assignment, path)
        if student is not None:
            inside = path if path.name == assignment.name else path / assignment.name
            return [Found(safe(student), _shown(inside), partial(FolderTree, inside, limits))]
        if _is_one(assignment, path, limits):
            return [_one(assignment, path, limits)]
        shelf: _Shelf = _Folder(path, limits)
    else:
        found = _download(path, limits)
        if found is None:
            return [_one(assignment, path, limits)]
        kept.callback(found.close)
        shelf = found
    many = [_named(assignment, each) for each in _on_shelf(assignment, shelf)]
    if not many:
        raise CourseError(
            f"{_shown(path)} holds neither a submission nor folders or archives of students."
        )
    return many


def owner(assignment: Assignment, path: Path) -> str | None:
    """The student whose folder in the course's ``submitted/`` is ``path``, or holds it.

    ``submitted/gil`` is gil's, and so is ``submitted/gil/ASSIGNMENT``; None for any other path.
    """
    try:
        inside = path.resolve().relative_to((assignment.root / "submitted").resolve()).parts
    except (OSError, ValueError, RuntimeError):
        return None
    is_owned = len(inside) == 1 or inside[1:] == (assignment.name,)
    return inside[0] if is_owned else None


def _student_in_tree(assignment: Assignment, path: Path) -> str | None:
    """The student of a folder in a tree as nbgrader has it, ``gil`` or ``gil/ASSIGNMENT``.

    None where ``path`` is another folder; CourseError where it lacks this assignment.
    """
    student = owner(assignment, path)
    if student is not None and path.name == assignment.name != student:
        return student
    names = _assignments(assignment)
    inner = {folder.name for folder in _folders(path)}
    if assignment.name in inner and (student is not None or inner <= names):
        return path.name
    if inner and inner <= names:
        raise CourseError(
            f"{_shown(path)} holds {', '.join(sorted(inner))}, and nothing for {assignment.name}."
        )
    return None


def _named(assignment: Assignment, found: Found) -> Found:
    """``found``; raises CourseError if its student is called like an assignment."""
    if found.student in _assignments(assignment):
        raise CourseError(
            f"{found.where} is called like the assignment {found.student}, so it is not known "
            "whose it is. Nothing was graded. Name it after its student, or leave it out."
        )
    return found


def _assignments(assignment: Assignment) -> set[str]:
    """The names of all assignments of the course; of this one alone where it is packed alone."""
    try:
        return {assignment.name, *assignment_names(assignment.root)}
    except OSError:
        return {assignment.name}


def existing(path: Path) -> Path:
    """``path``, resolved; raises CourseError if it is neither a folder nor a file."""
    try:
        found = path.resolve(strict=True)
        kind = found.stat().st_mode
    except FileNotFoundError as error:
        raise CourseError(
            f"{_shown(path)} is neither a folder nor an archive: nothing is there."
        ) from error
    except OSError as error:
        raise CourseError(f"{_shown(path)} can't be read ({error.strerror}).") from error
    except RuntimeError as error:  # pathlib raises this for a link to itself, before Python 3.13
        raise CourseError(f"{_shown(path)} can't be read (it is a link to itself).") from error
    except ValueError as error:
        raise CourseError(f"{_shown(path)} is not a path ({error}).") from error
    if not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
        raise CourseError(f"{_shown(path)} is neither a folder nor an archive.")
    return found


def _shown(path: Path) -> str:
    """``path`` as text for a message: shortened, and printable."""
    return printable(str(path), 300)


def student_of(path: Path) -> str:
    """The student named by a folder or archive."""
    return safe(stem(path.name) if is_archive(path.name) else path.name)


def safe(name: str) -> str:
    """``name`` as a valid file name; different names stay different."""
    name = unicodedata.normalize("NFC", name)
    plain = "".join(
        char if char.isprintable() and char not in '/\\:*?"<>|' else "_" for char in name
    )
    plain = plain.strip().lstrip(".").encode()[:_LONGEST_NAME].decode("utf-8", "ignore")
    if plain == name and plain:
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{plain or 'student'}-{mark}"


def _one(assignment: Assignment, path: Path, limits: Limits) -> Found:
    opened = partial(FolderTree if path.is_dir() else open_file, path, limits)
    return _named(assignment, Found(student_of(path), _shown(path), opened))


def _is_one(assignment: Assignment, path: Path, limits: Limits) -> bool:
    """Whether the folder holds a student's files, itself or in a folder named like the package."""
    wanted = assignment.student_files
    if any(os.path.lexists(path / name) for name in wanted):
        return True
    names = [entry.name for entry in FolderTree(path, limits, flat=True).entries]
    for folder in _folders(path):
        if resembles(folder.name, wanted):
            try:
                names += [entry.name for entry in FolderTree(folder, limits, flat=True).entries]
            except (OSError, RejectedError):  # it may be one student's folder among others
                if any(name.startswith(f"{folder.name}/") for name in wanted):
                    return True
    return any(rank(name, file) is not None for name in names for file in wanted)


# -- folders and archives of many ----------------------------------------------------------------


class _Shelf(ABC):
    """A collection of submissions, one level deep: files in ``tree``, names of ``folders``."""

    name: str
    tree: Tree
    folders: list[str]

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    @abstractmethod
    def inner(self, folder: str) -> set[str]:
        """The names of the folders in ``folder``."""

    @abstractmethod
    def open(self, folder: str) -> Tree:
        """The files in a folder, which may be one level deeper: ``student/assignment``."""


class _Folder(_Shelf):
    """A folder on disk."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(limits)
        self.name, self._path = _shown(path), path
        self.tree = FolderTree(path, limits, flat=True)
        self.folders = [folder.name for folder in _folders(path)]

    def inner(self, folder: str) -> set[str]:
        try:
            return {each.name for each in _folders(self._path / folder)}
        except OSError as error:
            raise HostError(error, folder) from error

    def open(self, folder: str) -> Tree:
        return FolderTree(self._path, self.limits, inside=folder)


class _Archive(_Shelf):
    """An archive, or the one folder in it that holds everything else."""

    def __init__(self, name: str, tree: Tree, limits: Limits) -> None:
        super().__init__(limits)
        self.name, self._whole = name, tree
        names = [entry.name.split("/") for entry in tree.entries]
        depth = _shared(names)
        files: dict[str, Entry] = {}
        self._below: dict[str, dict[str, Entry]] = defaultdict(dict)
        for parts, entry in zip(names, tree.entries, strict=True):
            if len(parts) == depth + 1:
                files[parts[depth]] = entry
            else:
                self._below[parts[depth]]["/".join(parts[depth + 1 :])] = entry
        self._left: dict[str, list[Left]] = defaultdict(list)
        for left in tree.left():
            self._leave(left, depth)
        self.tree = View(tree, files)
        self.folders = sorted(self._below)
        self.close = tree.close

    def _leave(self, left: Left, depth: int) -> None:
        folder, name = left.folder.split("/"), left.name.split("/")
        if len(folder) > depth + 1:  # the skipped folder is in a student's folder
            inside = Left("/".join(folder[depth + 1 :]), "/".join(name[depth + 1 :]))
            self._left[folder[depth]].append(inside)

    def inner(self, folder: str) -> set[str]:
        return {name.partition("/")[0] for name in self._below[folder] if "/" in name}

    def open(self, folder: str) -> Tree:
        top, _, deeper = folder.partition("/")
        start = f"{deeper}/" if deeper else ""
        entries = self._below[top].items()
        inside = {name[len(start) :]: entry for name, entry in entries if name.startswith(start)}
        left = [
            Left(left.folder[len(start) :], left.name[len(start) :])
            for left in self._left[top]
            if left.folder.startswith(start)
        ]
        return View(self._whole, inside, left)


def _shared(names: list[list[str]]) -> int:
    """The number of leading folders that all ``names`` share."""
    if not names:
        return 0
    first, last = min(names), max(names)
    most = min(map(len, names)) - 1
    return next((at for at in range(most) if first[at] != last[at]), most)


def _download(path: Path, limits: Limits) -> _Archive | None:
    """The archive as a download from Canvas or Gradescope; None if it is not one."""
    try:
        tree = open_file(path, limits)
    except RejectedError:
        return None
    shelf = _Archive(_shown(path), tree, limits)
    names = [entry.name for entry in shelf.tree.entries]
    if GRADESCOPE in names or any(CANVAS.fullmatch(name) for name in names):
        return shelf
    tree.close()
    return None


def _on_shelf(assignment: Assignment, shelf: _Shelf) -> Iterator[Found]:
    files = {entry.name: entry for entry in shelf.tree.entries}
    if GRADESCOPE in files:
        yield from _from_gradescope(shelf, files[GRADESCOPE])
        return
    canvas = {name: match for name in files if (match := CANVAS.fullmatch(name))}
    yield from _from_canvas(shelf, files, canvas)
    for name, entry in files.items():
        # a link may stand in place of a student's folder: it is rejected, not passed over
        of_student = is_archive(name) or (entry.refused == LINK and "." not in name)
        if name not in canvas and of_student:
            student = safe(stem(name) if is_archive(name) else name)
            yield Found(student, f"{shelf.name}/{printable(name)}", partial(_opened, shelf, entry))
    for folder in shelf.folders:
        yield _of_student(assignment, shelf, folder)


def _of_student(assignment: Assignment, shelf: _Shelf, folder: str) -> Found:
    """The submission in a student's folder; the folder is read when its turn comes."""
    opened = partial(_opened_folder, assignment, shelf, folder)
    return Found(safe(folder), f"{shelf.name}/{printable(folder)}", opened)


def _opened_folder(assignment: Assignment, shelf: _Shelf, folder: str) -> Tree:
    """The files in a student's folder; in nbgrader's tree it has a folder for each assignment."""
    inner = shelf.inner(folder)
    if assignment.name in inner:
        return shelf.open(f"{folder}/{assignment.name}")
    tree = shelf.open(folder)
    tree.without(inner.intersection(_assignments(assignment)))
    return tree


def _opened(shelf: _Shelf, entry: Entry) -> Tree:
    """The archive ``entry`` of the shelf."""
    try:
        file = shelf.tree.seekable(entry, shelf.limits.nested_bytes)
    except UnreadableError as error:
        raise RejectedError(f"{entry.name} was not read: {error}.") from error
    return open_archive(file, entry.name, shelf.limits)


def _folders(path: Path) -> list[Path]:
    with os.scandir(path) as entries:
        return sorted(
            Path(entry.path)
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and not ignored(entry.name)
        )


# -- Canvas --------------------------------------------------------------------------------------


def _from_canvas(
    shelf: _Shelf, files: Mapping[str, Entry], canvas: Mapping[str, re.Match[str]]
) -> Iterator[Found]:
    """The files grouped by student; a name is like ``lastfirst_LATE_12345_67890_hw4-1.zip``."""
    by_student: dict[str, list[re.Match[str]]] = defaultdict(list)
    for match in canvas.values():
        by_student[f"{match['who']}_{match['id']}"].append(match)
    for student, matches in by_student.items():
        latest, notes = _latest(matches)
        if any(match["late"] for match in matches):
            notes.append("Canvas marks it as late.")
        entries = {name: files[match.string] for name, match in latest.items()}
        only = next(iter(entries.values()))
        if len(entries) == 1 and is_archive(only.name):
            opened: Callable[[], Tree] = partial(_opened, shelf, only)
        else:
            opened = partial(View, shelf.tree, entries)
        where = f"{shelf.name}/{printable(matches[0].string)}"
        yield Found(safe(student), where, opened, tuple(notes))


def _latest(matches: list[re.Match[str]]) -> tuple[dict[str, re.Match[str]], list[str]]:
    """The files by their original names; only the newest version of each, with a note."""
    latest: dict[str, tuple[int, int, re.Match[str]]] = {}
    notes = []
    for match in matches:
        again = _RESUBMITTED.fullmatch(match["name"])
        name = again["stem"] + again["suffix"] if again else match["name"]
        this = (int(again["number"]) if again else 0, int(match["file"]), match)
        if name in latest:
            old, this = sorted((latest[name], this), key=lambda entry: entry[:2])
            notes.append(f"{old[2]['name']} was left out: {this[2]['name']} is newer.")
        latest[name] = this
    return {name: match for name, (_, _, match) in latest.items()}, notes


# -- Gradescope ----------------------------------------------------------------------------------


def _from_gradescope(shelf: _Shelf, entry: Entry) -> Iterator[Found]:
    """The folders ``submission_12345``, each once for every student who handed it in."""
    listed = _listed(shelf, entry)
    for folder in sorted({*shelf.folders, *listed}):
        for student in listed.get(folder) or [folder]:
            opened = partial(shelf.open if folder in shelf.folders else _absent, folder)
            yield Found(safe(student), f"{shelf.name}/{printable(folder)}", opened)


def _absent(folder: str) -> Tree:
    raise RejectedError(f"{GRADESCOPE} names {folder}, but the download holds no such folder.")


def _listed(shelf: _Shelf, entry: Entry) -> dict[str, list[str]]:
    """The students who handed in each folder, from Gradescope's list; raises CourseError."""
    try:
        return submitters.read(shelf.tree.read(entry, shelf.limits.list_bytes), shelf.limits)
    except (submitters.ListError, UnreadableError) as error:
        raise CourseError(
            f"{shelf.name}/{GRADESCOPE} can't be read ({error}). Download it again, or delete it "
            "to have the results named by folder."
        ) from error
