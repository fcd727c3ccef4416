"""Starts workers and talks to them, believing nothing and waiting for nothing without end."""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from kit import wire
from kit.limits import MIB, Limits
from kit.tester import isolation
from kit.tester.faults import IsolationMissing, KitFault, StudentFault, StudentTimeout

START_SECONDS = 60.0
HELLO_SECONDS = 20.0
CONTROL_BYTES = 64 * 1024
READ_BYTES = 1024 * 1024
CLEAN_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    # a worker can't start threads, and one core is what a submission is measured on
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class WarmParent:
    """The process from which workers are forked; a context manager that ends it, and them.

    It is started in namespaces where the host offers them, unless ``floor_only`` asks for nothing
    but the floor of the isolation. ``trust`` lets workers run without that floor, too.

    Raises IsolationMissing where the floor can't be had.
    """

    def __init__(
        self, limits: Limits | None = None, *, floor_only: bool = False, trust: bool = False
    ) -> None:
        self.limits = limits or Limits()
        self.trust = trust
        self._settings = {"floor_only": floor_only, "trust": trust}
        namespaces = None if floor_only else isolation.namespace_command()
        if namespaces is not None:
            try:
                self._start(namespaces)
            except IsolationMissing:
                raise
            except KitFault:  # this host makes no namespaces for us
                self.close()
            else:
                return
        try:
            self._start([])
        except KitFault:
            self.close()
            raise

    def _start(self, launcher: list[str]) -> None:
        """Start the process, by ``launcher`` if there is one, and wait until it is warm."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(START_SECONDS)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        settings = {
            **self._settings,
            "control": theirs.fileno(),
            "namespaces": isolation.own_namespaces() if launcher else {},
        }
        command = [sys.executable, "-I", "-B", "-m", "kit.worker", json.dumps(settings)]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, no input in it
                [*launcher, *command],
                pass_fds=[theirs.fileno()],
                env=CLEAN_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,
            )
        answer = self._answer()
        if "refused" in answer:
            raise IsolationMissing(answer["refused"])

    def __enter__(self) -> WarmParent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the parent and every worker it still has."""
        self._control.close()
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def spawn(self, channel: socket.socket, output: int) -> int:
        """Fork a worker that talks on ``channel`` and prints to ``output``; return its number."""
        limits = {k: v for k, v in self.limits.as_dict().items() if isinstance(v, int)}
        request = json.dumps({"spawn": limits}).encode()
        return int(self._ask(request, [channel.fileno(), output])["pid"])

    def end(self, pid: int) -> dict[str, Any]:
        """End a worker: its exit code (``status``), processor ``seconds`` and peak ``bytes``."""
        return self._ask(json.dumps({"end": pid}).encode())

    def _ask(self, request: bytes, files: list[int] | None = None) -> dict[str, Any]:
        try:
            socket.send_fds(self._control, [request], files or [])
        except OSError as error:
            raise KitFault(f"The warm parent of the workers has gone ({error}).") from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        try:
            message = self._control.recv(CONTROL_BYTES)
        except OSError as error:
            raise KitFault(f"The warm parent of the workers doesn't answer ({error}).") from error
        if not message:
            self._errors.seek(0)
            last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise KitFault(f"The warm parent of the workers has ended. {' '.join(last)}".strip())
        return dict(json.loads(message))


class Worker:
    """One confined process that serves one submission.

    ``layers`` are the layers of isolation it was found to have, ``output`` the beginning of what it
    printed. A worker that broke a rule is ended, and every later request is a StudentFault.
    """

    def __init__(self, parent: WarmParent) -> None:
        self._parent = parent
        self._deadline = 0.0
        self.output = bytearray()
        self.printed_bytes = 0
        self._ended: dict[str, Any] | None = None
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._printed, printing = os.pipe()
        os.set_blocking(self._printed, False)
        self._channel.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(self._printed, select.POLLIN)
        self._room = bytearray(wire.SMALL_BYTES)
        try:
            self._pid = parent.spawn(theirs, printing)
        except KitFault:
            self._close()
            raise
        finally:
            theirs.close()
            os.close(printing)
        self.layers = self._greet()

    @property
    def alive(self) -> bool:
        """Whether the worker may still be asked."""
        return self._ended is None

    def _greet(self) -> list[str]:
        self._deadline = time.monotonic() + HELLO_SECONDS
        try:
            hello = self._receive()
        except (wire.WireError, EOFError, TimeoutError) as error:
            self.end()
            raise KitFault(f"A worker did not start ({type(error).__name__}).") from error
        if "refused" in hello:
            self.end()
            raise IsolationMissing(hello["refused"])
        missing = isolation.REQUIRED - set(hello["layers"])
        if missing and not self._parent.trust:
            self.end()
            raise IsolationMissing(f"A worker lacks {', '.join(sorted(missing))}.")
        return list(hello["layers"])

    def request(
        self,
        what: str,
        seconds: float,
        message: Mapping[str, Any],
        keep: Callable[[Any], wire.Remote] | None = None,
        revive: wire.Revive | None = None,
    ) -> Any:
        """Send one request and return its ``ok``, within ``seconds``.

        ``what`` names the request in messages, such as "your `adam`"; ``keep`` and ``revive`` are
        those of ``kit.wire``. Raises StudentFault where the code raised, ended, took too long or
        replied with anything but a reply.
        """
        if not self.alive:
            raise StudentFault(f"Could not run {what}: the process of your code has ended.")
        nonce = secrets.token_hex(16)
        self._deadline = time.monotonic() + seconds
        frame = wire.encode({**message, "nonce": nonce}, keep)
        try:
            self._send(frame)
            reply = self._receive(revive)
        except TimeoutError:
            self.end()
            raise StudentTimeout(f"{capital(what)} did not return within {seconds:g} s.") from None
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._explain_end(what)
        except wire.WireError as error:
            self.end()
            raise StudentFault(f"{capital(what)} sent a malformed reply: {error}.") from None
        return self._open(reply, nonce, what)

    def _open(self, reply: Any, nonce: str, what: str) -> Any:
        said = reply.get("nonce") if isinstance(reply, dict) else None
        if isinstance(said, str) and said == nonce:
            if set(reply) == {"nonce", "ok"}:
                return reply["ok"]
            if set(reply) == {"nonce", "error"} and _is_description(reply["error"]):
                raise StudentFault(self._sentence(what, reply["error"]), reply["error"])
        self.end()
        raise StudentFault(f"{capital(what)} sent a malformed reply: it answers no request.")

    def _sentence(self, what: str, error: dict[str, Any]) -> str:
        """What a student reads of an exception."""
        if error["type"] == "NotImplementedError":
            return f"{capital(what)} is not implemented yet: {error['message']}"
        said = f"{capital(what)} raised {error['type']}: {error['message']}"
        if error["type"] == "MemoryError":
            allowed = self._parent.limits.address_space_bytes // MIB
            said += f" (your code may use {allowed:,} MiB, the data set included)"
        if error["trace"]:
            last = error["trace"][-1]
            said += f" ({last['file']}, line {last['line']})"
        return said

    def _explain_end(self, what: str) -> NoReturn:
        ended = self.end()
        status, allowed = ended["status"], self._parent.limits.cpu_seconds
        if status == -signal.SIGXCPU or ended["seconds"] > allowed:
            how = f"was stopped: your code used more than {allowed} s of processor time"
        elif status == -signal.SIGKILL:
            how = "ended without an answer: it was killed, or closed the way back to the tester"
        elif status < 0:
            how = f"crashed with {signal.Signals(-status).name}"
        else:
            how = f"ended the process (exit code {status})"
        raise StudentFault(f"{capital(what)} {how}.")

    def end(self) -> dict[str, Any]:
        """End the worker; its exit code, processor seconds and peak bytes."""
        if self._ended is None:
            self._ended = {}
            try:
                self._ended = self._parent.end(self._pid)
            finally:
                self._drain()
                self._close()
        return self._ended

    def _close(self) -> None:
        self._channel.close()
        os.close(self._printed)

    # -- bytes -----------------------------------------------------------------------------------

    def _send(self, frame: wire.Frame) -> None:
        first, *others = frame.parts
        files = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in frame.files]
        try:
            first = first[self._push(first, files) :]
        finally:
            for file in files:
                os.close(file)
        for part in (first, *others):
            rest = part
            while rest:
                rest = rest[self._push(rest) :]

    def _push(self, data: memoryview, files: Sequence[int] = ()) -> int:
        """Send as much as the channel takes, waiting where it takes nothing; how much it took."""
        while True:
            try:
                return socket.send_fds(self._channel, [data], list(files))
            except BlockingIOError:
                self._wait(select.POLLOUT)

    def _receive(self, revive: wire.Revive | None = None) -> Any:
        """The next frame: a small one by one call, for a call costs more than its bytes do."""
        room = memoryview(self._room)
        got = self._pull(room)
        while got < wire.HEADER.size:
            got += self._pull(room[got:])
        sizes = wire.read_header(bytes(room[: wire.HEADER.size]))
        if sizes.files:
            raise wire.WireError("a reply announces files")
        begun = room[wire.HEADER.size : got]
        if len(begun) > sizes.tree + sizes.block:
            raise wire.WireError("more than one frame came")
        tree = self._filled(sizes.tree, begun[: sizes.tree])
        block = self._filled(sizes.block, begun[sizes.tree :])
        return wire.decode(bytes(tree), block, revive=revive)

    def _filled(self, size: int, begun: memoryview) -> bytearray:
        """``size`` bytes, of which ``begun`` are there already."""
        data = bytearray(size)
        data[: len(begun)] = begun
        room = memoryview(data)[len(begun) :]
        while room:
            room = room[self._pull(room) :]
        return data

    def _pull(self, room: memoryview) -> int:
        """Receive at least one byte into ``room``, and say how many came."""
        while True:
            self._wait(select.POLLIN)
            try:
                count = self._channel.recv_into(room, min(len(room), READ_BYTES))
            except BlockingIOError:  # an urgent byte wakes poll, and is none that can be received
                time.sleep(0.001)
                continue
            if count == 0:
                raise EOFError
            return count

    def _wait(self, event: int) -> None:
        """Wait until the channel is ready, taking in meanwhile what the worker prints."""
        self._poll.modify(self._channel, event)
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = dict(self._poll.poll(left * 1000))
            if self._printed in ready and not self._drain():
                self._poll.unregister(self._printed)
            if self._channel.fileno() in ready:
                return

    def _drain(self) -> bool:
        """Read what was printed, keep its beginning; False once nothing more can come."""
        try:
            data = os.read(self._printed, READ_BYTES)
        except BlockingIOError:
            return True
        self.printed_bytes += len(data)
        room = self._parent.limits.output_bytes - len(self.output)
        self.output += data[: max(room, 0)]
        return bool(data)


def _is_description(error: Any) -> bool:
    """Whether ``error`` has the form in which a worker describes an exception."""
    return (
        isinstance(error, dict)
        and set(error) == {"type", "message", "trace"}
        and isinstance(error["type"], str)
        and isinstance(error["message"], str)
        and isinstance(error["trace"], list)
        and all(
            isinstance(frame, dict)
            and {key: type(value) for key, value in frame.items()}
            == {"file": str, "line": int, "function": str, "text": str}
            for frame in error["trace"]
        )
    )


def capital(text: str) -> str:
    """``text`` as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
