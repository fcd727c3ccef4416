"""A submission as a suite sees it: remote calls that read like ordinary ones.

``loss, gradient = student.losses.squared_error(prediction, target)`` runs the student's function in
the worker and brings back its value; see ``kit.sandbox.tester.calls``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from kit.sandbox import wire
from kit.sandbox.faults import KitFault
from kit.sandbox.tester.calls import Call, Calls, Function
from kit.sandbox.tester.session import Session


class Student:
    """A submission as a suite uses it: its modules are attributes, by their last name."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._calls = Calls(session)
        self._modules = module_names(session.sources)

    def __getattr__(self, name: str) -> Module:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._modules:
            raise KitFault(f"The assignment has no module {name!r}.")
        return Module(self._calls, self._modules[name])

    def begin(self, task: str, check: str) -> None:
        """Begin ``check`` of ``task``: its calls get a budget of their own."""
        self._session.begin()
        self._session.transcript.begin(task, check)

    def called(self) -> str:
        """A short text: where the submission defines the functions that this check called."""
        return self._session.called()

    def together(self) -> AbstractContextManager[None]:
        """Make the calls of the block together when it ends; until then each gives a ``Later``.

        For a check with several calls this is many times as fast as one call after another:

            with student.together():
                first = student.steps.step(x, {})
                second = student.steps.step(first[0], first[1])
            x, state = second.value

        A later call gets the very objects that an earlier one returned, not copies. All calls are
        made. Look at their values in order, so that the student reads about the first wrong one.
        The arguments are copied when the block ends.
        """
        return self._calls.together()

    def place(self, value: Any) -> Any:
        """Put a copy of ``value`` where the submission runs, and return a handle for calls.

        Every call gets the same object in its current state. So the values of the next call show
        what a call did to its arguments. ``fetch`` brings a copy back:

            state = student.place({"mode": "train"})
            student.means.center(x, state)
            running_mean = expect.entry(state.fetch(), "mean")
        """
        return self._calls.add(Call("place", "", "", "keeping an argument", [value], []))

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Let each call in the block take up to ``seconds``; see ``kit.limits``."""
        before, self._session.call_seconds = self._session.call_seconds, seconds
        try:
            yield
        finally:
            self._session.call_seconds = before

    @staticmethod
    def mapped(array: np.ndarray) -> wire.Mapped:
        """Make an argument of ``array`` that isn't copied; it must be (a view of) a mapped file.

        The worker gets it read-only. Raises KitFault if ``array`` is not a contiguous map.
        """
        owner: Any = array
        while owner is not None and not isinstance(owner, np.memmap):
            owner = owner.base
        while isinstance(owner, np.memmap) and isinstance(owner.base, np.memmap):
            owner = owner.base
        if owner is None or not array.flags.c_contiguous:
            raise KitFault("Only a contiguous array that is mapped from a file can be shared.")
        skipped = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        return wire.Mapped(
            str(owner.filename), array.dtype.name, array.shape, int(owner.offset) + skipped
        )


class Module:
    """A module of the submission; its functions and classes are attributes."""

    def __init__(self, calls: Calls, name: str) -> None:
        self._calls = calls
        self._name = name

    def __getattr__(self, name: str) -> Function:
        return Function(self._calls, self._name, name, f"your `{name}`")


def module_names(sources: Any) -> dict[str, str]:
    """``{"losses": "nndl.losses", ...}`` for the modules among ``sources``.

    If two have the same last name, the first counts. A student's own modules come last.
    """
    paths = [PurePosixPath(name) for name in reversed(list(sources)) if name.endswith(".py")]
    return {
        path.stem: ".".join(path.with_suffix("").parts) for path in paths if path.stem != "__init__"
    }
