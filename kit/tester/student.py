"""What a suite sees of a submission: remote calls that read like ordinary ones.

``next_w, config = student.optim.adam(w, dw, config)`` sends the arguments to the worker, runs the
student's function there, and brings back its value. What the function left in arrays, lists and
dicts that it was given is copied back into them, so a suite can look at them as if the call had
been a local one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from kit import wire
from kit.tester.faults import KitFault, StudentFault
from kit.tester.process import capital
from kit.tester.session import Handle, Session


class Student:
    """A submission as a suite uses it: its modules are attributes, by their last name."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._modules = _module_names(session.sources)

    def __getattr__(self, name: str) -> Module:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._modules:
            raise KitFault(f"The assignment has no module {name!r}.")
        return Module(self._session, self._modules[name])

    def begin(self, task: str) -> None:
        """Say that the checks of ``task`` are what is run now."""
        self._session.transcript.begin(task)

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Let each call in the block take up to ``seconds`` of the wall clock."""
        before, self._session.call_seconds = self._session.call_seconds, seconds
        try:
            yield
        finally:
            self._session.call_seconds = before

    @staticmethod
    def mapped(array: np.ndarray) -> wire.Mapped:
        """``array``, which is a map of a file (or a view of one), as an argument that isn't copied.

        The worker gets it read-only. Raises KitFault where it is no contiguous map.
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

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    def __getattr__(self, name: str) -> Function:
        return Function(self._session, self._name, name, f"your `{name}`")


class Object:
    """An object that stays in the worker: call its methods, ``get`` and ``set`` its attributes."""

    def __init__(self, session: Session, handle: Handle) -> None:
        self._session = session
        self.handle = handle

    def __getattr__(self, name: str) -> Function:
        if name.startswith("__"):
            raise AttributeError(name)
        what = f"`{name}` of your {self.handle.type_name}"
        return Function(self._session, self, name, what)

    def get(self, name: str) -> Any:
        """The value of the attribute ``name``."""
        what = f"reading `{name}` of your {self.handle.type_name}"
        call = self._session.transcript.note("get", self.handle, name, [], [])
        value = self._session.request(
            what, _handle, _revived(self._session), target=self, operation="get", name=name
        )
        self._session.transcript.answered(call, value, [])
        return value

    def set(self, name: str, value: Any) -> None:
        """Give the attribute ``name`` a value."""
        what = f"setting `{name}` of your {self.handle.type_name}"
        call = self._session.transcript.note("set", self.handle, name, [value], [])
        self._session.request(
            what,
            _handle,
            _revived(self._session),
            target=self,
            operation="set",
            name=name,
            value=value,
        )
        self._session.transcript.answered(call, None, [value])

    def __repr__(self) -> str:
        return f"an object of type {self.handle.type_name}"


class Function:
    """Something in the worker that can be called."""

    def __init__(self, session: Session, target: str | Object, name: str, what: str) -> None:
        self._session = session
        self._target = target
        self._name = name
        self._what = what

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it there, and copy back what the call left in its arguments.

        An argument that holds mapped arrays is not copied back: they can't have changed.
        """
        given = [*arguments, *named.values()]
        transcript = self._session.transcript
        target = getattr(self._target, "handle", self._target)
        call = transcript.note("call", target, self._name, given, list(named))
        try:
            value = self._ask(given, list(named))
        except StudentFault as fault:
            transcript.failed(call, fault)
            raise
        transcript.answered(call, value, given)
        return value

    def _ask(self, given: list[Any], names: list[str]) -> Any:
        reply = self._session.request(
            self._what,
            _handle,
            _revived(self._session, given),
            target=self._target,
            operation="call",
            name=self._name,
            arguments=given,
            names=names,
            back=[_may_change(argument) for argument in given],
        )
        left = reply.get("left") if isinstance(reply, dict) else None
        if not isinstance(left, list) or len(left) != len(given) or "value" not in reply:
            raise StudentFault(f"{capital(self._what)} sent a malformed reply.")
        for before, after in zip(given, left, strict=True):
            self._restore(before, after)
        return reply["value"]

    def _restore(self, before: Any, after: Any) -> None:
        """Put into the argument ``before`` what the call left in it."""
        if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
            if before.shape != after.shape or before.dtype != after.dtype:
                raise StudentFault(f"{capital(self._what)} reshaped an array that it was given.")
            if before.flags.writeable:
                before[...] = after
        elif isinstance(before, dict) and isinstance(after, dict):
            before.clear()
            before.update(after)
        elif isinstance(before, list) and isinstance(after, list):
            before[:] = after


def _may_change(argument: Any) -> bool:
    """Whether a call can leave something else in ``argument`` that is worth sending back."""
    if isinstance(argument, dict):
        return not any(isinstance(value, wire.Mapped) for value in argument.values())
    return isinstance(argument, np.ndarray | list)


def _handle(value: Any) -> Handle | None:
    """The handle of an object that stayed in the worker."""
    return value.handle if isinstance(value, Object) else None


def _revived(session: Session, given: Sequence[Any] = ()) -> wire.Revive:
    """Gives the objects that a reply refers to: new ones in the worker, and arguments ``given``."""

    def revive(reference: wire.Remote | wire.Argument) -> Any:
        if isinstance(reference, wire.Remote):
            return Object(session, session.handle(reference))
        if reference.number >= len(given) or not _may_change(given[reference.number]):
            raise wire.WireError("it names an argument that it was not given")
        return given[reference.number]

    return revive


def _module_names(sources: Any) -> dict[str, str]:
    """``{"optim": "nndl.optim", ...}`` for the modules among ``sources``."""
    paths = [PurePosixPath(name) for name in sources if name.endswith(".py")]
    return {
        path.stem: ".".join(path.with_suffix("").parts) for path in paths if path.stem != "__init__"
    }
