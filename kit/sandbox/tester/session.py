"""One submission's time with workers: from the first call to the last, within its limits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from kit.sandbox import wire
from kit.sandbox.faults import KitFault, StudentFault, StudentTimeout
from kit.sandbox.tester import places
from kit.sandbox.tester.places import Definition
from kit.sandbox.tester.process import Answer, Request, WarmParent, Worker, capital
from kit.sandbox.tester.transcript import Transcript

MOST_PLACES = 3
"""Of so many functions a message says where they are."""


@dataclass(frozen=True)
class Handle:
    """An object in a worker: known there by a number, and gone with that worker."""

    worker: Worker
    number: int
    type_name: str


class Session:
    """Runs a submission in a worker, and in a new one after a call that ended it.

    ``sources`` are the files sent to the worker, those we provide and those that were handed in.
    """

    def __init__(
        self,
        sources: Mapping[str, bytes],
        parent: WarmParent,
        transcript: Transcript | None = None,
        answers: Callable[[str, list[Any]], dict[str, Any]] | None = None,
    ) -> None:
        self.sources = dict(sources)
        self.transcript = transcript or Transcript()
        """What was asked and answered, for those tasks whose mistakes are known."""
        self._parent = parent
        self._worker: Worker | None = None
        self._seconds_left = parent.limits.total_seconds
        self.call_seconds = parent.limits.call_seconds
        """What one call may take, in seconds of the wall clock."""
        self.layers: list[str] = []
        """The layers of isolation under which the submission ran."""
        self.output = bytearray()
        """The beginning of what the submission printed."""
        self.printed_bytes = 0
        """How much it printed in all."""
        self._timeouts: Counter[str] = Counter()
        self._answers = answers
        self._room = wire.MOST
        self._began: float | None = None
        self._called: dict[tuple[str, str, bool], None] = {}
        self._definitions: dict[tuple[str, str, bool], Definition | None] = {}

    def begin(self) -> None:
        """Begin a check: what its calls bring back may be as large as what any other's do.

        From the first on, the processor time of the thread that judges is counted.
        """
        self._room = wire.MOST
        self._called.clear()
        if self._began is None:
            self._began = time.thread_time()

    def note_call(self, owner: str, name: str, *, method: bool) -> None:
        """Remember that the check calls ``name`` of a module, or of the class ``owner``."""
        self._called[owner, name, method] = None

    def definition(self, owner: str, name: str, *, method: bool) -> Definition | None:
        """Where the submission defines what ``note_call`` takes."""
        key = owner, name, method
        if key not in self._definitions:
            find = places.method if method else places.find
            self._definitions[key] = find(self.sources, owner, name)
        return self._definitions[key]

    def called(self) -> str:
        """Where the submission defines what this check called; empty where that is not found."""
        by_objects = any(method for _, _, method in self._called)
        found = [
            self.definition(owner, name, method=method)
            for owner, name, method in self._called
            if method or not by_objects  # of an object, what was asked of it is what matters
        ]
        return "; ".join(str(each) for each in found[-MOST_PLACES:] if each is not None)

    def start(self) -> Worker:
        """The submission's worker, started where there is none.

        Raises KitFault or IsolationMissing where it can't be started.
        """
        if self._worker is not None and not self._worker.alive:
            self.close()
        if self._worker is None:
            worker = Worker(self._parent)
            sources = {name: np.frombuffer(data, np.uint8) for name, data in self.sources.items()}
            self._worker, self.layers = worker, worker.layers
            try:
                worker.request(
                    "loading",
                    self._parent.limits.call_seconds,
                    {"operation": "load", "sources": sources},
                )
            except StudentFault as fault:  # no line of the submission has run yet: it is ours
                raise KitFault(f"A worker could not take the submission: {fault}") from fault
        return self._worker

    def close(self) -> None:
        """End the submission's worker."""
        if self._worker is not None:
            with suppress(KitFault):  # then it has gone together with its parent
                self._worker.end()
            room = self._parent.limits.output_bytes - len(self.output)
            self.output += self._worker.output[: max(room, 0)]
            self.printed_bytes += self._worker.printed_bytes
            self._worker = None

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """Have ``requests`` carried out in order and return what each gave; see ``Worker.ask``."""
        if self._judged_for() > self._parent.limits.tester_seconds:
            return [Answer(fault=self._too_much(request.what)) for request in requests]
        refused = {
            number: Answer(fault=self._too_often(request.what))
            for number, request in enumerate(requests if self._timeouts else ())
            if self._timeouts[request.what] >= self._parent.limits.timeouts
        }
        if len(refused) == len(requests):
            return list(refused.values())
        sent = [request for number, request in enumerate(requests) if number not in refused]
        worker = self.start()
        began, granted = time.monotonic(), worker.granted
        given = worker.ask(sent, self.call_seconds, self._seconds_left, self._room)
        self._room = worker.room
        self._seconds_left -= time.monotonic() - began - (worker.granted - granted)
        answers = [
            answer if answer.fault is None else self._judged(request.what, answer.fault)
            for request, answer in zip(sent, given, strict=True)
        ]
        for number in sorted(refused):
            answers.insert(number, refused[number])
        return answers

    def _judged_for(self) -> float:
        """The processor time that went into judging, in seconds."""
        return 0.0 if self._began is None else time.thread_time() - self._began

    @property
    def ask_back(self) -> Callable[[str, list[Any]], dict[str, Any]] | None:
        """Answers what the submission's code asks for while it is called, where it may ask."""
        return None if self._answers is None else self._answered

    def _answered(self, name: str, arguments: list[Any]) -> dict[str, Any]:
        assert self._answers is not None
        if self._judged_for() > self._parent.limits.tester_seconds:
            return {"error": "too much was asked for"}
        return self._answers(name, arguments)

    def _too_much(self, what: str) -> StudentFault:
        return StudentFault(
            f"{capital(what)} was not called: to judge what your code returned before took more "
            f"than {self._parent.limits.tester_seconds:g} s of processor time."
        )

    def _too_often(self, what: str) -> StudentFault:
        return StudentFault(
            f"{capital(what)} was not called again: it did not return "
            f"{self._timeouts[what]} times before."
        )

    def _judged(self, what: str, fault: StudentFault) -> Answer:
        """The answer of a request that failed, once it is noted whether it took too long."""
        self._timeouts[what] += isinstance(fault, StudentTimeout)
        if self._seconds_left > 0:
            return Answer(fault=fault)
        return Answer(
            fault=StudentFault(
                f"{capital(what)} did not return: all calls of your code together took more than "
                f"{self._parent.limits.total_seconds:g} s."
            )
        )

    def handle(self, remote: wire.Remote) -> Handle:
        """The handle of an object that the worker named in its last replies."""
        assert self._worker is not None
        return Handle(self._worker, remote.id, remote.type_name)

    def remote(self, handle: Handle, what: str) -> wire.Remote:
        """How the object behind ``handle`` travels: by its number in the present worker.

        Raises StudentFault where it has gone with its worker; ``what`` is what needs it.
        """
        if handle.worker is not self._worker:
            raise StudentFault(
                f"Could not run {what}: the process of your code ended before, and with it its "
                f"{handle.type_name} object."
            )
        return wire.Remote(handle.number, handle.type_name)
