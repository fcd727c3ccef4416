"""Answers the tester's requests with what the student's code does.

The tester believes nothing of this: it runs in the student's process, and the student's code can
change all of it. It only has to be right for those who don't.
"""

from __future__ import annotations

import importlib
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from kit import wire
from kit.worker import modules

MAX_TEXT = 2000
MAX_TRACE = 8


class Channel:
    """The worker's end: whole frames in, whole frames out."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def receive(self, revive: Callable[[Any], Any]) -> Any:
        """The next request, objects by ``revive``; EOFError when the tester has gone."""
        data, files, _, _ = socket.recv_fds(self._socket, wire.SMALL_BYTES, wire.MAX_FILES)
        while len(data) < wire.HEADER.size:
            data += self._more()
        sizes = wire.read_header(data[: wire.HEADER.size])
        begun = data[wire.HEADER.size :]
        tree = self._filled(sizes.tree, begun[: sizes.tree])
        block = self._filled(sizes.block, begun[sizes.tree :])
        return wire.decode(bytes(tree), block, files, revive)

    def _more(self) -> bytes:
        if not (data := self._socket.recv(wire.HEADER.size)):
            raise EOFError
        return data

    def _filled(self, size: int, begun: bytes) -> bytearray:
        """``size`` bytes, of which ``begun`` are there already."""
        data = bytearray(size)
        data[: len(begun)] = begun
        room = memoryview(data)[len(begun) :]
        while room:
            count = self._socket.recv_into(room)
            if count == 0:
                raise EOFError
            room = room[count:]
        return data

    def send(self, frame: wire.Frame) -> None:
        """Send one reply."""
        for part in frame.parts:
            self._socket.sendall(part)


class Server:
    """Holds the objects that stay here and carries requests out."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._kept: dict[int, Any] = {}
        self._operations: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "load": self._load,
            "call": self._call,
            "get": self._get,
            "set": self._set,
        }

    def run(self, layers: list[str]) -> None:
        """Say which layers hold, then serve until the tester closes the channel."""
        self._channel.send(wire.encode({"layers": layers}))
        while True:
            try:
                request = self._channel.receive(self._kept_object)
            except EOFError:
                return
            self._channel.send(self._answer(request))

    def _answer(self, request: dict[str, Any]) -> wire.Frame:
        reply = {"nonce": request["nonce"]}
        try:
            reply["ok"] = self._operations[request["operation"]](request)
            self._flush()
            frame = wire.encode(reply, self._keep)
            frame.header  # noqa: B018 - raises where the reply is too large to be sent
        except BaseException as error:
            self._flush()
            reply.pop("ok", None)
            return wire.encode({**reply, "error": describe(error)})
        return frame

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:  # noqa: S112 - a student may have put anything in its place
                continue

    def _keep(self, value: Any) -> wire.Remote:
        number = len(self._kept)
        self._kept[number] = value
        return wire.Remote(number, type(value).__name__[:100])

    def _kept_object(self, remote: wire.Remote) -> Any:
        return self._kept[remote.id]

    def _load(self, request: dict[str, Any]) -> None:
        modules.install(request["sources"])

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        function = self._resolve(request)
        given = request["arguments"]
        names = request["names"]
        positional = len(given) - len(names)
        value = function(*given[:positional], **dict(zip(names, given[positional:], strict=True)))
        left = [
            argument if back else None
            for argument, back in zip(given, request["back"], strict=True)
        ]
        return {"value": _without_arguments(value, left), "left": left}

    def _get(self, request: dict[str, Any]) -> Any:
        return self._resolve(request)

    def _set(self, request: dict[str, Any]) -> None:
        setattr(request["target"], request["name"], request["value"])

    def _resolve(self, request: dict[str, Any]) -> Any:
        """The function or attribute ``name`` of a kept object or of a module."""
        target = request["target"]
        owner = importlib.import_module(target) if isinstance(target, str) else target
        name = request["name"]
        if isinstance(owner, ModuleType) and not hasattr(owner, name):
            raise AttributeError(f"{owner.__spec__.origin} defines no {name!r}")  # type: ignore[union-attr]  # every module of a submission has a spec
        return getattr(owner, name)


def _without_arguments(value: Any, left: list[Any]) -> Any:
    """``value``, or the parts of a tuple, with a note where it is an argument: sent only once."""
    if type(value) is tuple:
        return tuple([_without_arguments(item, left) for item in value])
    for number, argument in enumerate(left):
        if value is argument and value is not None:
            return wire.Argument(number)
    return value


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as text: its type, message and where in the submission it was raised."""
    try:
        message = str(error)[:MAX_TEXT]
    except BaseException:
        message = "(an exception whose message can't be read)"
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
