"""Calls of a submission's functions, each made by itself or several together.

A call sends copies of its arguments to the worker, where the student's function runs, and brings
back a new value. Nothing that a suite holds is reachable from a reply, so nothing that a student's
code does to its arguments is seen here. Where that matters, ``Student.place`` puts the argument
into the worker: further calls are given the same one, and ``fetch`` brings it back.
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
        """Make the calls of the block when it ends, in their order, by one exchange of messages.

        Until then each gives a Later.
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
        """What ``call`` gives, or a Later where it is made together with others.

        Raises StudentFault where it gives nothing.
        """
        if call.operation == "call":
            self._session.note_call(*call.owner, method=not isinstance(call.target, str))
        if self._waiting is None:
            later = Later(self, call, None)
            self._make([later])
            return later.value
        later = Later(self, call, len(self._waiting))
        self._waiting.append(later)
        return later

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
        """Let ``later`` be what the call gave, and remember it."""
        call, transcript = later.call, self._session.transcript
        target, given = call.target, call.given
        if call.refers:
            try:
                target, given = _target(call), [_now(value) for value in given]
            except StudentFault as fault:  # what the call needs was not there, and why says more
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
        """``fault``, with the arguments where a function of the student's raised it.

        For a method these are also the arguments that its object was made with.
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
    """What is asked for: ``operation`` is call, get, set, place or fetch.

    ``target`` is a module's name or what has the attribute ``name``; ``what`` names the call in
    messages; the last of ``given`` are those with ``names``.
    """

    __slots__ = ("given", "name", "names", "operation", "refers", "target", "what")

    def __init__(  # noqa: PLR0917 - it is what a call consists of, and one is made for every call
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
        """Whether it needs what other calls give."""

    @property
    def owner(self) -> tuple[str, str]:
        """The module or class, and what of it is called."""
        target = self.target
        return (target if isinstance(target, str) else target.type_name), self.name

    @property
    def makes_object(self) -> bool:
        """Whether it must give an object.

        So must what is placed, and so must a class: by PEP 8 its name begins with a capital.
        """
        return self.operation == "place" or (self.operation == "call" and self.name[:1].isupper())


class Members:
    """What is in the worker: call its methods, ``get`` and ``set`` its attributes."""

    def __init__(self, calls: Calls, type_name: str) -> None:
        self._calls = calls
        self._type_name = type_name
        self.made_by: Call | None = None

    @property
    def type_name(self) -> str:
        """The name of its class."""
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
        what = f"reading the {self._type_name} that your code was given"
        return self._calls.add(Call("fetch", self, "", what, [], []))


class Object(Members):
    """An object that stays in the worker."""

    def __init__(self, calls: Calls, handle: Handle) -> None:
        super().__init__(calls, handle.type_name)
        self.handle = handle

    def __repr__(self) -> str:
        return f"an object of type {self._type_name}"


class Later(Members):
    """What a call of a block will give: ``value``, once the block has ended.

    In the block it stands for what the call returns in the worker, as an argument of further calls
    (``later[0]`` for the first of a tuple) or as the object whose methods are called.
    """

    def __init__(self, calls: Calls, call: Call, place: int | None) -> None:
        super().__init__(calls, call.name)
        self.call = self.made_by = call
        self.place = place
        self.answer: Answer | None = None

    def __getitem__(self, item: int) -> Item:
        if type(item) is not int or item < 0:
            raise KitFault("What a call returns later has items by their number only: first[0].")
        return Item(self, item)

    @property
    def value(self) -> Any:
        """What the call gave; raises StudentFault where it, or one it needs, gave nothing."""
        if self.answer is None:
            raise KitFault(f"What {self.call.what} gives is known when the block has ended.")
        if self.answer.fault is not None:
            raise self.answer.fault
        return self.answer.value

    def message(self) -> dict[str, Any]:
        """The call as the worker is asked for it."""
        call = self.call
        given = [_sent(value) for value in call.given] if call.refers else call.given
        message = {"operation": call.operation, "target": _sent(call.target), "name": call.name}
        if call.operation == "call":
            message["arguments"] = given
            if call.names:
                message["names"] = call.names
        elif given:
            message["value"] = given[0]
        if self.place is not None:
            message["place"] = self.place
        return message


class Item(NamedTuple):
    """One of the values in the tuple that a call of the same block returns."""

    later: Later
    number: int


_REFERENCES = frozenset({Later, Item})
_LONGEST = 300
"""Characters of the arguments that are told with an exception."""


def _raised_when_called(fault: StudentFault) -> bool:
    """Whether an exception of the student's function, and not of its module, is told of."""
    if fault.error is None or fault.error["type"] == "NotImplementedError":
        return False
    trace = fault.error["trace"]
    return bool(trace) and trace[0]["function"] not in {"", "<module>"}


class Function:
    """Something in the worker that can be called."""

    def __init__(self, calls: Calls, target: str | Members, name: str, what: str) -> None:
        self._calls = calls
        self._target = target
        self._name = name
        self._what = what

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it there with copies of the arguments, and bring back what it returns.

        What a class makes is an Object. Raises StudentFault where the call gives nothing.
        """
        given = [*arguments, *named.values()]
        return self._calls.add(
            Call("call", self._target, self._name, self._what, given, list(named))
        )


def _sent(value: Any) -> Any:
    """``value`` as it is sent: by reference where it is not known yet."""
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
    """``value``, or what it stands for now that this is known."""
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
    """What ``call`` was made on; raises StudentFault where an earlier call made no object."""
    target = _now(call.target)
    if not isinstance(target, str | Object):
        raise StudentFault(f"{capital(call.what)} is missing: it is {describe(target)}.")
    return target


def _value(call: Call, answer: Answer) -> Any:
    """What a call gave; raises StudentFault where that is nothing or no object of a class."""
    if answer.fault is not None:
        raise answer.fault
    if call.makes_object and not isinstance(answer.value, Object):
        raise StudentFault(
            f"{capital(call.what)} must make an object, it gave {describe(answer.value)}."
        )
    return None if call.operation == "set" else answer.value
