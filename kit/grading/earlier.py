"""Judges a task by itself, even if the earlier work that it calls is wrong.

An assignment's ``earlier.py`` says on which earlier tasks a task builds (``EARLIER``), and has
right functions for those (``FUNCTIONS``). They run in the tester. The worker holds functions of the
same names, which ask the tester for each value; entries that a right function puts into a dict
argument arrive there, too. So no solution is in a process that runs a submission, and a student's
error costs only the points of its own task.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from kit.course import Assignment, CourseError
from kit.provided import load_beside, suites_importable
from kit.skeleton import strip

MOST_VALUES = 256 * 1024
"""The most numbers in one question. The layers of a check have dozens."""


@dataclass(frozen=True)
class Earlier:
    """The contents of an assignment's ``earlier.py``; empty if it has none."""

    tasks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, Callable[..., Any]]] = field(default_factory=dict)
    brought: frozenset[str] = frozenset()
    """Tasks of an earlier assignment whose code students bring. It is not judged here."""
    home: str = ""
    """The name of that assignment."""

    def wrong(self, task: str, failed: Collection[str]) -> tuple[str, ...]:
        """What may be wrong among the things that ``task`` builds on.

        These are tasks among the ``failed`` ones. If ``task`` builds on code of an earlier
        assignment that students bring, the name of that assignment comes last.
        """
        builds_on = self.tasks.get(task, ())
        found = dict.fromkeys(each for each in builds_on if each in failed)
        home = [self.home] if self.brought.intersection(builds_on) else []
        return (*found, *home)

    def answers(self, task: str) -> Answers:
        """Right functions for everything that ``task`` builds on."""
        return Answers({k: v for each in self.tasks[task] for k, v in self.functions[each].items()})


class Answers:
    """Right functions by "module.name", called with arguments from a student's process."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = functions

    def sources(self, assignment: Assignment, sources: Mapping[str, bytes]) -> dict[str, bytes]:
        """``sources`` with asking skeletons in place of the modules of these functions."""
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
        """The ``value`` of a function, or an ``error`` if it has none for these arguments.

        ``left`` are the dict arguments that the function changed, with their positions.
        """
        try:
            if sum(_size(each) for each in arguments) > MOST_VALUES:
                raise ValueError("the arrays are too large")
            before = {n: dict(each) for n, each in enumerate(arguments) if isinstance(each, dict)}
            with np.errstate(all="ignore"):
                value = self._functions[name](*arguments)
            left = [[n, arguments[n]] for n, was in before.items() if _changed(was, arguments[n])]
            return {"value": value, "left": left}
        except Exception as error:  # of any kind, because the arguments are the student's
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
    """Read the ``earlier.py`` beside the suites; raises CourseError if it can't be used."""
    path = assignment.suites / "earlier.py"
    if not path.is_file():
        return Earlier()
    with suites_importable(assignment):
        module = load_beside(assignment.suites, path.stem)
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
