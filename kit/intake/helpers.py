"""Finds helper modules: modules that a student added, so that the requested files can import them.

Helpers are the Python files below the folders in which the student writes, if their names can be
imported. They run as the student's code in the student's worker. They never replace a provided or
requested file of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from kit.course import Assignment
from kit.intake.locate import FEW, rank
from kit.intake.tree import Entry
from kit.limits import Limits


def find(
    entries: Sequence[Entry], located: Mapping[str, Entry], assignment: Assignment, limits: Limits
) -> tuple[dict[str, Entry], list[str]]:
    """The helpers among ``entries``, by path for import, and a sentence if some are left out.

    ``located`` has the entries of the files to hand in, by the names that they should have. Helpers
    nearest to these files come first.
    """
    ours = {*assignment.student_files, *assignment.provided_modules}
    found: dict[str, Entry] = {}
    left_out, room = [], limits.helper_bytes
    for name, entry in _candidates(entries, located):
        if name in found or name in ours or any(_is_copy(name, each) for each in ours):
            continue
        if len(found) == limits.helper_files or entry.size > room:
            left_out.append(name)
            continue
        found[name] = entry
        room -= entry.size
    if not left_out:
        return found, []
    names = ", ".join(left_out[:FEW])
    more = f" and {len(left_out) - FEW} more" if len(left_out) > FEW else ""
    return found, [
        f"Some modules that you added were left out: {names}{more}. At most {limits.helper_files} "
        f"are taken, of {limits.helper_bytes:,} bytes together."
    ]


def _candidates(
    entries: Sequence[Entry], located: Mapping[str, Entry]
) -> Iterator[tuple[str, Entry]]:
    """Every module below the folders of the files to hand in, the nearest first."""
    places = {
        (_folder(entry.name), _folder(name)): _is_in_place(entry.name, name)
        for name, entry in located.items()
    }
    graded = {entry.name for entry in located.values()}
    others = [entry for entry in entries if entry.name not in graded]
    for entry in sorted(others, key=lambda entry: (entry.name.count("/"), entry.name)):
        for (folder, right), in_place in places.items():
            inner = _below(entry.name, folder)
            if inner and (in_place or "/" not in inner) and _is_module(inner):
                yield f"{right}/{inner}".lstrip("/"), entry


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _below(name: str, folder: str) -> str | None:
    """``name`` relative to ``folder``; None if it is not in ``folder``."""
    if not folder:
        return name
    return name[len(folder) + 1 :] if name.startswith(f"{folder}/") else None


def _is_in_place(found: str, right: str) -> bool:
    """Whether a file lies in a folder of the right name, which makes all below it the student's."""
    folders = _folder(right)
    return f"/{_folder(found)}".endswith(f"/{folders}") if folders else "/" not in found


def _is_module(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".py" and all(part.isidentifier() for part in path.with_suffix("").parts)


def _is_copy(name: str, asked: str) -> bool:
    """Whether ``name`` is another spelling of a requested file, such as ``Losses.py``."""
    return _folder(name) == _folder(asked) and rank(name, asked) is not None
