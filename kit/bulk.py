"""Tells whose submissions a path means, in the forms in which learning platforms hand them out.

Folders and archives named by student, the submitted/ tree of nbgrader, and what Canvas and
Gradescope give when an instructor downloads all submissions at once. Nothing is read here but names
(and Gradescope's list of them): every submission is opened when its turn comes.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kit.archive import is_archive, open_archive, open_file, stem
from kit.course import Assignment, CourseError, assignment_names
from kit.limits import MIB, Limits
from kit.locate import rank, resembles
from kit.tree import LINK, Entry, FolderTree, RejectedError, Tree, UnreadableError, View, ignored

GRADESCOPE = "submission_metadata.yml"
CANVAS = re.compile(r"(?P<who>[^_/]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<file>\d+)_(?P<name>.+)")
_RESUBMITTED = re.compile(r"(?P<stem>.+?)-(?P<number>\d{1,3})(?P<suffix>(?:\.\w+)+)")
_RUBY = re.compile(rb"!ruby/\S*")  # marks objects of Gradescope's own; they are read as plain data
_METADATA_BYTES = 64 * MIB
_LONGEST_NAME = 150
"""In bytes: with what is added to it, a file's name may have 255."""


@dataclass(frozen=True)
class Found:
    """One submission: whose it is, where it lies (for messages), and how to open it.

    ``open`` may raise RejectedError. ``notes`` are what is known of it already.
    """

    student: str
    where: str
    open: Callable[[], Tree]
    notes: tuple[str, ...] = ()


def submissions(assignment: Assignment, path: Path, limits: Limits, kept: ExitStack) -> list[Found]:
    """Every submission that ``path`` means.

    A folder that holds the student's files itself is one, and so is an archive that is not a
    download of Canvas or Gradescope; any other folder holds those of many. What has to stay open
    until they are read is closed by ``kept``. Raises CourseError where there are none.
    """
    path = existing(path)
    try:
        return _submissions(assignment, path, limits, kept)
    except OSError as error:
        raise CourseError(f"{path} can't be read ({error.strerror}).") from error


def _submissions(
    assignment: Assignment, path: Path, limits: Limits, kept: ExitStack
) -> list[Found]:
    if path.is_dir():
        if _is_one(assignment, path, limits):
            return [_one(path, limits)]
        shelf: _Shelf = _Folder(path, limits)
    else:
        found = _download(path, limits)
        if found is None:
            return [_one(path, limits)]
        kept.callback(found.close)
        shelf = found
    many = list(_on_shelf(assignment, shelf))
    if not many:
        raise CourseError(f"{path} holds neither a submission nor folders or archives of students.")
    return many


def existing(path: Path) -> Path:
    """``path``, resolved; raises CourseError where it is neither a folder nor a file."""
    try:
        path = path.resolve()
        there = path.is_dir() or path.is_file()
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        reason = getattr(error, "strerror", None) or "its links lead round in a circle"
        raise CourseError(f"{path} can't be read ({reason}).") from error
    if not there:
        raise CourseError(f"{path} is not a folder, and no archive either: nothing is there.")
    return path


def student_of(path: Path) -> str:
    """The student whose submission a folder or archive of this name is."""
    return safe(stem(path.name) if is_archive(path.name) else path.name)


def safe(name: str) -> str:
    """``name`` as one that a file may have; names that are changed stay different."""
    name = unicodedata.normalize("NFC", name)
    plain = "".join(
        char if char.isprintable() and char not in '/\\:*?"<>|' else "_" for char in name
    )
    plain = plain.strip().lstrip(".").encode()[:_LONGEST_NAME].decode("utf-8", "ignore")
    if plain == name and plain:
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{plain or 'student'}-{mark}"


def _one(path: Path, limits: Limits) -> Found:
    opened = partial(FolderTree if path.is_dir() else open_file, path, limits)
    return Found(student_of(path), str(path), opened)


def _is_one(assignment: Assignment, path: Path, limits: Limits) -> bool:
    """Whether the folder itself holds a student's files, or a folder like the package does."""
    wanted = assignment.student_files
    if any(os.path.lexists(path / name) for name in wanted):
        return True
    names = [entry.name for entry in FolderTree(path, limits, depth=1).entries]
    for folder in _folders(path):
        if resembles(folder.name, wanted):
            names += [entry.name for entry in FolderTree(folder, limits, depth=1).entries]
    return any(rank(name, file) is not None for name in names for file in wanted)


# -- folders and archives of many ----------------------------------------------------------------


class _Shelf(ABC):
    """What was handed out, one level deep: the files in ``tree``, and the names of ``folders``."""

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
        """The files in a folder, which may lie one deeper: ``student/assignment``."""


class _Folder(_Shelf):
    """A folder on disk."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(limits)
        self.name, self._path = str(path), path
        self.tree = FolderTree(path, limits, depth=1)
        self.folders = [folder.name for folder in _folders(path)]

    def inner(self, folder: str) -> set[str]:
        return {each.name for each in _folders(self._path / folder)}

    def open(self, folder: str) -> Tree:
        return FolderTree(self._path, self.limits, inside=folder)


class _Archive(_Shelf):
    """An archive, or a folder in it that holds all the rest."""

    def __init__(self, name: str, tree: Tree, limits: Limits) -> None:
        super().__init__(limits)
        self.name, self._whole = name, tree
        names = [entry.name.split("/") for entry in tree.entries]
        depth = 0
        while names and len({tuple(parts[: depth + 1]) for parts in names}) == 1:
            if len(names[0]) == depth + 1:
                break
            depth += 1
        files: dict[str, Entry] = {}
        self._below: dict[str, dict[str, Entry]] = defaultdict(dict)
        for parts, entry in zip(names, tree.entries, strict=True):
            if len(parts) == depth + 1:
                files[parts[depth]] = entry
            else:
                self._below[parts[depth]]["/".join(parts[depth + 1 :])] = entry
        self.tree = View(tree, files)
        self.folders = sorted(self._below)
        self.close = tree.close

    def inner(self, folder: str) -> set[str]:
        return {name.partition("/")[0] for name in self._below[folder] if "/" in name}

    def open(self, folder: str) -> Tree:
        top, _, deeper = folder.partition("/")
        start = f"{deeper}/" if deeper else ""
        entries = self._below[top].items()
        inside = {name[len(start) :]: entry for name, entry in entries if name.startswith(start)}
        return View(self._whole, inside)


def _download(path: Path, limits: Limits) -> _Archive | None:
    """The archive as what Canvas or Gradescope gave; None where it is not theirs."""
    try:
        tree = open_file(path, limits)
    except RejectedError:
        return None
    shelf = _Archive(str(path), tree, limits)
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
        # a student's folder, too, may have been replaced by a link: it is rejected, not passed over
        of_student = is_archive(name) or (entry.refused == LINK and "." not in name)
        if name not in canvas and of_student:
            student = safe(stem(name) if is_archive(name) else name)
            yield Found(student, f"{shelf.name}/{name}", partial(_opened, shelf, entry))
    for folder in shelf.folders:
        yield _of_student(assignment, shelf, folder)


def _of_student(assignment: Assignment, shelf: _Shelf, folder: str) -> Found:
    """The submission in a student's folder, in which nbgrader has a folder for each assignment."""
    inner = shelf.inner(folder)
    where = f"{shelf.name}/{folder}"
    if assignment.name in inner:
        opened = partial(shelf.open, f"{folder}/{assignment.name}")
        return Found(safe(folder), f"{where}/{assignment.name}", opened)
    others = inner.intersection(assignment_names(assignment.root))
    return Found(safe(folder), where, partial(_without, shelf, folder, others))


def _without(shelf: _Shelf, folder: str, others: set[str]) -> Tree:
    """The files in ``folder``, but for those of other assignments."""
    tree = shelf.open(folder)
    if not others:
        return tree
    kept = [entry for entry in tree.entries if entry.name.partition("/")[0] not in others]
    return View(tree, {entry.name: entry for entry in kept})


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
    """The files of each student together: ``lastfirst_LATE_12345_67890_hw4-1.zip``."""
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
        yield Found(safe(student), f"{shelf.name}/{matches[0].string}", opened, tuple(notes))


def _latest(matches: list[re.Match[str]]) -> tuple[dict[str, re.Match[str]], list[str]]:
    """The files by the names that they had; of one handed in again the last, with a note."""
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
    """The folders ``submission_12345``, each for everyone who handed it in."""
    metadata = _metadata(shelf, entry)
    for folder in sorted({*shelf.folders, *metadata}):
        for student in _submitters(metadata.get(folder)) or [folder]:
            opened = partial(shelf.open if folder in shelf.folders else _absent, folder)
            yield Found(safe(student), f"{shelf.name}/{folder}", opened)


def _absent(folder: str) -> Tree:
    raise RejectedError(f"{GRADESCOPE} names {folder}, but the download holds no such folder.")


def _metadata(shelf: _Shelf, entry: Entry) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - only Gradescope's downloads need it

    try:
        content = _RUBY.sub(b"", shelf.tree.read(entry, _METADATA_BYTES))
        # the safe loader, in C: the list also holds every result of every student
        metadata = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, UnreadableError) as error:
        reason = str(error).partition("\n")[0]
        raise CourseError(
            f"{shelf.name}/{GRADESCOPE} can't be read ({reason}). Download it again, or delete it "
            "to have the results named by folder."
        ) from error
    if not isinstance(metadata, dict):
        return {}
    return {key: value for key, value in metadata.items() if isinstance(key, str)}


def _submitters(about: Any) -> list[str]:
    """The student ids of a submission, else the addresses, else the names."""
    people = about.get(":submitters") if isinstance(about, dict) else None
    found = []
    for person in people if isinstance(people, list) else []:
        known = person if isinstance(person, dict) else {}
        name = next((known[key] for key in (":sid", ":email", ":name") if known.get(key)), None)
        if name is not None:
            found.append(str(name))
    return found
