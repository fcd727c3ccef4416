"""Calls of a submission's functions, each made by itself or several together.

A call sends copies of its arguments to the worker, where the student's function runs, and brings
back a new value. Nothing that a suite holds is reachable from a reply, so changes that a student's
code makes to its arguments are not seen here. If they matter, ``Student.place`` puts the argument
into the worker: further calls get the same object, and ``fetch`` brings a copy back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from kit.sandbox import wire
from kit.sandbox.describe import briefly, describe
from kit.sandbox.faults import KitFault, StudentFault
from kit.sandbox.tester.process import Answer, Request, capital
from kit.sandbox.tester.session import Handle, Session


class Calls:
    """Makes the calls of one submission."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[Later] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the calls of the block when it ends, in their order, in one exchange of messages.

        Inside the block, each call returns a Later.
        """
        if self._waiting is not None:
            raise KitFault("Calls that are made together can't be nested.")
        waiting: list[Later] = []
        self._waiting = waiting
        try:
            yield
        finally:
            self._waiting = None
        self._make(waiting)

    def add(self, call: Call) -> Any:
        """The value of ``call``, or a Later if it is made together with others.

        Raises StudentFault if the call gives no value.
        """
        if call.operation == "call":
            self._session.note_call(*call.owner, method=not isinstance(call.target, str))
        if self._waiting is None:
            later = Later(self, call, None)
            self._make([later, *self._looks(call)])
            return later.value
        later = Later(self, call, len(self._waiting))
        self._waiting += [later, *self._looks(call)]
        return later

    def _looks(self, call: Call) -> list[Later]:
        """Looks at what ``call`` leaves in placed arguments, for the transcript alone.

        A check need not ask for it, and no verdict depends on it.
        """
        if call.operation != "call" or not self._session.transcript.remembers:
            return []
        placed = {id(value): value for value in call.given if _is_placed(value)}
        return [
            Later(self, Call("fetch", value, "", _READING.format(value.type_name), [], []), _LOOK)
            for value in placed.values()
        ]

    def _make(self, laters: Sequence[Later]) -> None:
        answers = self._session.ask([self._request(later) for later in laters])
        for later, answer in zip(laters, answers, strict=True):
            self._settle(later, answer)

    def _request(self, later: Later) -> Request:
        call = later.call

        def keep(value: Any) -> wire.Remote:
            if not isinstance(value, Object):
                raise wire.WireError(f"a {type(value).__name__} can't be sent")
            return self._session.remote(value.handle, call.what)

        return Request(call.what, later.message(), self._session.ask_back, keep, self._revived)

    def _revived(self, reference: wire.Reference) -> Object:
        assert isinstance(reference, wire.Remote)  # a reply holds no other
        return Object(self, self._session.handle(reference))

    def _settle(self, later: Later, answer: Answer) -> None:
        """Store the call's answer in ``later`` and in the transcript."""
        call, transcript = later.call, self._session.transcript
        if later.place == _LOOK and answer.fault is not None:
            return
        target, given = call.target, call.given
        if call.refers:
            try:
                target, given = _target(call), [_now(value) for value in given]
            except StudentFault as fault:  # an argument is missing; its own fault says more
                later.answer = Answer.without(fault)
                return
        handle = target if isinstance(target, str) else target.handle
        note = transcript.note(call.operation, handle, call.name, given, call.names)
        try:
            value = _value(call, answer)
        except StudentFault as fault:
            transcript.failed(note, fault)
            later.answer = Answer.without(self._with_inputs(call, given, fault))
        else:
            if isinstance(value, Object):
                value.made_by = call
            transcript.answered(note, value, answer.size)
            later.answer = Answer(value)

    def _with_inputs(self, call: Call, given: list[Any], fault: StudentFault) -> StudentFault:
        """``fault``, with the call's arguments if a function of the student raised it.

        For a method, these include the arguments that made its object.
        """
        if not _raised_when_called(fault):
            return fault
        told = [self._arguments(call, given)]
        maker = call.target.made_by if isinstance(call.target, Object | Later) else None
        if maker is not None and maker.operation == "call":
            told.insert(0, f"{maker.name}({self._arguments(maker, maker.given)})")
        text = ", then ".join(each for each in told if each)[:_LONGEST]
        if not text:
            return fault
        return StudentFault(f"{str(fault).rstrip('.')}. It was called with {text}.", fault.error)

    def _arguments(self, call: Call, given: list[Any]) -> str:
        definition = None
        if call.operation == "call":
            method = not isinstance(call.target, str)
            definition = self._session.definition(*call.owner, method=method)
        names = list(definition.parameters) if definition else []
        if call.makes_object:
            names = names[1:]  # self
        positional = len(given) - len(call.names)
        names = [*(names + [""] * positional)[:positional], *call.names]
        shown = [
            f"{name}={briefly(value)}" if name else briefly(value)
            for name, value in zip(names, given, strict=True)
        ]
        return ", ".join(shown)


class Call:
    """One call to the worker: ``operation`` is call, get, set, place or fetch.

    ``target`` is a module's name, or the object with the attribute ``name``. ``what`` names the
    call in messages. ``given`` are the arguments; the last of them are those with ``names``.
    """

    __slots__ = ("given", "name", "names", "operation", "refers", "target", "what")

    def __init__(  # noqa: PLR0917 - the parts of a call; made for every call
        self,
        operation: str,
        target: str | Members,
        name: str,
        what: str,
        given: list[Any],
        names: list[str],
    ) -> None:
        self.operation = operation
        self.target: Any = target
        self.name = name
        self.what = what
        self.given = given
        self.names = names
        self.refers = isinstance(target, Later) or not _REFERENCES.isdisjoint(map(type, given))
        """Whether this call needs values of other calls."""

    @property
    def owner(self) -> tuple[str, str]:
        """The module or class, and the name of the function or method."""
        target = self.target
        return (target if isinstance(target, str) else target.type_name), self.name

    @property
    def makes_object(self) -> bool:
        """Whether the call must give an object.

        A placed value must, and so must a call of a class; by PEP 8 a class's name begins with a
        capital.
        """
        return self.operation == "place" or (self.operation == "call" and self.name[:1].isupper())


class Members:
    """Something in the worker; callers can call its methods, ``get`` and ``set`` its attributes."""

    def __init__(self, calls: Calls, type_name: str) -> None:
        self._calls = calls
        self._type_name = type_name
        self.made_by: Call | None = None

    @property
    def type_name(self) -> str:
        """The name of the object's class."""
        return self._type_name

    def __getattr__(self, name: str) -> Function:
        if name.startswith("__"):
            raise AttributeError(name)
        return Function(self._calls, self, name, f"`{name}` of your {self._type_name}")

    def get(self, name: str) -> Any:
        """The value of the attribute ``name``."""
        what = f"reading `{name}` of your {self._type_name}"
        return self._calls.add(Call("get", self, name, what, [], []))

    def set(self, name: str, value: Any) -> Any:
        """Give the attribute ``name`` a value."""
        what = f"setting `{name}` of your {self._type_name}"
        return self._calls.add(Call("set", self, name, what, [value], []))

    def fetch(self) -> Any:
        """A copy of what was placed in the worker, as it is there now."""
        what = _READING.format(self._type_name)
        return self._calls.add(Call("fetch", self, "", what, [], []))


class Object(Members):
    """An object that stays in the worker."""

    def __init__(self, calls: Calls, handle: Handle) -> None:
        super().__init__(calls, handle.type_name)
        self.handle = handle

    def __repr__(self) -> str:
        return f"an object of type {self._type_name}"


class Later(Members):
    """The future value of a call in a block; read ``value`` once the block has ended.

    Inside the block it stands for the call's value in the worker: as an argument of further calls
    (``later[0]`` for the first item of a tuple), or as an object whose methods are called.
    """

    def __init__(self, calls: Calls, call: Call, place: int | None) -> None:
        super().__init__(calls, call.name)
        self.call = self.made_by = call
        self.place = place
        self.answer: Answer | None = None

    def __getitem__(self, item: int) -> Item:
        if type(item) is not int or item < 0:
            raise KitFault("Select an item of a later value by a non-negative number: first[0].")
        return Item(self, item)

    @property
    def value(self) -> Any:
        """The call's value; raises StudentFault if this call, or one it needs, gave no value."""
        if self.answer is None:
            raise KitFault(f"The value of {self.call.what} is known when the block has ended.")
        if self.answer.fault is not None:
            raise self.answer.fault
        return self.answer.value

    def message(self) -> dict[str, Any]:
        """The call as a request to the worker."""
        call = self.call
        given = [_sent(value) for value in call.given] if call.refers else call.given
        message = {"operation": call.operation, "target": _sent(call.target), "name": call.name}
        if call.operation == "call":
            message["arguments"] = given
            if call.names:
                message["names"] = call.names
        elif given:
            message["value"] = given[0]
        if self.place is not None and self.place != _LOOK:
            message["place"] = self.place
        return message


class Item(NamedTuple):
    """One of the values in the tuple that a call of the same block returns."""

    later: Later
    number: int


_REFERENCES = frozenset({Later, Item})
_READING = "reading the {} that your code was given"
_LOOK = -1
"""Stands for the place, in its block, of a look: nothing refers to it."""
_LONGEST = 300
"""The most characters of arguments in the message about an exception."""


def _is_placed(value: Any) -> bool:
    maker = value.made_by if isinstance(value, Object | Later) else None
    return maker is not None and maker.operation == "place"


def _raised_when_called(fault: StudentFault) -> bool:
    """Whether the student's function raised the exception, not the loading of its module."""
    if fault.error is None or fault.error["type"] == "NotImplementedError":
        return False
    trace = fault.error["trace"]
    return bool(trace) and trace[0]["function"] not in {"", "<module>"}


class Function:
    """A function, class or method in the worker."""

    def __init__(self, calls: Calls, target: str | Members, name: str, what: str) -> None:
        self._calls = calls
        self._target = target
        self._name = name
        self._what = what

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it in the worker with copies of the arguments; returns its value.

        A class returns an Object. Raises StudentFault if the call gives no value.
        """
        given = [*arguments, *named.values()]
        return self._calls.add(
            Call("call", self._target, self._name, self._what, given, list(named))
        )


def _sent(value: Any) -> Any:
    """``value`` as it is sent: by reference if it is not known yet."""
    if type(value) not in _REFERENCES:
        return value
    if isinstance(value, Later) and value.answer is None:
        assert value.place is not None
        return wire.Earlier(value.place, None)
    if isinstance(value, Item) and value.later.answer is None:
        assert value.later.place is not None
        return wire.Earlier(value.later.place, value.number)
    return _now(value)


def _now(value: Any) -> Any:
    """``value``, or the known value that it stands for."""
    if type(value) not in _REFERENCES:
        return value
    if isinstance(value, Later):
        return value.value
    returned = value.later.value
    if not isinstance(returned, tuple | list) or value.number >= len(returned):
        raise StudentFault(
            f"{capital(value.later.call.what)} did not return {value.number + 1} values."
        )
    return returned[value.number]


def _target(call: Call) -> str | Object:
    """The target of ``call``; raises StudentFault if an earlier call made no object."""
    target = _now(call.target)
    if not isinstance(target, str | Object):
        raise StudentFault(f"{capital(call.what)} is missing: it is {describe(target)}.")
    return target


def _value(call: Call, answer: Answer) -> Any:
    """A call's value; raises StudentFault if it is missing, or is no object but must be one."""
    if answer.fault is not None:
        raise answer.fault
    if call.makes_object and not isinstance(answer.value, Object):
        raise StudentFault(
            f"{capital(call.what)} must make an object, but it gave {describe(answer.value)}."
        )
    return None if call.operation == "set" else answer.value
