"""What decides a grade besides the submission, so that two runs or machines can compare it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import kit
from kit.course import Assignment, files_below


@cache
def of_kit() -> dict[str, str]:
    """The versions of kit, Python and NumPy."""
    from importlib.metadata import version  # noqa: PLC0415 - slow, and already loaded where results are written

    return {
        "kit": version("nndl-kit"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
    }


def versions(assignment: Assignment) -> dict[str, str]:
    """The versions of kit, Python and NumPy, and ``course``, a digest; see ``course_version``."""
    return {**of_kit(), "course": course_version(assignment)}


@lru_cache(maxsize=8)
def course_version(assignment: Assignment) -> str:
    """A digest of what decides a grade besides the submission: suites, given files, the kit."""
    suites = [each.suites for each in (assignment, *assignment.chain)]
    return _digest(assignment.given, *map(_below, suites), seed=_KIT)[:16]


def _below(folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in files_below(folder)}


def _digest(*rooms: Mapping[str, Path], seed: str = "") -> str:
    digest = hashlib.sha256(seed.encode())
    for room in rooms:
        for name, path in room.items():
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


_KIT = _digest(_below(Path(kit.__file__).parent))
"""Taken on import: a long-lived process must not vouch for code that replaced its own."""
