"""Calls of a submission's functions, each made by itself or several together.

A call sends its arguments to the worker, where the student's function runs, and brings back its
value. What the function left in arrays, lists and dicts that it was given is copied back into them,
so a suite can look at them as if the call had been a local one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from kit import wire
from kit.tester.faults import KitFault, StudentFault
from kit.tester.process import Answer, Request, capital
from kit.tester.session import Handle, Session


class Calls:
    """Makes the calls of one submission."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[Later] | None = None
        self._changeable: dict[int, Call] = {}

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
            self._changeable.clear()
        self._make(waiting)

    def add(self, call: Call) -> Any:
        """What ``call`` gives, or a Later where it is made together with others.

        Raises StudentFault where it gives nothing.
        """
        if self._waiting is None:
            later = Later(self, call, None)
            self._make([later])
            return later.value
        for value, changeable in zip(call.given, call.back, strict=True):
            other = self._changeable.setdefault(id(value), call) if changeable else call
            if other is not call:
                raise KitFault(
                    f"{capital(call.what)} is given what {other.what} is given in the same block. "
                    "Give each of them a copy."
                )
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

        def revive(reference: wire.Reference) -> Any:
            if isinstance(reference, wire.Remote):
                return Object(self, self._session.handle(reference))
            if not isinstance(reference, wire.Argument) or not call.returns(reference.number):
                raise wire.WireError("it names an argument that it was not given")
            return call.given[reference.number]

        return Request(call.what, later.message(), keep, revive)

    def _settle(self, later: Later, answer: Answer) -> None:
        """Let ``later`` be what the call gave, and its arguments what the call left in them."""
        call, transcript = later.call, self._session.transcript
        target, given = call.target, call.given
        if call.refers:
            try:
                target, given = _now(target), [_now(value) for value in given]
            except StudentFault as fault:  # what the call needs was not there, and why says more
                later.answer = Answer.without(fault)
                return
        handle = target if isinstance(target, str) else target.handle
        note = transcript.note(call.operation, handle, call.name, given, call.names)
        try:
            if answer.fault is not None:
                raise answer.fault
            value = _opened(call, answer.value)
        except StudentFault as fault:
            transcript.failed(note, fault)
            later.answer = Answer.without(fault)
        else:
            transcript.answered(note, value, given, answer.size)
            later.answer = Answer(value)


class Call:
    """What is asked for: ``operation`` is call, get or set.

    ``target`` is a module's name or what has the attribute ``name``; ``what`` names the call in
    messages; the last of ``given`` are those with ``names``.
    """

    __slots__ = ("back", "given", "name", "names", "operation", "refers", "target", "what")

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
        self.back = [_may_change(value) for value in given]
        """Of each argument whether it comes back, since the call may change it."""
        self.refers = isinstance(target, Later) or not _REFERENCES.isdisjoint(map(type, given))
        """Whether it needs what other calls give."""

    def returns(self, number: int) -> bool:
        """Whether argument ``number`` comes back."""
        return number < len(self.back) and self.back[number]


class Members:
    """What is in the worker: call its methods, ``get`` and ``set`` its attributes."""

    def __init__(self, calls: Calls, type_name: str) -> None:
        self._calls = calls
        self._type_name = type_name

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
        self.call = call
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
            message |= {"arguments": given, "names": call.names, "back": call.back}
        elif call.operation == "set":
            message["value"] = given[0]
        if self.place is not None:
            message["place"] = self.place
        return message


class Item(NamedTuple):
    """One of the values in the tuple that a call of the same block returns."""

    later: Later
    number: int


_REFERENCES = frozenset({Later, Item})


class Function:
    """Something in the worker that can be called."""

    def __init__(self, calls: Calls, target: str | Members, name: str, what: str) -> None:
        self._calls = calls
        self._target = target
        self._name = name
        self._what = what

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it there, and copy back what the call left in its arguments.

        An argument that holds mapped arrays is not copied back: they can't have changed.
        """
        given = [*arguments, *named.values()]
        return self._calls.add(
            Call("call", self._target, self._name, self._what, given, list(named))
        )


def _sent(value: Any) -> Any:
    """``value`` as it is sent: by reference where it is not known yet."""
    if isinstance(value, Later) and value.answer is None:
        assert value.place is not None
        return wire.Earlier(value.place, None)
    if isinstance(value, Item) and value.later.answer is None:
        assert value.later.place is not None
        return wire.Earlier(value.later.place, value.number)
    return _now(value)


def _now(value: Any) -> Any:
    """``value``, or what it stands for now that this is known."""
    if isinstance(value, Later):
        return value.value
    if not isinstance(value, Item):
        return value
    returned = value.later.value
    if not isinstance(returned, tuple | list) or value.number >= len(returned):
        raise StudentFault(
            f"{capital(value.later.call.what)} did not return {value.number + 1} values."
        )
    return returned[value.number]


def _opened(call: Call, reply: Any) -> Any:
    """The value in a reply, once what the call left in its arguments is in them."""
    if call.operation != "call":
        return reply if call.operation == "get" else None
    left = reply.get("left") if isinstance(reply, dict) else None
    if not isinstance(left, list) or "value" not in reply:
        raise StudentFault(f"{capital(call.what)} sent a malformed reply.")
    for pair in left:
        if not isinstance(pair, tuple) or len(pair) != 2 or type(pair[0]) is not int:
            raise StudentFault(f"{capital(call.what)} sent a malformed reply.")
        number, after = pair
        if not 0 <= number < len(call.given) or not call.back[number]:
            raise StudentFault(f"{capital(call.what)} sent a malformed reply.")
        _restore(call, call.given[number], after)
    return reply["value"]


def _restore(call: Call, before: Any, after: Any) -> None:
    """Put into the argument ``before`` what the call left in it."""
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        if before.shape != after.shape or before.dtype != after.dtype:
            raise StudentFault(f"{capital(call.what)} reshaped an array that it was given.")
        if before.flags.writeable:
            before[...] = after
    elif isinstance(before, dict) and isinstance(after, dict):
        before.clear()
        before.update(after)
    elif isinstance(before, list) and isinstance(after, list):
        before[:] = after


def _may_change(argument: Any) -> bool:
    """Whether a call can leave something else in ``argument`` that is worth sending back."""
    kind = type(argument)
    return kind is np.ndarray or kind is list or (kind is dict and not _mapped(argument))


def _mapped(argument: dict[str, Any]) -> bool:
    return wire.Mapped in map(type, argument.values())
