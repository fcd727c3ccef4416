"""Takes a submission: reads the graded files once, into memory, and nothing else.

A submission is data until a worker runs it. It comes as a folder or an archive (``tree``,
``archive``). Its files are found even if they are slightly misplaced (``locate``), and notes record
what was odd. Files that the student was not asked to write are not touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from kit import provided
from kit.course import Assignment
from kit.intake import another, helpers, notebook
from kit.intake.archive import is_archive, open_archive, open_file
from kit.intake.elsewhere import Text, gather
from kit.intake.folder import FolderTree
from kit.intake.locate import FEW, NothingFoundError, listed, locate, rank
from kit.intake.remarks import remarks
from kit.intake.tree import Entry, RejectedError, Tree, UnreadableError, View, machine_made
from kit.limits import Limits

__all__ = [
    "RejectedError",
    "Submission",
    "holds",
    "notebook_in",
    "open_tree",
    "read",
    "sources_of",
    "take",
]


@dataclass(frozen=True)
class Submission:
    """The files that one student handed in, ``{"nndl/losses.py": b"..."}``.

    They are the files that a student writes, and the helper modules from which these may import
    (``kit.intake.helpers``). ``notes`` are sentences on oddities, for the student and the
    instructor. ``elsewhere`` has other texts of the submission, if a task looks unwritten
    (``kit.intake.elsewhere``).
    """

    student: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    elsewhere: tuple[Text, ...] = ()

    @property
    def sha256(self) -> str:
        """A digest of the names and bytes of all graded files; it determines the grade."""
        digest = sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    @property
    def elsewhere_sha256(self) -> str | None:
        """A digest of the other texts, which change no grade; None if there are none."""
        return sha256(repr(self.elsewhere).encode()).hexdigest() if self.elsewhere else None

    @property
    def seed(self) -> int:
        """The default seed of the unseen inputs; it follows from the graded files."""
        return int(self.sha256[:12], 16)


def read(path: Path, assignment: Assignment, student: str, limits: Limits) -> Submission:
    """The submission in ``path``, a folder or an archive; the files may lie deeper in it.

    Raises RejectedError if there is nothing to grade, or more than one submission.
    """
    with open_tree(path, limits) as tree:
        return take(tree, assignment, student, limits)


def open_tree(path: Path, limits: Limits) -> Tree:
    """The files in the folder or archive ``path``; raises RejectedError if it can't be read."""
    return FolderTree(path, limits) if path.is_dir() else open_file(path, limits)


def take(
    tree: Tree,
    assignment: Assignment,
    student: str,
    limits: Limits,
    notes: Sequence[str] = (),
) -> Submission:
    """The submission in ``tree``; ``notes`` are earlier notes on it.

    Raises RejectedError if there is nothing to grade, or more than one submission.
    """
    try:
        return _taken(tree, assignment, student, limits, notes)
    except NothingFoundError:
        archives = [entry for entry in tree.entries if is_archive(entry.name)]
        if not archives:
            raise
    if len(archives) > 1:
        names = ", ".join(sorted(entry.name for entry in archives)[:FEW])
        raise RejectedError(
            f"None of the files to hand in was found outside of archives, and there are several "
            f"archives: {names}. Hand in just one."
        )
    name = archives[0].name
    try:
        file = tree.seekable(archives[0], limits.nested_bytes)
    except UnreadableError as error:
        raise RejectedError(f"{name} was not read: {error}.") from error
    with open_archive(file, name, limits) as inner:
        notes = (*notes, f"Your files were found in the archive {name}.")
        return _taken(inner, assignment, student, limits, notes)


def notebook_in(tree: Tree, assignment: Assignment, limits: Limits) -> bytes | None:
    """The bytes of the notebook in ``tree``, wherever it lies; None if none is there to be read."""
    found = [entry for entry in tree.entries if entry.name.lower().endswith(".ipynb")]
    picked = notebook.chosen(found, assignment.notebook.name, "")
    archives = [entry for entry in tree.entries if is_archive(entry.name)]
    with suppress(UnreadableError, RejectedError, OSError):
        if picked is not None:
            return notebook.content_of(tree, picked, limits)
        if not found and len(archives) == 1:
            file = tree.seekable(archives[0], limits.nested_bytes)
            with open_archive(file, archives[0].name, limits) as inner:
                members = {each.name: each for each in inner.entries if not is_archive(each.name)}
                return notebook_in(View(inner, members), assignment, limits)
    return None


def _taken(
    tree: Tree, assignment: Assignment, student: str, limits: Limits, notes: Sequence[str]
) -> Submission:
    """The submission whose files lie in ``tree`` itself, not in an archive within it."""
    said = [*notes, *_left_out(tree)]
    try:
        located = locate(tree.entries, assignment.student_files)
    except NothingFoundError as error:
        hidden = _hidden(tree, assignment.student_files)
        instead = another.notes(tree, {}, assignment, limits)
        raise NothingFoundError(" ".join([*instead, str(error), *hidden])) from error
    own, left_out = helpers.find(tree.entries, located.files, assignment, limits)
    said += located.notes
    said += _hidden(tree, [name for name in assignment.student_files if name not in located.files])
    files, unread = _contents(tree, located.files | own, limits)
    said += [*unread, *left_out]
    said = [*another.notes(tree, files, assignment, limits), *said]
    if files.keys() <= own.keys():
        raise RejectedError(" ".join(said))
    for name in [name for name in files if name not in own]:
        said += remarks(name, files[name])
    said += notebook.notes(tree, located.home, assignment, limits)
    taken = {entry.name for entry in (located.files | own).values()}
    texts = gather(tree, files, assignment, limits, taken=taken, home=located.home)
    return Submission(student, files, tuple(said), texts)


def _left_out(tree: Tree) -> Iterator[str]:
    """Sentences on names and folders that were left out unread."""
    if tree.outside:
        yield f"Names that lead out of the archive were left out: {listed(tree.outside)}."
    folders = [name for name in tree.skipped if not machine_made(name)]
    if folders:
        names = listed(f"{name}/" for name in folders)
        yield f"Hidden folders and folders of installed packages were left out: {names}."


def _hidden(tree: Tree, missing: Sequence[str]) -> Iterator[str]:
    """A sentence for each missing file that may lie in a skipped folder."""
    if not missing:
        return
    hidden = [left.name for left in tree.left()]
    for name in missing:
        found = [each for each in hidden if rank(each, name) == 0]
        if found:
            yield (
                f"{name} was found only in a folder that is left out ({listed(found)}). Hand it in "
                "from another folder."
            )


def _contents(
    tree: Tree, found: Mapping[str, Entry], limits: Limits
) -> tuple[dict[str, bytes], list[str]]:
    """The bytes of the files, and a sentence for each file that can't be read.

    Raises OSError if this machine is at fault: no student is then graded without the file.
    """
    wanted = {entry.name: name for name, entry in found.items()}
    files, notes = {}, []
    for entry in tree.entries:  # in their order: some archives are read from the beginning
        if entry.name in wanted:
            name = wanted[entry.name]
            try:
                files[name] = tree.read(entry, limits.source_bytes)
            except UnreadableError as error:
                notes.append(f"{name} was not read: {error}.")
    return {name: files[name] for name in found if name in files}, notes


def sources_of(assignment: Assignment, submission: Submission) -> dict[str, bytes]:
    """The sources for the worker: the provided modules and the submitted files.

    Files that every submission has come first. A file that was not handed in is replaced by one
    that raises an error on import, and the error says so.
    """
    given = {name: provided.content(assignment, name) for name in assignment.provided_modules}
    absent = {
        name: f"raise ModuleNotFoundError({f'{name} was not handed in, or not read'!r})\n".encode()
        for name in assignment.student_files
    }
    return {**absent, **given, **submission.files, **given}


def holds(path: Path, assignment: Assignment) -> bool:
    """Whether the folder ``path`` itself, not a folder below it, holds a student's file."""
    return any(os.path.lexists(path / name) for name in assignment.student_files)
