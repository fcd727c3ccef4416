"""Lets a task be judged by itself where the earlier work that it calls is wrong.

An assignment's ``earlier.py`` says of a task on which earlier ones it builds (``EARLIER``), and has
right functions for those (``FUNCTIONS``). They run in the tester: in the worker stand functions of
the same names that ask for each value; what a right function puts into a dict that it is given
arrives there, too. So no solution is in a process that runs a submission, and
what a student gets wrong, known or not, costs its own task's points alone.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kit.course import Assignment, CourseError
from kit.provided import suites_importable
from kit.skeleton import strip

MOST_VALUES = 256 * 1024
"""Of all arrays in one question. A check's layers have dozens."""


@dataclass(frozen=True)
class Earlier:
    """What an assignment's ``earlier.py`` says; nothing where it has none."""

    tasks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, Callable[..., Any]]] = field(default_factory=dict)
    brought: frozenset[str] = frozenset()
    """Tasks of an earlier assignment whose code students bring: nobody has judged that here."""
    home: str = ""
    """The name of that assignment."""

    def wrong(self, task: str, failed: Collection[str]) -> tuple[str, ...]:
        """What may be wrong of what ``task`` builds on.

        That are the tasks among those ``failed`` and, where students bring code of an earlier
        assignment on which it builds, the name of that.
        """
        builds_on = self.tasks.get(task, ())
        found = dict.fromkeys(each for each in builds_on if each in failed)
        home = [self.home] if self.brought.intersection(builds_on) else []
        return (*found, *home)

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
                skeleton = strip(assignment.written[path].read_text("utf-8"), path)
                asking = [f"{name} = asked({module + '.' + name!r}, {name})" for name in names]
                lines = ["from kit.sandbox.worker.asking import asked", *asking, ""]
                replaced[path] = "\n".join([skeleton, *lines]).encode()
        return replaced

    def __call__(self, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
        """The ``value`` of a function or, where it has none for these arguments, an ``error``.

        ``left`` are the dicts among the arguments in which it has put something, by their number.
        """
        try:
            if sum(_size(each) for each in arguments) > MOST_VALUES:
                raise ValueError("the arrays are too large")
            before = {n: dict(each) for n, each in enumerate(arguments) if isinstance(each, dict)}
            with np.errstate(all="ignore"):
                value = self._functions[name](*arguments)
            left = [[n, arguments[n]] for n, was in before.items() if _changed(was, arguments[n])]
            return {"value": value, "left": left}
        except Exception as error:  # of any kind: they are the student's arguments
            return {"error": f"{name.partition('.')[2]} can't take these arguments ({error})"[:500]}


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return before.keys() != now.keys() or any(now[key] is not before[key] for key in now)


def _size(value: Any) -> int:
    if isinstance(value, tuple | list):
        return sum(map(_size, value))
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return value.size if isinstance(value, np.ndarray) else 1


def load(assignment: Assignment) -> Earlier:
    """What the ``earlier.py`` beside the suites says; raises CourseError where it can't be used."""
    path = assignment.suites / "earlier.py"
    if not path.is_file():
        return Earlier()
    with suites_importable(assignment):
        module = _module(path)
    automatic = {task.id for task in assignment.tasks if not task.manual}
    brought: frozenset[str] = frozenset()
    if assignment.builds_on is not None:
        brought = frozenset(module.FUNCTIONS.keys() - automatic)
    found = Earlier(
        module.EARLIER,
        module.FUNCTIONS,
        brought if assignment.builds_on and assignment.builds_on.written else frozenset(),
        assignment.builds_on.earlier.name if assignment.builds_on else "",
    )
    assignment.require({*found.tasks, *found.functions} - brought)
    lacking = {each for some in found.tasks.values() for each in some} - found.functions.keys()
    if lacking:
        raise CourseError(f"{path.name}: FUNCTIONS has none for {', '.join(sorted(lacking))}.")
    return found


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"_earlier_of_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
