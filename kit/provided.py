"""Loads a Python file that an assignment gives to its students.

The file is the course's own code, so it may run in any process.
"""

from __future__ import annotations

import importlib.util
import sys
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
