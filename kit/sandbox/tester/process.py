"""Starts workers and talks to them; trusts no answer and never waits without a limit."""

from __future__ import annotations

import fcntl
import json
import math
import os
import resource
import secrets
import select
import signal
import socket
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import IO, Any, NamedTuple, NoReturn

from kit.limits import MIB, Limits
from kit.sandbox import host, wire
from kit.sandbox.faults import (
    IsolationMissing,
    KitFault,
    StudentFault,
    StudentTimeout,
    WorkerLost,
)
from kit.sandbox.tester import isolation
from kit.sandbox.tester.launch import BEGIN_SECONDS, kill, launch
from kit.sandbox.worker.waited import waited

START_SECONDS = 60.0
END_SECONDS = 5.0
CPU_GRACE_SECONDS = 2
"""How long after SIGXCPU a worker is killed; see ``kit.sandbox.worker.confine``."""
HELLO_SECONDS = 20.0
CONTROL_BYTES = 64 * 1024
READ_BYTES = 1024 * 1024
READ_ON = sys.maxsize
"""How many bytes may be received before the deadline: as many as come."""
LEAST_GRANT = 0.01
"""Seconds; a shorter wait for the processor doesn't extend a call's time."""
BELL = 0
"""Poll the channel for no event, so that it reports only the end of the worker."""
OWN_SIGNALS = {
    getattr(signal, f"SIG{name}")
    for name in "SEGV BUS ILL FPE TRAP SYS ABRT PIPE XFSZ XCPU".split()
}
"""The signals that code can cause in its own process although it may send none. Any other signal
that ends a worker came from outside. So did SIGKILL, unless it enforced the limit on processor
time; the time used tells."""


class WarmParent:
    """The process from which workers are forked; a context manager that ends it and its workers.

    It starts in namespaces if the host offers them, unless ``floor_only`` limits isolation to the
    floor. With ``trust``, workers may run even without the floor. ``packages`` are the modules that
    submissions may import besides NumPy and the standard library. Without any of these options the
    process may be a copy of an earlier warm parent, and so warm at once; ``first`` is the control
    socket of that parent.

    If a worker or the process itself is lost through no fault of a submission, the process forks no
    more workers until ``renew``, and the submission's results so far don't count. Raises
    IsolationMissing if the floor is not available, KitFault if no process can be started.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        floor_only: bool = False,
        trust: bool = False,
        packages: Sequence[str] = (),
        first: socket.socket | None = None,
    ) -> None:
        self.limits = _as_the_host_has_it(limits or Limits())
        self.trust = trust
        self.lost: str | None = None
        """How a worker was lost since the last ``renew``; None if none was."""
        self.final = False
        """Whether this is the last try; a doubtful loss then counts as the submission's fault."""
        self._first = first
        self._settings: dict[str, Any] = {
            "floor_only": floor_only,
            "trust": trust,
            "packages": packages,
        }
        self._open()

    def _open(self) -> None:
        """Start the process in the best way that works here."""
        self._gone = True
        self._held = ExitStack()
        self._errors: IO[bytes] | None = None
        self._memory_kills = host.memory_kills()
        floor_only, first = self._settings["floor_only"], self._first
        ways: list[Callable[[], None]] = [lambda: self._start([])]
        namespaces = None if floor_only else isolation.namespace_command()
        if namespaces is not None:
            ways.insert(0, lambda: self._start(namespaces))
        if first is not None and not any(self._settings.values()):
            ways.insert(0, lambda: self._copy(first))
        for way in ways:
            try:
                way()
            except KitFault as fault:  # the host makes no namespaces, or the first parent has gone
                self._held.close()
                if isinstance(fault, IsolationMissing) or way is ways[-1]:
                    raise
            else:
                self._gone = False
                return

    def _start(self, namespaces: Sequence[str]) -> None:
        """Start the process, in ``namespaces`` if there are any, and wait until it is warm."""
        errors = open(os.memfd_create("errors"), "w+b")  # noqa: SIM115 - lives as long as the process
        self._errors = self._held.enter_context(errors)
        self._process, self._control = launch(namespaces, errors, **self._settings)
        self._held.callback(kill, self._process)
        self._held.enter_context(self._control)
        self._control.settimeout(BEGIN_SECONDS if namespaces else START_SECONDS)
        self._answer()  # the message that it has begun
        self._await()

    def _copy(self, first: socket.socket) -> None:
        """Ask ``first`` to fork a copy for us, with the cores and scheduling of this process."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._held.enter_context(self._control)  # closing it ends the copy, which isn't our child
        how = {"cores": sorted(host.cores()), "policy": os.sched_getscheduler(0)}
        request = json.dumps({"copy": how}).encode()
        with theirs:
            try:
                socket.send_fds(first, [request], [theirs.fileno()])
            except OSError as error:
                raise KitFault(f"The first warm parent has gone ({error}).") from error
        self._await()

    def _await(self) -> None:
        """Wait until the process is warm."""
        self._control.settimeout(START_SECONDS)
        answer = self._answer()
        if "refused" in answer:
            raise IsolationMissing(answer["refused"])

    def __enter__(self) -> WarmParent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the parent and every worker that it still has."""
        if not self._gone:
            self._gone = True
            with suppress(OSError):
                self._control.settimeout(END_SECONDS)
                self._control.shutdown(socket.SHUT_WR)
                self._control.recv(CONTROL_BYTES)  # returns nothing once the process has ended
        self._held.close()  # kills the process, whatever it is doing

    def renew(self, *, final: bool = False) -> None:
        """Get ready for a submission, or for another try of the same one after a loss.

        Starts the process again if it has gone; raises the same errors as the constructor.
        ``final`` means that this is the last try.
        """
        self.final = final
        if self._gone:
            self._held.close()
            self._open()
        self.lost = None

    def lose(self, message: str) -> WorkerLost:
        """Stop forking until ``renew``; returns the fault to raise, which says why."""
        self.lost = message
        return WorkerLost(message)

    def spawn(self, channel: socket.socket, bell: int, output: int) -> int:
        """Fork a worker that talks on ``channel``, rings ``bell`` and prints to ``output``.

        Returns its process id.
        """
        if self.lost is not None:
            raise WorkerLost(self.lost)
        limits = {k: v for k, v in self.limits.as_dict().items() if isinstance(v, int)}
        request = json.dumps({"spawn": limits}).encode()
        reply = self._ask(request, [channel.fileno(), bell, output])
        if "failed" in reply:
            raise self.lose(f"No worker can be started on this machine ({reply['failed']}).")
        return int(reply["pid"])

    def end(self, pid: int, *, closed: bool = False) -> dict[str, Any]:
        """End a worker; returns exit code (``status``), processor ``seconds`` and peak ``bytes``.

        If the worker has ``closed`` its channel, ``before`` tells whether it had ended by itself.
        """
        return self._ask(json.dumps({"end": pid, "closed": closed}).encode())

    def waited(self, pid: int) -> tuple[float, float]:
        """The seconds that a worker has so far waited for a processor, and those that it ran."""
        told = self._ask(json.dumps({"waited": pid}).encode())
        return float(told["seconds"]), float(told["ran"])

    def for_memory(self) -> bool:
        """Whether the kernel has killed a process for lack of memory since the last call."""
        before, self._memory_kills = self._memory_kills, host.memory_kills()
        return self._memory_kills > before

    def _ask(self, request: bytes, files: list[int] | None = None) -> dict[str, Any]:
        try:
            if self._gone:
                raise KitFault("The warm parent of the workers has gone.")
            try:
                socket.send_fds(self._control, [request], files or [])
            except OSError as error:
                raise KitFault(f"The warm parent of the workers has gone ({error}).") from error
            return self._answer()
        except KitFault as fault:
            self._gone = True
            raise self.lose(str(fault)) from fault

    def _answer(self) -> dict[str, Any]:
        try:
            message = self._control.recv(CONTROL_BYTES)
        except OSError as error:
            raise KitFault(f"The warm parent of the workers doesn't answer ({error}).") from error
        if not message:
            raise KitFault(f"The warm parent of the workers has ended. {self._said()}".strip())
        return dict(json.loads(message))

    def _said(self) -> str:
        """The last line of the process's error messages."""
        if self._errors is None or self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


def _as_the_host_has_it(limits: Limits) -> Limits:
    """``limits``, with processor time reduced to what this process's own limit leaves a worker."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or hard >= limits.cpu_seconds + CPU_GRACE_SECONDS:
        return limits
    return replace(limits, cpu_seconds=max(1, hard - CPU_GRACE_SECONDS))


class Request(NamedTuple):
    """A request to a worker.

    ``what`` names it in messages, such as "your `accuracy`". ``keep`` and ``revive`` are those of
    ``kit.sandbox.wire``: ``keep`` gives the references in ``message``, ``revive`` the objects for
    the references in the reply.
    """

    what: str
    message: Mapping[str, Any]
    ask: Callable[[str, list[Any]], dict[str, Any]] | None = None
    """Answers questions of the student's code during the request; None allows no questions."""
    keep: Callable[[Any], wire.Remote] | None = None
    revive: wire.Revive | None = None


class Answer(NamedTuple):
    """The outcome of a request: a ``value``, or a ``fault`` if the student's code gave none."""

    value: Any = None
    fault: StudentFault | None = None
    size: int = 0
    """The size of the request and its reply, in bytes."""

    @staticmethod
    def without(fault: StudentFault) -> Answer:
        """An answer with a fault. The fault loses its traceback, whose frames hold all replies."""
        return Answer(fault=fault.with_traceback(None))


class _Expected(NamedTuple):
    """The next expected reply: the reply to ``request``, number ``number`` in its batch."""

    request: Request
    nonce: str
    number: int
    last: bool

    def by(self, reply: Any, keys: Set[str]) -> bool:
        """Whether ``reply`` answers this request and holds exactly ``keys`` besides."""
        if type(reply) is not dict or reply.keys() != keys | {"nonce", "number"}:
            return False
        nonce, number = reply["nonce"], reply["number"]
        # an array may stand there, and == on an array gives no bool
        return (type(nonce), type(number), nonce, number) == (str, int, self.nonce, self.number)


class Worker:
    """One confined process that serves one submission.

    ``layers`` are the layers of isolation that hold for it. ``output`` is the beginning of its
    printed output. A worker that breaks a rule is ended, and every later request raises
    StudentFault.
    """

    def __init__(self, parent: WarmParent) -> None:
        self._parent = parent
        self._deadline = 0.0
        self._excused = self._excused_here = 0.0
        self._own_seconds, self._ran_before = 0.0, math.inf
        self.granted = 0.0
        """Seconds of extra time for calls because the machine was busy with other work."""
        self.output = bytearray()
        self.printed_bytes = 0
        self._ended: dict[str, Any] | None = None
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._printed, printing = os.pipe()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        os.set_blocking(self._printed, False)
        self._channel.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._channel, BELL)
        self._poll.register(self._bell, select.POLLIN)
        self._poll.register(self._printed, select.POLLIN)
        self._inbox = wire.Inbox(self._pull)
        self.room = wire.MOST
        """The size that remains for further replies."""
        try:
            self._pid = parent.spawn(theirs, self._bell, printing)
        except KitFault:
            self._close()
            raise
        finally:
            theirs.close()
            os.close(printing)
        self.layers = self._greet()

    @property
    def alive(self) -> bool:
        """Whether the worker can still take requests."""
        return self._ended is None

    def _greet(self) -> list[str]:
        self._give(HELLO_SECONDS, math.inf)
        self._excused_here = _waited_here()
        try:
            hello, _ = self._receive()
        except (wire.WireError, EOFError, TimeoutError) as error:
            self.end()  # no line of the submission has run yet, so it is not at fault
            reason = f"A worker did not start ({type(error).__name__})."
            raise self._parent.lose(reason) from error
        if "refused" in hello:
            self.end()
            raise IsolationMissing(hello["refused"])
        missing = isolation.REQUIRED - set(hello["layers"])
        if missing and not self._parent.trust:
            self.end()
            raise IsolationMissing(f"A worker lacks {', '.join(sorted(missing))}.")
        return list(hello["layers"])

    def request(self, what: str, seconds: float, message: Mapping[str, Any]) -> Any:
        """Send one request and return its value, within ``seconds``; see ``ask``."""
        (answer,) = self.ask([Request(what, message)], seconds)
        if answer.fault is not None:
            raise answer.fault
        return answer.value

    def ask(
        self,
        requests: Sequence[Request],
        seconds: float,
        in_all: float = math.inf,
        room: wire.Header = wire.MOST,
    ) -> list[Answer]:
        """Send requests at once and return the answer to each; they are carried out in order.

        Each answer may take ``seconds`` after the previous one, and all together ``in_all``. All
        answers together may be as large as ``room``; afterwards ``self.room`` holds the rest of it.
        Raises WireError, and sends nothing, if a value can't be sent.
        """
        self.room = room
        self._excused_here = _waited_here()
        latest = time.monotonic() + in_all
        nonce = secrets.token_hex(16)
        bundle = wire.Bundle()
        bundle.add(nonce)
        answers: dict[int, Answer] = {}
        sizes: dict[int, int] = {}
        for number, request in enumerate(requests):
            try:
                sizes[number] = bundle.add(request.message, request.keep)
            except StudentFault as fault:  # the request refers to an object that is gone
                answers[number] = Answer.without(fault)
        frame = bundle.frame()
        try:
            frame.require_size()
        except wire.WireError as error:  # a large value of the student's code goes back to it
            for number in sizes:
                what = capital(requests[number].what)
                answers[number] = Answer(fault=StudentFault(f"{what} was not called: {error}."))
            sizes.clear()
        for place, (number, size) in enumerate(sizes.items()):
            self._give(seconds, latest)
            expected = _Expected(requests[number], nonce, place, last=place == len(sizes) - 1)
            try:
                value, replied = self._answer(expected, frame, seconds)
                answers[number] = Answer(value, size=size + replied)
            except StudentFault as fault:
                answers[number] = Answer.without(fault)
        return [answers[number] for number in range(len(requests))]

    def _answer(self, expected: _Expected, frame: wire.Frame, seconds: float) -> tuple[Any, int]:
        """A request's value and its reply's bytes; the first request of a batch sends ``frame``."""
        what = expected.request.what
        if not self.alive:
            raise StudentFault(f"Could not run {what}: the process of your code has ended.")
        try:
            if expected.number == 0:
                self._send(frame)
                try:
                    self._wait(BELL)
                except TimeoutError:  # what has come by now counts, even without a bell
                    self._at_hand = _queued(self._channel)
            reply, size = self._receive(expected.request.revive)
            while (answer := self._asked(reply, expected)) is not None:
                self._send(answer)
                reply, more = self._receive(expected.request.revive)
                size += more
            value = self._open(reply, expected)
            if expected.last and self._inbox.waiting:
                raise wire.WireError("more than one frame came")
        except TimeoutError:
            self.end()
            raise StudentTimeout(f"{capital(what)} did not return within {seconds:g} s.") from None
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._explain_end(what)
        except wire.WireError as error:
            self.end()
            raise StudentFault(f"{capital(what)} sent a malformed reply: {error}.") from None
        return value, size

    def _asked(self, reply: Any, expected: _Expected) -> wire.Frame | None:
        """The answer to a question of the student's code; None if ``reply`` is no question."""
        ask = expected.request.ask
        if ask is None or not expected.by(reply, {"ask", "arguments"}):
            return None
        name, arguments = reply["ask"], reply["arguments"]
        if type(name) is not str or type(arguments) is not list:
            return None
        try:
            answer = wire.encode(ask(name, arguments))
            answer.require_size()
        except wire.WireError as error:
            return wire.encode({"error": str(error)})
        return answer

    def _open(self, reply: Any, expected: _Expected) -> Any:
        """The value in a reply, after a check that it is the ``expected`` reply."""
        what = expected.request.what
        if expected.by(reply, {"ok"}):
            return reply["ok"]
        if expected.by(reply, {"error"}) and _is_description(reply["error"]):
            raise StudentFault(self._sentence(what, reply["error"]), reply["error"])
        self.end()
        raise StudentFault(f"{capital(what)} sent a malformed reply: it answers no request.")

    def _sentence(self, what: str, error: dict[str, Any]) -> str:
        """The sentence that a student reads about an exception."""
        if error["type"] == "NotImplementedError":
            return f"{capital(what)} is not implemented yet: {error['message']}"
        said = f"{capital(what)} raised {error['type']}: {error['message']}"
        if error["type"] == "MemoryError":
            allowed = self._parent.limits.address_space_bytes // MIB
            said += f" (your code may use {allowed:,} MiB, including the data set)"
        if error["trace"]:
            last = error["trace"][-1]
            said += f" ({last['file']}, line {last['line']})"
        return said

    def _explain_end(self, what: str) -> NoReturn:
        ended = self.end(closed=True)
        status, allowed = ended["status"], self._parent.limits.cpu_seconds
        if status == -signal.SIGXCPU or ended["seconds"] > allowed:
            how = f"was stopped: your code used more than {allowed} s of processor time"
        elif not ended["before"]:
            how = "ended without an answer: it closed the connection to the tester"
        elif status >= 0:
            how = f"ended the process (exit code {status})"
        elif -status in OWN_SIGNALS:
            how = f"crashed with {signal.Signals(-status).name}"
        else:
            how = self._explain_kill(ended)
        raise StudentFault(f"{capital(what)} {how}.")

    def _explain_kill(self, ended: Mapping[str, Any]) -> str:
        """How the submission caused a kill; raises WorkerLost if it did not cause it.

        A submission that may send no signals, and used less than its share of memory, can't cause
        one. Any other submission counts as the cause if the kill happens in every try.
        """
        parent, name = self._parent, signal.Signals(-ended["status"]).name
        held, share = ended["bytes"], parent.limits.resident_bytes
        how = f"was killed from outside ({name})"
        if parent.for_memory():
            how = f"was killed by the kernel because this machine ran out of memory ({name})"
        may_be_own = held > share or "seccomp" not in self.layers
        if may_be_own and parent.final:
            return f"{how} in every try; it held {held // MIB:,} MiB"
        raise parent.lose(f"A worker {how}; it held {held // MIB:,} MiB.")

    def end(self, *, closed: bool = False) -> dict[str, Any]:
        """End the worker; returns its exit code, processor seconds and peak bytes.

        ``closed`` means that its channel was found closed; see ``WarmParent.end``.
        """
        if self._ended is None:
            self._ended = {}
            try:
                self._ended = self._parent.end(self._pid, closed=closed)
            finally:
                self._drain()
                self._close()
        return self._ended

    def _close(self) -> None:
        self._channel.close()
        os.close(self._bell)
        os.close(self._printed)

    # -- bytes -----------------------------------------------------------------------------------

    def _send(self, frame: wire.Frame) -> None:
        files = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in frame.files]
        try:
            for part in frame.parts():
                rest = memoryview(part)
                while rest:
                    rest = rest[self._push(rest, files) :]
                    while files:
                        os.close(files.pop())
        finally:
            for file in files:
                os.close(file)

    def _push(self, data: memoryview, files: Sequence[int] = ()) -> int:
        """Send as many bytes as the channel takes, after a wait if needed; returns their number."""
        while True:
            try:
                if files:
                    return socket.send_fds(self._channel, [data], list(files))
                return self._channel.send(data)
            except BlockingIOError:
                self._wait(select.POLLOUT)

    def _receive(self, revive: wire.Revive | None = None) -> tuple[Any, int]:
        """The value in the next frame, and the frame's size in bytes."""
        tree, block, files = self._inbox.frame(self.room)
        if files:
            raise wire.WireError("a reply announces files")
        most = self.room
        self.room = wire.Header(most.tree - len(tree), most.block - len(block), most.files)
        return wire.decode(tree, block, revive=revive), len(tree) + len(block)

    def _pull(self, room: memoryview) -> int:
        """Receive at least one byte into ``room``; returns the number of bytes.

        Raises TimeoutError if the deadline has passed and all that had come by then is received: a
        reply that could grow while it is read would be whole on one run and not on the next.
        """
        waited = False
        while True:
            if self._at_hand == 0:
                raise TimeoutError
            try:
                count = self._channel.recv_into(room, min(len(room), READ_BYTES, self._at_hand))
            except BlockingIOError:
                if waited:  # an urgent byte wakes poll but can't be received
                    time.sleep(0.001)
                self._wait(select.POLLIN)
                waited = True
            else:
                if count == 0:
                    raise EOFError
                if self._at_hand < READ_ON:
                    self._at_hand -= count
                return count

    def _wait(self, event: int) -> None:
        """Wait until the channel is ready for ``event``, or the worker has gone.

        For BELL, wait until the worker signals that it has replied to every request, or that it can
        send no more before the tester receives something. Output printed meanwhile is read. Raises
        TimeoutError at the deadline.
        """
        self._poll.modify(self._channel, event)
        while True:
            left = self._deadline - time.monotonic()
            ready = dict(self._poll.poll(max(left, 0) * 1000))
            if self._printed in ready and not self._drain():
                self._poll.unregister(self._printed)
            if rung := self._bell in ready:
                with suppress(BlockingIOError):  # the student's process may have read it first
                    os.eventfd_read(self._bell)
            if self._channel.fileno() in ready or (rung and event == BELL):
                return
            if left <= 0:  # also where it prints or rings without end: neither is a reply
                self._grant()

    def _give(self, seconds: float, latest: float) -> None:
        """Set the deadline of an answer: in ``seconds``, and at the ``latest`` at that time."""
        self._deadline = min(time.monotonic() + seconds, latest)
        self._at_hand = READ_ON
        self._own_seconds, self._ran_before = seconds, math.inf

    def _grant(self) -> None:
        """Extend the deadline by the time in which worker and tester could not run.

        A busy machine must not take time from a student. Raises TimeoutError if the wait is too
        short to count, or if the worker has used all its time: on a very busy machine worker and
        tester wait at the same time, so the granted time grows as fast as time passes.
        """
        (theirs, ran), ours = self._parent.waited(self._pid), _waited_here()
        self._ran_before = min(self._ran_before, ran)
        grant = theirs - self._excused + ours - self._excused_here
        self._excused, self._excused_here = theirs, ours
        if grant < LEAST_GRANT or ran - self._ran_before > self._own_seconds:
            raise TimeoutError
        self._deadline += grant
        self.granted += grant

    def _drain(self) -> bool:
        """Read printed output and keep its beginning; False once no more output can come."""
        try:
            data = os.read(self._printed, READ_BYTES)
        except BlockingIOError:
            return True
        self.printed_bytes += len(data)
        room = self._parent.limits.output_bytes - len(self.output)
        self.output += data[: max(room, 0)]
        return bool(data)


def _waited_here() -> float:
    """The seconds that this thread has so far spent waiting for a processor."""
    return waited("thread-self")


def _queued(channel: socket.socket) -> int:
    """The number of bytes that have come through ``channel`` and are not yet received."""
    (count,) = struct.unpack("i", fcntl.ioctl(channel, termios.FIONREAD, bytes(4)))
    return int(count)


def _is_description(error: Any) -> bool:
    """Whether ``error`` has the form of a worker's description of an exception."""
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
    """``text`` with a capital first letter, to begin a sentence."""
    return text[:1].upper() + text[1:]
