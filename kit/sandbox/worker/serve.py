"""Answers the tester's requests by running the student's code.

The tester trusts nothing from here: this runs in the student's process, and the student's code can
change all of it. It only has to be right for students who don't.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import traceback
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

from kit.sandbox import wire
from kit.sandbox.worker import asking, chance, modules
from kit.sandbox.worker.absent import Absent, use

MAX_TEXT = 2000
MAX_TRACE = 8
FILES_BYTES = socket.CMSG_SPACE(wire.MAX_FILES * array("i").itemsize)


class Channel:
    """The worker's end: whole frames in, whole frames out."""

    def __init__(self, connection: socket.socket, bell: int) -> None:
        self._socket = connection
        self._bell = bell
        self._inbox = wire.Inbox(self._pull)
        self._files: list[int] = []
        self._unannounced = 0

    def receive(self, revive: Callable[[Any], Any]) -> Any:
        """The tester's next requests, objects by ``revive``; EOFError if the tester has gone."""
        tree, block, count = self._inbox.frame()
        files, self._files = self._files[:count], self._files[count:]
        return wire.decode(tree, block, files, revive, trusted=True)

    def _pull(self, room: memoryview) -> int:
        count, received, _, _ = self._socket.recvmsg_into([room], FILES_BYTES)
        for _, _, files in received:
            self._files += array("i", files)
        if not count:
            raise EOFError
        return count

    def send(self, frame: wire.Frame, *, last: bool = True) -> None:
        """Send one reply; wake the tester if it is the ``last`` reply that the tester waits for.

        A sent reply stays readable whatever happens to this process. So the tester knows for each
        of its requests whether it was done, and is woken only once.
        """
        self._unannounced += frame.size
        if self._unannounced > wire.SMALL_BYTES:  # the tester must read some first
            self._ring()
        for part in frame.parts():
            self._socket.sendall(part)
        if last:
            self._ring()

    def _ring(self) -> None:
        self._unannounced = 0
        with suppress(BlockingIOError):  # the bell has rung so often that the tester wakes anyway
            os.eventfd_write(self._bell, 1)


class Server:
    """Holds the objects that stay in the worker, and carries out requests."""

    def __init__(self, channel: Channel, packages: Sequence[str] = ()) -> None:
        self._channel = channel
        self._packages = packages
        self._imports: modules.Imports | None = None
        self._kept: dict[int, Any] = {}
        self._earlier: dict[int, Any] = {}
        self._now: dict[str, Any] = {}
        self._operations: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "load": self._load,
            "call": self._call,
            "get": self._get,
            "set": self._set,
            "place": self._place,
            "fetch": self._fetch,
        }

    def run(self, layers: list[str]) -> None:
        """Report the layers that hold, then serve until the tester closes the channel."""
        asking.connect(self._ask)
        # no bell: it would still ring when the tester waits for the first replies
        self._channel.send(wire.encode({"layers": layers}), last=False)
        while True:
            try:
                nonce, *requests = self._channel.receive(self._revived)
            except EOFError:
                return
            self._earlier.clear()  # a new batch never refers to the last one
            for number, request in enumerate(requests):
                self._now = {"nonce": nonce, "number": number}
                frame = self._answer(request, dict(self._now))
                self._channel.send(frame, last=number == len(requests) - 1)

    def _answer(self, request: dict[str, Any], reply: dict[str, Any]) -> wire.Frame:
        """The frame of ``reply``, completed with the value or exception of ``request``."""
        try:
            reply["ok"] = self._operations[request["operation"]](request)
            self._flush()
            frame = wire.encode(reply, self._keep)
            frame.require_size()
        except BaseException as error:
            self._flush()
            reply.pop("ok", None)
            return wire.encode({**reply, "error": describe(error, self._imports)})
        return frame

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:  # noqa: S112 - the student's code may have replaced the stream
                continue

    def _keep(self, value: Any) -> wire.Remote:
        if type(value) is Absent:
            use(value)
        number = len(self._kept)
        self._kept[number] = value
        return wire.Remote(number, type(value).__name__[:100])

    def _revived(self, reference: wire.Reference) -> Any:
        return self._kept[reference.id] if isinstance(reference, wire.Remote) else reference

    def _ask(self, name: str, arguments: list[Any]) -> Any:
        """The value of one of the tester's functions, in the middle of a request."""
        self._channel.send(wire.encode({**self._now, "ask": name, "arguments": arguments}))
        answer = self._channel.receive(self._revived)
        if "error" in answer:
            raise ValueError(answer["error"])
        for number, entries in answer["left"]:
            arguments[number].clear()
            arguments[number].update(entries)
        return answer["value"]

    def _load(self, request: dict[str, Any]) -> None:
        chance.settle()
        sources = {name: data.tobytes() for name, data in request["sources"].items()}
        self._imports = modules.Imports(sources, self._packages)

    def _call(self, request: dict[str, Any]) -> Any:
        function = self._resolve(request)
        given = [self._present(value) for value in request["arguments"]]
        names = request.get("names", ())
        positional = len(given) - len(names)
        value = function(*given[:positional], **dict(zip(names, given[positional:], strict=True)))
        self._remember(request, value)
        return value

    def _place(self, request: dict[str, Any]) -> wire.Remote:
        value = self._present(request["value"])
        self._remember(request, value)
        return self._keep(value)

    def _fetch(self, request: dict[str, Any]) -> Any:
        return self._present(request["target"])

    def _get(self, request: dict[str, Any]) -> Any:
        value = self._resolve(request)
        self._remember(request, value)
        return value

    def _set(self, request: dict[str, Any]) -> None:
        setattr(self._present(request["target"]), request["name"], self._present(request["value"]))

    def _resolve(self, request: dict[str, Any]) -> Any:
        """The function or attribute ``name`` of a kept object or of a module."""
        target = self._present(request["target"])
        owner = target
        if isinstance(target, str):
            owner = sys.modules.get(target) or importlib.import_module(target)
        name = request["name"]
        if isinstance(owner, ModuleType) and not hasattr(owner, name):
            raise AttributeError(f"{owner.__spec__.origin} defines no {name!r}")  # type: ignore[union-attr]  # every module of a submission has a spec
        return getattr(owner, name)

    def _remember(self, request: dict[str, Any], value: Any) -> None:
        """Keep ``value`` for the rest of the batch that the request is part of."""
        if "place" in request:
            self._earlier[request["place"]] = value

    def _present(self, argument: Any) -> Any:
        """``argument``, or the earlier value of this batch that it stands for."""
        if not isinstance(argument, wire.Earlier):
            return argument
        if argument.number not in self._earlier:
            raise LookupError("a value that this call needs was not returned")
        value = self._earlier[argument.number]
        if argument.item is None:
            return value
        if not isinstance(value, tuple | list):
            raise LookupError("a value that this call needs was not returned in a tuple")
        return value[argument.item]


def describe(error: BaseException, imports: modules.Imports | None = None) -> dict[str, Any]:
    """An exception as text: its type, message and where in the submission it was raised."""
    try:
        message = str(error)[:MAX_TEXT]
    except BaseException:
        message = "(an exception whose message can't be read)"
    if imports is not None:
        imports.settle(error)
        message = f"{message}. {hint}" if (hint := imports.hint(error)) else message
    frames = [
        {
            "file": frame.filename,
            "line": frame.lineno or 0,
            "function": frame.name,
            "text": frame.line or "",
        }
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("/", "<frozen"))
    ]
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("/"):
        frames.append(
            {
                "file": error.filename,
                "line": error.lineno or 0,
                "function": "",
                "text": error.text or "",
            }
        )
        message = error.msg
    return {
        "type": type(error).__name__[:100],
        "message": message,
        "trace": [
            {key: value[:200] if isinstance(value, str) else value for key, value in frame.items()}
            for frame in frames[-MAX_TRACE:]
        ],
    }
