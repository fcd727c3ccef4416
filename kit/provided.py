"""Loads a Python file that an assignment gives to its students.

The file is the course's own code, so it may run in any process.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from kit.course import Assignment, of_course


def load_provided(assignment: Assignment, name: str) -> ModuleType:
    """Import ``source/<assignment>/<name>`` (dotted) under a module name of its own.

    Raises CourseError if the file can't be loaded, ModuleNotFoundError if it does not exist.
    """
    path = assignment.source.joinpath(*name.split(".")).with_suffix(".py")
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
