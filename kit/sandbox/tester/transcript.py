"""Records the calls that the checks of a task made to a submission, and the answers.

A transcript is plain data: ``kit.grading.diagnosis`` replays it on known mistakes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from kit.sandbox.faults import StudentFault

OBJECT = "<an object>"
"""Stands for an object that stayed in the worker."""
MOST_BYTES = 4 * 1024 * 1024
"""The most bytes of one task. The calls and answers of honest code take a hundredth of it."""


class Transcript:
    """The calls by task and check, in the order in which they were made.

    A call is a dict with these keys:

    - ``kind``: call, get, set, place or fetch.
    - ``function``: the called function, "module.name"; or ``object`` and ``attribute``: an
      attribute of the value that call number ``object`` returned.
    - ``given``: the arguments, each a list: "value" and the value; "object" or "opaque" and the
      number of the call that returned it; or "item", that number and the item's place.
    - ``names``: the names of the last arguments.
    - ``value``: the returned value; or ``raised``: the exception's type and message, "" if the call
      gave no answer at all.
    - ``other``: whether the function belongs to another task. Its value is not compared, because it
      may be wrong for reasons of its own; a part of it that is passed on is an item.

    After a call that was given a placed value, a fetch of that value is recorded, whether the check
    asks for it or not. So what a call leaves in a dict or an array is compared as well.

    Only calls of ``tasks`` are recorded, and none of a task
    that takes more than MOST_BYTES. ``opaque`` gives, for some functions, the position of a
    returned value that only the student's own code reads.
    """

    def __init__(
        self, tasks: Collection[str] = (), opaque: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.calls: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(dict)
        self._tasks = frozenset(tasks)
        self._opaque = opaque
        self._task: str | None = None
        self._made: list[dict[str, Any]] = []
        self._bytes: Counter[str] = Counter()
        self._objects: dict[object, int] = {}
        self._passed_on: list[tuple[object, list[Any]]] = []

    @property
    def remembers(self) -> bool:
        """Whether calls are remembered now."""
        return self._task is not None

    def begin(self, task: str, check: str) -> None:
        """Begin to record ``check`` of ``task``."""
        self._task = task if task in self._tasks and self._bytes[task] <= MOST_BYTES else None
        self._made = []
        if self._task is not None:
            self.calls[task][check] = self._made
        self._objects.clear()
        self._passed_on.clear()

    def note(
        self, kind: str, target: object, name: str, given: list[Any], names: list[str]
    ) -> dict[str, Any] | None:
        """Begin to record a call; ``target`` is a module's name or an object's handle."""
        if self._task is None:
            return None
        call = {
            "kind": kind,
            "other": name in self._tasks and name != self._task,
            "function": f"{target.rpartition('.')[2]}.{name}"
            if kind == "call" and isinstance(target, str)
            else "",
            "object": -1 if isinstance(target, str) else self._objects.get(target, -1),
            "attribute": name,
            "given": [self._given(value) for value in given],
            "names": names,
            "raised": "",
            "value": None,
        }
        self._made.append(call)
        return call

    def answered(self, call: dict[str, Any] | None, value: Any, size: int) -> None:
        """Record the value that a call returned; ``size`` is the bytes of call and value together.

        Drops the task's record if that is too much.
        """
        if call is None or self._task is None:
            return
        self._bytes[self._task] += size
        if self._bytes[self._task] > MOST_BYTES:
            del self.calls[self._task]
            self._task = None
            return
        number = len(self._made) - 1
        hidden = self._opaque.get(call["function"])
        if hidden is not None and isinstance(value, tuple) and len(value) > hidden:
            self._passed_on.append((value[hidden], ["opaque", number]))
            value = (*value[:hidden], None, *value[hidden + 1 :])
        if call["other"]:
            items = value if isinstance(value, tuple) else ()
            self._passed_on += [(item, ["item", number, i]) for i, item in enumerate(items)]
            value = None
        if (handle := getattr(value, "handle", None)) is not None:
            self._objects[handle] = number
        del call["raised"]
        call["value"] = plain(value)

    @staticmethod
    def failed(call: dict[str, Any] | None, fault: StudentFault) -> None:
        """Record that a call gave no answer, and the exception if it raised one."""
        if call is not None and fault.error is not None:
            call["raised"] = f"{fault.error['type']}: {fault.error['message']}"

    def _given(self, value: Any) -> list[Any]:
        for known, where in self._passed_on:
            if value is known:
                return where
        handle = getattr(value, "handle", None)
        if handle is not None:
            return ["object", self._objects.get(handle, -1)]
        return ["value", plain(value)]


def plain(value: Any) -> Any:
    """A copy of ``value`` that nobody else can change, without objects of the worker."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is np.ndarray:
        return value.copy()
    if kind is dict:
        return {key: item if type(item) in _PLAIN else plain(item) for key, item in value.items()}
    if kind is list:
        return [plain(item) for item in value]
    if kind is tuple:
        return tuple([plain(item) for item in value])
    return OBJECT if hasattr(value, "handle") else value


_PLAIN = frozenset({type(None), bool, int, float, str})
