"""Reads the catalogue of known mistakes that lies beside an assignment's suites."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from kit.checks import mistakes
from kit.course import Assignment, CourseError, of_course
from kit.grading.diagnosis.names import names
from kit.provided import suites_importable

PLUMBING = {"kit/checks/mistakes.py": Path(mistakes.__file__).read_bytes()}
"""The files that a catalogue imports, by their names in a worker."""


@dataclass(frozen=True)
class Catalogue:
    """The known mistakes of an assignment; none if it has no mistakes.py.

    ``besides`` are the files that ``source`` may import, by their names in a worker. For each
    mistake's id, ``texts`` has the student's text, ``tasks`` the task, and ``changes`` the switches
    that turn the right code into it. ``functions`` are the names that students write, by module;
    ``opaque`` is, by function, the position of a returned value that is never compared; ``names``
    is what the solution calls the parameters and the values of its functions.
    """

    source: bytes = b""
    besides: Mapping[str, bytes] = field(default_factory=lambda: PLUMBING)
    texts: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    functions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    opaque: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def load(assignment: Assignment) -> Catalogue:
    """The catalogue of ``assignment``.

    Raises CourseError if it can't be loaded, lacks something or names an unknown task.
    """
    path = assignment.suites / "mistakes.py"
    if not path.is_file():
        return Catalogue()
    loaded = module(assignment)
    with of_course(path, "used"):
        return _catalogue(assignment, path, loaded)


def _catalogue(assignment: Assignment, path: Path, module: ModuleType) -> Catalogue:
    tasks = {mistake.id: mistake.task for mistake in module.MISTAKES}
    if len(tasks) != len(module.MISTAKES):
        raise CourseError(f"{path.name}: two mistakes have the same id.")
    assignment.require(set(tasks.values()))
    functions = defaultdict(list)
    for name in module.implementation({}):
        functions[name.partition(".")[0]].append(name.partition(".")[2])
    return Catalogue(
        path.read_bytes(),
        {**PLUMBING, **_earlier(assignment)},
        {mistake.id: mistake.text for mistake in module.MISTAKES},
        tasks,
        {mistake.id: mistake.changes for mistake in module.MISTAKES},
        functions,
        getattr(module, "OPAQUE", {}),
        names(path.read_text("utf-8") for path in assignment.written.values()),
    )


def _earlier(assignment: Assignment) -> dict[str, bytes]:
    """The catalogues of the assignments that this one builds on, as ``import`` finds them."""
    found = {each.name: each.suites / "mistakes.py" for each in assignment.chain}
    return {f"{n}/mistakes.py": path.read_bytes() for n, path in found.items() if path.is_file()}


def module(assignment: Assignment) -> ModuleType:
    """The mistakes.py of ``assignment``; raises CourseError if it can't be loaded."""
    path = assignment.suites / "mistakes.py"
    spec = importlib.util.spec_from_file_location(f"_mistakes_of_{assignment.name}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    with of_course(path), suites_importable(assignment):
        spec.loader.exec_module(loaded)
    return loaded
