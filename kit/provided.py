"""Reads what an assignment gives to its students, and loads Python files of it.

They are the course's own code, so they may run in any process.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from kit.course import Assignment, files_below, of_course, read_text
from kit.skeleton import solved, strip


def content(assignment: Assignment, name: str) -> bytes:
    """The file ``name`` as students are given it.

    Solved code of an earlier assignment has no marks around the answers.
    """
    path = assignment.given[name]
    early = next((each for each in assignment.chain if path.is_relative_to(each.solutions)), None)
    if early is None or not name.endswith(".py"):
        return path.read_bytes()
    return solved(read_text(path), f"solutions/{early.name}/{name}").encode()


def for_grading(assignment: Assignment) -> dict[Path, bytes]:
    """The files of the course that grading ``assignment`` needs, where they lie, without solutions.

    Of the files that students write there are the skeletons; of an assignment that this one builds
    on there is no notebook but an empty one.
    """
    files: dict[Path, bytes] = {}
    for each in (*reversed(assignment.chain), assignment):
        suites = [each.suites / name for name in files_below(each.suites)]
        files |= {p: strip(read_text(p), name).encode() for name, p in each.written.items()}
        files |= {path: path.read_bytes() for path in (*each.given.values(), *suites)}
        if each != assignment:
            files[each.notebook] = each.stub
    return files


def load_provided(assignment: Assignment, name: str) -> ModuleType:
    """Import the given module ``name`` (dotted), under a name that collides with no other.

    Raises CourseError if the file can't be loaded, ModuleNotFoundError if it does not exist.
    """
    file = f"{name.replace('.', '/')}.py"
    path = assignment.given.get(file, assignment.source / file)
    unique = f"_provided_{assignment.name}.{name}"
    known = sys.modules.get(unique)
    if known is not None and known.__file__ == str(path):
        return known
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ModuleNotFoundError(f"source/{assignment.name} has no module {name}.")
    module = sys.modules[unique] = importlib.util.module_from_spec(spec)
    try:
        with of_course(path):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[unique]  # nobody may find a module that is only half loaded
        raise
    return module


@contextmanager
def suites_importable(assignment: Assignment) -> Iterator[None]:
    """Let ``import <assignment>.oracle`` find what lies beside the suites, by assignment.

    So it is for ``assignment`` and those that it builds on.
    """
    packages = {each.name: each.suites for each in (assignment, *assignment.chain)}
    hidden = {each: sys.modules.pop(each) for each in [*sys.modules] if _top(each) in packages}
    for name, folder in packages.items():
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(folder)]
    try:
        yield
    finally:
        for each in [each for each in sys.modules if _top(each) in packages]:
            del sys.modules[each]
        sys.modules.update(hidden)


def load_beside(folder: Path, name: str) -> ModuleType:
    """Import the module ``name`` (dotted) of ``folder``, which may import what lies beside it.

    Nothing of it stays importable, and nothing is written into the folder. Raises CourseError where
    it can't be loaded.
    """
    there = {path.stem for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}
    hidden = {each: sys.modules.pop(each) for each in [*sys.modules] if _top(each) in there}
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        with of_course(folder.joinpath(*name.split(".")).with_suffix(".py")):
            return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes
        for each in [each for each in sys.modules if _top(each) in there]:
            del sys.modules[each]
        sys.modules.update(hidden)


def _top(name: str) -> str:
    return name.partition(".")[0]
