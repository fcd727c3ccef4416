"""A student's time is his own: a busy machine costs nobody a point, and a sleeper still ends."""

from __future__ import annotations

import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.limits import Limits
from kit.sandbox.faults import StudentFault
from kit.sandbox.tester import process
from kit.sandbox.tester.process import WarmParent, Worker
from kit.sandbox.tester.session import Session
from kit.sandbox.worker.waited import waited
from tests.support.hostile import reference
from tests.support.processes import PATIENCE
from tests.support.results import without_time

TIMES = 8
"""How many busy loops there are beside the grader on its one core."""


SLOW = b"""

import time

_relu_backward = relu_backward


def relu_backward(dout, cache):
    began = time.process_time()
    while time.process_time() < began + 0.016:
        pass
    return _relu_backward(dout, cache)
"""


@pytest.fixture
def one_core() -> Iterator[None]:
    """This process and what it starts have one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    yield
    os.sched_setaffinity(0, before)


@contextmanager
def overload() -> Iterator[None]:
    """The core of this process is shared with others that never rest."""
    loops = [
        # each in a session of its own, for the kernel shares a core between sessions
        subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True)
        for _ in range(TIMES)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait(timeout=PATIENCE)


def accounted() -> bool:
    """Whether this kernel says how long a process has waited for a processor."""
    return os.path.exists("/proc/self/schedstat")


needs_account = pytest.mark.skipif(not accounted(), reason="the kernel has no /proc/PID/schedstat")


@needs_account
@pytest.mark.usefixtures("one_core")
class TestOverload:
    def test_gradings_under_eight_times_overload_are_the_same(
        self, optimization: Assignment, thorough: bool
    ) -> None:
        """Each call works for a third of its time; beside others that is three times its time."""
        files = dict(reference(optimization).files)
        files["nndl/layers.py"] += SLOW
        slow = Submission("slow", files)
        with Grader(optimization, ["relu_backward"], Limits(call_seconds=0.05)) as grader:
            first = without_time(grader.grade(slow).as_dict())
            assert first["score"] == first["max_score"]
            with overload():
                for _ in range(10 if thorough else 3):
                    assert without_time(grader.grade(slow).as_dict()) == first

    def test_what_waits_for_its_turn_is_given_the_time(self) -> None:
        """What takes 0.2 s of work takes almost two on a busy core, and 0.4 are allowed."""
        work = b"import time\ndef f():\n    while time.process_time() < 0.2: pass\n    return 1\n"
        with WarmParent(replace(Limits(), call_seconds=0.4)) as parent:
            session = Session({"w.py": work}, parent)
            with overload():
                assert Student(session).w.f() == 1
            session.close()

    @pytest.mark.parametrize("body", ["time.sleep(600)", "while True: pass"])
    def test_who_sleeps_or_spins_is_stopped_all_the_same(self, body: str) -> None:
        with WarmParent(replace(Limits(), call_seconds=0.05)) as parent:
            session = Session({"w.py": f"import time\ndef f():\n    {body}\n".encode()}, parent)
            with overload(), pytest.raises(StudentFault, match=r"did not return within 0\.05 s"):
                Student(session).w.f()
            session.close()


def test_what_spins_ends_where_worker_and_tester_wait_at_the_same_time(
    warm_parent: WarmParent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together they then wait longer than the time that passes, and are granted more than that."""
    clock = Clock()
    worker = Worker(warm_parent)
    monkeypatch.setattr(process, "time", clock)
    monkeypatch.setattr(process, "_waited_here", lambda: clock.wakes)
    monkeypatch.setattr(warm_parent, "waited", lambda _: (0.9 * clock.now, 0.1 * clock.now))
    worker._poll = clock  # type: ignore[assignment]  # all that is used of it is below
    worker._excused = worker._excused_here = 0.0
    worker._give(0.05, math.inf)
    with pytest.raises(TimeoutError):
        worker._wait(select.POLLIN)
    monkeypatch.undo()
    worker.end()


class Clock:
    """In place of ``time`` and ``select.poll``: nothing is ever ready, and each wait ends late."""

    now = wakes = 0.0

    def monotonic(self) -> float:
        return self.now

    def modify(self, *_: object) -> None:
        """What is waited for is no matter."""

    def poll(self, milliseconds: float) -> list[tuple[int, int]]:
        self.now += milliseconds / 1000 + 0.1
        self.wakes += 0.1
        assert self.now < 600, "a spinning worker is waited for without end"
        return []


@needs_account
def test_waiting_is_counted_by_the_kernel() -> None:
    assert waited("self") >= 0
    assert waited("no such process") == 0
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        began, end = waited("self"), time.monotonic() + 60
        while waited("self") < began + 0.1 and time.monotonic() < end:
            pass
        assert waited("self") >= began + 0.1
    finally:
        loop.kill()
        loop.wait(timeout=PATIENCE)
        os.sched_setaffinity(0, before)
