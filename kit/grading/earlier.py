"""Lets a task be judged by itself where the earlier work that it calls is wrong.

An assignment's ``earlier.py`` says of a task on which earlier ones it builds (``EARLIER``), and has
right functions for those (``FUNCTIONS``). They run in the tester: in the worker stand functions of
the same names that ask for each value. So no solution is in a process that runs a submission, and
what a student gets wrong, known or not, costs its own task's points alone.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kit.course import Assignment, CourseError
from kit.skeleton import strip

MOST_VALUES = 256 * 1024
"""Of all arrays in one question. A check's layers have dozens."""


@dataclass(frozen=True)
class Earlier:
    """What an assignment's ``earlier.py`` says; nothing where it has none."""

    tasks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, Callable[..., Any]]] = field(default_factory=dict)

    def wrong(self, task: str, failed: Collection[str]) -> tuple[str, ...]:
        """The tasks on which ``task`` builds and that are among those ``failed``."""
        return tuple(each for each in self.tasks.get(task, ()) if each in failed)

    def answers(self, task: str) -> Answers:
        """The right functions for all that ``task`` builds on."""
        return Answers({k: v for each in self.tasks[task] for k, v in self.functions[each].items()})


class Answers:
    """Right functions by "module.name", called with what a student's process sends."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = functions

    def sources(self, assignment: Assignment, sources: Mapping[str, bytes]) -> dict[str, bytes]:
        """``sources`` with the modules of these functions replaced: skeletons that ask."""
        replaced = dict(sources)
        for path in assignment.student_files:
            module = PurePosixPath(path).stem
            names = [n.partition(".")[2] for n in self._functions if n.startswith(f"{module}.")]
            if names:
                skeleton = strip((assignment.solutions / path).read_text("utf-8"), path)
                asking = [f"{name} = asked({module + '.' + name!r})" for name in names]
                lines = ["from kit.sandbox.worker.asking import asked", *asking, ""]
                replaced[path] = "\n".join([skeleton, *lines]).encode()
        return replaced

    def __call__(self, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
        """The ``value`` of a function or, where it has none for these arguments, an ``error``."""
        try:
            if sum(_size(each) for each in arguments) > MOST_VALUES:
                raise ValueError("the arrays are too large")
            with np.errstate(all="ignore"):
                return {"value": self._functions[name](*arguments)}
        except Exception as error:  # of any kind: they are the student's arguments
            return {"error": f"{name.partition('.')[2]} can't take these arguments ({error})"[:500]}


def _size(value: Any) -> int:
    if isinstance(value, tuple | list):
        return sum(map(_size, value))
    return value.size if isinstance(value, np.ndarray) else 1


def load(assignment: Assignment) -> Earlier:
    """What the ``earlier.py`` beside the suites says; raises CourseError where it can't be used."""
    path = assignment.suites / "earlier.py"
    if not path.is_file():
        return Earlier()
    module = _module(path)
    found = Earlier(module.EARLIER, module.FUNCTIONS)
    assignment.require({*found.tasks, *found.functions})
    lacking = {each for some in found.tasks.values() for each in some} - found.functions.keys()
    if lacking:
        raise CourseError(f"{path.name}: FUNCTIONS has none for {', '.join(sorted(lacking))}.")
    return found


def _module(path: Path) -> Any:
    """The module in ``path``, which may import what lies beside it."""
    spec = importlib.util.spec_from_file_location(f"_earlier_of_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    beside = {each.stem: sys.modules.pop(each.stem, None) for each in path.parent.glob("*.py")}
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
        for name, other in beside.items():
            sys.modules.pop(name, None)
            if other is not None:
                sys.modules[name] = other
    return module
