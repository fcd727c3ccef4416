"""Finds a student's files among what was handed in, where their place or name is not quite right.

What was asked for comes first: the files by their right names, in the folder itself or below it.
Else a folder that is called nearly like the package, else the files wherever they are. Whatever is
not unambiguous is not guessed: the message names what there is to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

from kit.intake.tree import Entry, RejectedError

FEW = 5
"""So many names stand in a message."""


class NothingFoundError(RejectedError):
    """None of the files is there."""


@dataclass
class Located:
    """The entries of the files to hand in, by the names that they should have.

    ``home`` is the folder to which those names are relative, if there is one. ``notes`` say what is
    missing and what was not where it belongs.
    """

    home: str = ""
    files: dict[str, Entry] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def locate(entries: Iterable[Entry], wanted: Sequence[str]) -> Located:
    """Find ``wanted`` (POSIX paths) among ``entries``.

    Raises NothingFoundError, or RejectedError where two folders hold the files.
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
    """How far the last part of ``name`` is from that of ``wanted``: 0 equal, None another name.

    1 is another case or ``losses.py.txt``; 2 what browsers and file managers make of a second copy:
    ``losses (1).py``, ``losses-1.py``, ``losses 2.py``, ``Copy of losses.py``.
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
    """Whether ``folder`` is called nearly like the one folder in which all of ``wanted`` belong."""
    packages = {str(PurePosixPath(name).parent) for name in wanted}
    return (
        len(packages) == 1
        and packages != {"."}
        and packages.pop().lower() in folder.rpartition("/")[2].lower()
    )


def _places(
    by_name: Mapping[str, Entry], spelled: Mapping[str, list[Entry]], located: Located
) -> dict[str, str]:
    """The folder in which each file should lie; empty where they lie anywhere.

    Raises RejectedError where there are two.
    """
    homes = {
        entry.name[: -len(name)].rstrip("/")
        for name, entries in spelled.items()
        for entry in entries
        if f"/{entry.name}".endswith(f"/{name}")
    }
    if "" in homes and len(homes) > 1:
        copies = listed(f"{home}/" for home in homes - {""})
        located.notes.append(f"What lies in {copies} was left out.")
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
    """Choose the one that is meant among ``candidates`` for ``name``, or note why there is none."""
    inside = [entry for entry in candidates if _parent(entry.name) == place]
    nearest = inside or candidates
    best = min((rank(entry.name, name) or 0 for entry in nearest), default=0)
    chosen = [entry for entry in nearest if (rank(entry.name, name) or 0) == best]
    if not chosen:
        located.notes.append(f"{name} is missing.")
        return
    if len(chosen) > 1:
        names = listed(entry.name for entry in chosen)
        located.notes.append(f"{name} is missing, and which file is it: {names}? Hand in just one.")
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
    """A sentence on what may be the reason that nothing was found."""
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
    """A few of ``names``, and how many more there are."""
    every = sorted(names)
    more = f" and {len(every) - FEW} more" if len(every) > FEW else ""
    return ", ".join(every[:FEW]) + more
