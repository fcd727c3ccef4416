"""Finds a student's files in a submission, even if their place or name is not quite right.

The search takes the first of these that succeeds: the files under their right names, in the folder
itself or below it; a folder whose name resembles the package; the files anywhere. An ambiguous case
is never guessed: the message names the candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

from kit.intake.tree import Entry, RejectedError

FEW = 5
"""The most names in one message."""


class NothingFoundError(RejectedError):
    """The submission holds none of the files."""


@dataclass
class Located:
    """The entries of the files to hand in, by the names that they should have.

    ``home`` is the folder to which those names are relative, if there is one. ``notes`` name the
    files that are missing or misplaced.
    """

    home: str = ""
    files: dict[str, Entry] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def locate(entries: Iterable[Entry], wanted: Sequence[str]) -> Located:
    """Find ``wanted`` (POSIX paths) among ``entries``.

    Raises NothingFoundError if there are none, RejectedError if two folders hold the files.
    """
    by_name = {entry.name: entry for entry in entries}
    stems = [PurePosixPath(name).stem.casefold() for name in wanted]
    likely = [
        entry for name, entry in by_name.items() if any(map(name.casefold().__contains__, stems))
    ]
    spelled = {
        name: [entry for entry in likely if rank(entry.name, name) is not None] for name in wanted
    }
    if not any(spelled.values()):
        raise NothingFoundError(
            f"None of the files to hand in was found ({', '.join(wanted)}).{_odd(by_name)}"
        )
    located = Located()
    places = _places(by_name, spelled, located)
    for name, candidates in spelled.items():
        _take(name, places.get(name), candidates, located)
    if not located.files:
        _only(set(_folders(spelled)))
        raise RejectedError(" ".join(located.notes))
    return located


def rank(name: str, wanted: str) -> int | None:
    """How far the last part of ``name`` is from that of ``wanted``.

    0: equal. 1: another case, or ``losses.py.txt``. 2: the name that a browser or file manager
    gives to a second copy: ``losses (1).py``, ``losses-1.py``, ``losses 2.py``, ``Copy of
    losses.py``. None: another name.
    """
    found, right = name.rpartition("/")[2], wanted.rpartition("/")[2]
    if found == right:
        return 0
    match = _spellings(right).fullmatch(found)
    if match is None:
        return None
    return 2 if match["before"] or match["after"] else 1


@cache
def _spellings(name: str) -> re.Pattern[str]:
    stem, suffix = re.escape(PurePosixPath(name).stem), re.escape(PurePosixPath(name).suffix)
    after = r" ?\(\d{1,3}\)|[- ]\d{1,3}| ?-? copy(?: ?\(?\d{1,3}\)?)?"
    return re.compile(
        rf"(?P<before>copy of )?{stem}(?P<after>{after})?{suffix}(?:\.txt)?", re.IGNORECASE
    )


def resembles(folder: str, wanted: Sequence[str]) -> bool:
    """Whether ``folder`` has nearly the name of the one folder in which all ``wanted`` belong."""
    packages = {str(PurePosixPath(name).parent) for name in wanted}
    return (
        len(packages) == 1
        and packages != {"."}
        and packages.pop().lower() in folder.rpartition("/")[2].lower()
    )


def _places(
    by_name: Mapping[str, Entry], spelled: Mapping[str, list[Entry]], located: Located
) -> dict[str, str]:
    """The folder in which each file should lie; empty if the files may lie anywhere.

    Raises RejectedError if two folders qualify.
    """
    homes = {
        entry.name[: -len(name)].rstrip("/")
        for name, entries in spelled.items()
        for entry in entries
        if f"/{entry.name}".endswith(f"/{name}")
    }
    if "" in homes and len(homes) > 1:
        copies = listed(f"{home}/" for home in homes - {""})
        located.notes.append(f"The copies in {copies} were left out.")
        homes = {""}
    if homes:
        located.home = _only(homes)
        if located.home:
            located.notes.append(f"Your files were found in {located.home}/.")
        return {name: _parent(_join(located.home, name)) for name in spelled}
    alike = {folder for folder in _folders(spelled) if resembles(folder, list(spelled))}
    if not alike:
        return {}
    folder = _only(alike)
    located.home = _parent(folder)
    right = _parent(next(iter(spelled)))
    if folder != right:
        located.notes.append(f"Your files were found in {folder}/ and not in {right}/.")
    return dict.fromkeys(spelled, folder)


def _take(name: str, place: str | None, candidates: list[Entry], located: Located) -> None:
    """Choose the file for ``name`` among ``candidates``, or note why there is none."""
    inside = [entry for entry in candidates if _parent(entry.name) == place]
    nearest = inside or candidates
    best = min((rank(entry.name, name) or 0 for entry in nearest), default=0)
    chosen = [entry for entry in nearest if (rank(entry.name, name) or 0) == best]
    if not chosen:
        located.notes.append(f"{name} is missing.")
        return
    if len(chosen) > 1:
        names = listed(entry.name for entry in chosen)
        located.notes.append(
            f"{name} is missing, and several files could be it: {names}. Hand in just one."
        )
        return
    located.files[name] = chosen[0]
    if not inside or best:
        located.notes.append(f"{name} was taken from {chosen[0].name}.")
    left = [entry.name for entry in inside if entry is not chosen[0]]
    if left:
        located.notes.append(f"{listed(left)} was left out: {chosen[0].name} was graded.")


def _only(folders: set[str]) -> str:
    if len(folders) > 1:
        names = listed(f"{folder}/" for folder in folders)
        raise RejectedError(
            f"More than one folder holds the files to hand in ({names}). Hand in just one."
        )
    return next(iter(folders))


def _odd(by_name: Mapping[str, Entry]) -> str:
    """Sentences on files that were not read, which may be why nothing was found."""
    reasons = [
        f"{entry.name} was not read: {entry.refused}."
        for entry in by_name.values()
        if entry.refused
    ]
    return "".join(f" {reason}" for reason in reasons[:FEW])


def _folders(spelled: Mapping[str, Iterable[Entry]]) -> list[str]:
    return sorted({_parent(entry.name) for entries in spelled.values() for entry in entries})


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def listed(names: Iterable[str]) -> str:
    """The first FEW of ``names``, and the number of the others."""
    every = sorted(names)
    more = f" and {len(every) - FEW} more" if len(every) > FEW else ""
    return ", ".join(every[:FEW]) + more
