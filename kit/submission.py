"""Takes what a student handed in: reads the graded files once, into memory, and nothing else.

A submission is data until a worker runs it. Symbolic links are never followed, and files that the
student was not asked to write are left where they are.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kit.course import Assignment
from kit.limits import Limits

IGNORED_FOLDERS = frozenset(
    "__pycache__ .git .ipynb_checkpoints .venv venv env node_modules site-packages __MACOSX".split()
)


class RejectedError(Exception):
    """There is nothing in it that could be graded; the text says what was looked for."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in: ``{"nndl/optim.py": b"..."}`` of the files a student writes.

    ``notes`` are sentences on what was found odd, for the student and the instructor.
    """

    student: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """A digest of the names and bytes of all graded files: same digest, same grade."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()


def read(path: Path, assignment: Assignment, student: str, limits: Limits) -> Submission:
    """The submission in the folder ``path`` or, where it lies deeper, in a folder below it.

    Raises RejectedError where none or more than one folder holds the student's files.
    """
    home = _home(path, assignment, limits)
    files, notes = {}, []
    for name in assignment.student_files:
        try:
            files[name] = _content(home, name, limits)
        except FileNotFoundError:
            notes.append(f"{name} is missing.")
        except RejectedError as error:
            notes.append(str(error))
    if not files:
        raise RejectedError(" ".join(notes))
    if home != path:
        notes.append(f"Your files were found in {home.relative_to(path)}/.")
    return Submission(student, files, tuple(notes))


def sources_of(assignment: Assignment, submission: Submission) -> dict[str, bytes]:
    """What the worker gets: the modules that we provide and the files that were handed in."""
    provided = {
        name: (assignment.source / name).read_bytes() for name in assignment.provided_modules
    }
    return {**submission.files, **provided}


def holds(path: Path, assignment: Assignment) -> bool:
    """Whether the folder ``path`` itself, and not one below it, holds a student's file."""
    return any(os.path.lexists(path / name) for name in assignment.student_files)


def _home(path: Path, assignment: Assignment, limits: Limits) -> Path:
    """The folder to which the names of the student's files are relative."""
    if holds(path, assignment):
        return path
    found = sorted(
        folder for folder in _folders(path, limits.submission_files) if holds(folder, assignment)
    )
    if not found:
        wanted = ", ".join(assignment.student_files)
        raise RejectedError(f"None of the files to hand in was found ({wanted}).")
    if len(found) > 1:
        names = ", ".join(f"{folder.relative_to(path)}/" for folder in found)
        raise RejectedError(
            f"More than one folder holds the files to hand in ({names}). Hand in just one."
        )
    return found[0]


def _folders(path: Path, limit: int) -> Iterator[Path]:
    """The folders below ``path``, links and other people's code left out."""
    waiting, seen = [path], 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > limit:
                    raise RejectedError(f"The folder holds more than {limit:,} files.")
                if entry.is_dir(follow_symlinks=False) and entry.name not in IGNORED_FOLDERS:
                    folder = Path(entry.path)
                    waiting.append(folder)
                    yield folder


def _content(home: Path, name: str, limits: Limits) -> bytes:
    """The bytes of one file, opened step by step so that no link is followed."""
    parts = PurePosixPath(name).parts
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        file = os.open(parts[-1], flags, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RejectedError(
            f"{name} was not read: it is a link, or lies behind one ({error.strerror})."
        ) from error
    finally:
        os.close(folder)
    with open(file, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise RejectedError(f"{name} was not read: it is not a regular file.")
        content = stream.read(limits.source_bytes + 1)
    if len(content) > limits.source_bytes:
        raise RejectedError(
            f"{name} was not read: it is larger than {limits.source_bytes:,} bytes."
        )
    return content
