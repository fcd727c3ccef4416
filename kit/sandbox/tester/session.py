"""Runs all calls of one submission in workers, within its limits."""

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
"""The most functions whose places one message gives."""


@dataclass(frozen=True)
class Handle:
    """An object in a worker, known there by a number; it ends with that worker."""

    worker: Worker
    number: int
    type_name: str


class Session:
    """Runs a submission in a worker, and in a new worker after a call that ended the last one.

    ``sources`` are the files sent to the worker: the provided files and the submitted ones. All
    calls together may take ``seconds``, or what the limits say.
    """

    def __init__(
        self,
        sources: Mapping[str, bytes],
        parent: WarmParent,
        transcript: Transcript | None = None,
        answers: Callable[[str, list[Any]], dict[str, Any]] | None = None,
        seconds: float | None = None,
    ) -> None:
        self.sources = dict(sources)
        self.transcript = transcript or Transcript()
        """The requests and answers, for the tasks that have known mistakes."""
        self._parent = parent
        self._worker: Worker | None = None
        self._seconds_left = parent.limits.total_seconds if seconds is None else seconds
        self.call_seconds = parent.limits.call_seconds
        """The limit of one call, in seconds of wall-clock time."""
        self.layers: list[str] = []
        """The layers of isolation under which the submission ran."""
        self.output = bytearray()
        """The beginning of the submission's printed output."""
        self.printed_bytes = 0
        """The size of the whole printed output."""
        self._timeouts: Counter[str] = Counter()
        self._answers = answers
        self._room = wire.MOST
        self._began: float | None = None
        self._called: dict[tuple[str, str, bool], None] = {}
        self._definitions: dict[tuple[str, str, bool], Definition | None] = {}

    def begin(self, room: wire.Header = wire.MOST) -> None:
        """Begin a check, whose replies may be as large as ``room``.

        From the first check on, the processor time of the judging thread is counted.
        """
        self._room = room
        self._called.clear()
        if self._began is None:
            self._began = time.thread_time()

    def note_call(self, owner: str, name: str, *, method: bool) -> None:
        """Remember that the check calls ``name`` of a module, or of the class ``owner``."""
        self._called[owner, name, method] = None

    def definition(self, owner: str, name: str, *, method: bool) -> Definition | None:
        """Where the submission defines the function given as to ``note_call``; None if unknown."""
        key = owner, name, method
        if key not in self._definitions:
            find = places.method if method else places.find
            self._definitions[key] = find(self.sources, owner, name)
        return self._definitions[key]

    def called(self) -> str:
        """Where the submission defines the functions that this check called; empty if unknown."""
        by_objects = any(method for _, _, method in self._called)
        found = [
            self.definition(owner, name, method=method)
            for owner, name, method in self._called
            if method or not by_objects  # for an object, only the called methods matter
        ]
        return "; ".join(str(each) for each in found[-MOST_PLACES:] if each is not None)

    def start(self) -> Worker:
        """The submission's worker, started if there is none.

        Raises KitFault or IsolationMissing if it can't be started.
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
            except StudentFault as fault:  # no line of the submission has run yet: our fault
                raise KitFault(f"A worker could not take the submission: {fault}") from fault
        return self._worker

    def close(self) -> None:
        """End the submission's worker."""
        if self._worker is not None:
            with suppress(KitFault):  # the worker has gone together with its parent
                self._worker.end()
            room = self._parent.limits.output_bytes - len(self.output)
            self.output += self._worker.output[: max(room, 0)]
            self.printed_bytes += self._worker.printed_bytes
            self._worker = None

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """Have ``requests`` carried out in order; the answer to each. See ``Worker.ask``."""
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
        """The processor time spent on judging, in seconds."""
        return 0.0 if self._began is None else time.thread_time() - self._began

    @property
    def ask_back(self) -> Callable[[str, list[Any]], dict[str, Any]] | None:
        """The function that answers questions of the submission's code; None if it may not ask."""
        return None if self._answers is None else self._answered

    def _answered(self, name: str, arguments: list[Any]) -> dict[str, Any]:
        assert self._answers is not None
        if self._judged_for() > self._parent.limits.tester_seconds:
            return {"error": "the code asked for too many values"}
        return self._answers(name, arguments)

    def _too_much(self, what: str) -> StudentFault:
        return StudentFault(
            f"{capital(what)} was not called: judging the earlier answers of your code took more "
            f"than {self._parent.limits.tester_seconds:g} s of processor time."
        )

    def _too_often(self, what: str) -> StudentFault:
        return StudentFault(
            f"{capital(what)} was not called again: {self._timeouts[what]} earlier calls did not "
            "return in time."
        )

    def _judged(self, what: str, fault: StudentFault) -> Answer:
        """The answer to a failed request; counts it if it took too long."""
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
        """The handle of an object that the worker named in its latest replies."""
        assert self._worker is not None
        return Handle(self._worker, remote.id, remote.type_name)

    def remote(self, handle: Handle, what: str) -> wire.Remote:
        """The reference that is sent for ``handle``: the object's number in the current worker.

        Raises StudentFault if the object has gone with its worker. ``what`` names the call that
        needs it, for the message.
        """
        if handle.worker is not self._worker:
            raise StudentFault(
                f"Could not run {what}: the process of your code ended earlier, and its "
                f"{handle.type_name} object was lost."
            )
        return wire.Remote(handle.number, handle.type_name)
