"""Whoever kills a worker or the process it is forked from, no right submission pays for it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.limits import Limits
from kit.sandbox.faults import WorkerLost
from kit.sandbox.tester import process
from kit.sandbox.tester.process import WarmParent, Worker
from kit.sandbox.tester.session import Session
from tests.support.course import ROOT, SLEEPY, SOLUTION, submission
from tests.support.processes import PATIENCE, descendants, still_running

PERFECT = ("graded", 6)
OURS = ("error", None)
ATTEMPTS = Limits().attempts
REMEMBER = SOLUTION[SOLUTION.index("def remember") :]

Kill = Callable[[int, int], None]
"""Told the number of a worker and that of its parent; ends one of them."""


def outcome(result: dict[str, Any]) -> tuple[str, float | None]:
    """What a class list shows of a result."""
    return result["status"], result["score"]


@pytest.fixture(scope="module")
def floor(tiny: Assignment) -> Iterator[Grader]:
    """Without namespaces, in which a worker would have another number than out here."""
    with Grader(tiny, floor_only=True) as ready:
        yield ready


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each time that a submission is graded from the start."""
    real, seen = Grader._graded, []

    def counted(grader: Grader, *given: Any) -> Any:
        seen.append(len(seen) + 1)
        return real(grader, *given)

    monkeypatch.setattr(Grader, "_graded", counted)
    return seen


class Ending:
    """Does something to the next ``times`` workers, or to their parent, at a certain moment."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, moment: str, kill: Kill, times: int
    ) -> None:
        self._kill, self._times = kill, times
        owner, name, after = MOMENTS[moment]
        real = getattr(owner, name)

        def ending(self_: Any, *given: Any, **named: Any) -> Any:
            if not after:
                self._do(self_, None)
            value = real(self_, *given, **named)
            if after:
                self._do(self_, value)
            return value

        monkeypatch.setattr(owner, name, ending)

    def _do(self, owner: Any, value: Any) -> None:
        if self._times > 0:
            if isinstance(owner, WarmParent):
                worker, parent = value, owner
            else:
                worker = (owner.start() if isinstance(owner, Session) else owner)._pid
                parent = owner._parent
            self._times -= 1
            self._kill(worker, parent._process.pid)


MOMENTS = {
    "as it starts": (WarmParent, "spawn", True),
    "before a request": (Worker, "_send", False),
    "after a request": (Worker, "_send", True),
    "before its reply is read": (Worker, "_receive", False),
    "in a call": (Session, "ask", False),
}


def kill_worker(worker: int, parent: int) -> None:
    os.kill(worker, signal.SIGKILL)


def kill_parent(worker: int, parent: int) -> None:
    os.kill(parent, signal.SIGKILL)


class TestWorker:
    """What the kernel says of a worker's end decides who is to blame."""

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_killed_once_it_costs_nothing(
        self,
        floor: Grader,
        tries: list[int],
        monkeypatch: pytest.MonkeyPatch,
        moment: str,
    ) -> None:
        Ending(monkeypatch, moment, kill_worker, times=1)
        result = floor.grade(submission(SOLUTION)).as_dict()
        assert outcome(result) == PERFECT
        assert tries == [1, 2]
        assert result["seed"] == submission(SOLUTION).seed

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
    def test_so_it_is_with_other_signals_that_it_cannot_send(
        self, floor: Grader, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
    ) -> None:
        Ending(monkeypatch, "before a request", lambda pid, _: os.kill(pid, number), times=1)
        assert outcome(floor.grade(submission(SOLUTION)).as_dict()) == PERFECT

    def test_killed_in_every_try_it_is_an_error_that_says_so(
        self, floor: Grader, tries: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Ending(monkeypatch, "after a request", kill_worker, times=1000)
        result = floor.grade(submission(SOLUTION)).as_dict()
        assert outcome(result) == OURS
        assert "A worker was killed from outside (SIGKILL)" in result["message"]
        assert len(tries) == ATTEMPTS

    def test_the_one_after_it_is_graded_as_ever(
        self, floor: Grader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            Ending(patched, "after a request", kill_worker, times=1000)
            assert outcome(floor.grade(submission(SOLUTION)).as_dict()) == OURS
        assert outcome(floor.grade(submission(SOLUTION)).as_dict()) == PERFECT

    def test_nothing_is_combined_from_two_tries(
        self, floor: Grader, tries: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What fails in one task fails in the try that counts, however often it is tried."""
        Ending(monkeypatch, "after a request", kill_worker, times=2)
        half = SOLUTION.replace("return 2 * x", "return 3 * x")
        assert outcome(floor.grade(submission(half)).as_dict()) == ("graded", 2)
        assert len(tries) == 3

    def test_for_want_of_memory_it_is_told_apart(
        self, floor: Grader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kills = iter(range(100))
        monkeypatch.setattr(process.host, "memory_kills", lambda: next(kills))
        Ending(monkeypatch, "after a request", kill_worker, times=1000)
        result = floor.grade(submission(SOLUTION)).as_dict()
        assert outcome(result) == OURS
        assert "this machine ran out of memory" in result["message"]

    def test_with_its_share_of_memory_it_is_its_own_when_it_repeats(
        self, tiny: Assignment, tries: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is not tried without end, and one that was only unlucky once loses nothing."""
        with Grader(tiny, limits=Limits(resident_bytes=1), floor_only=True) as grader:
            with monkeypatch.context() as patched:
                Ending(patched, "in a call", kill_worker, times=ATTEMPTS - 1)
                assert outcome(grader.grade(submission(SOLUTION)).as_dict()) == PERFECT
            Ending(monkeypatch, "in a call", kill_worker, times=1000)
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert outcome(result) == ("graded", 0)
        said = result["tasks"][0]["checks"][0]["message"]
        assert "was killed from outside (SIGKILL) in every try; it held" in said
        assert len(tries) == 2 * ATTEMPTS

    def test_at_random_moments_each_right_submission_has_full_marks_or_is_an_error(
        self, grader: Grader
    ) -> None:
        """With all layers of isolation; what is found in a worker's place is killed."""
        before, ended = descendants(os.getpid()), threading.Event()

        def kill_some() -> None:
            dice, left = random.Random(), 30
            while left and not ended.wait(dice.uniform(0, 0.02)):
                for pid in descendants(os.getpid()) - before:
                    left -= 1
                    with suppress(ProcessLookupError):  # it ended meanwhile
                        os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_some)
        killer.start()
        try:
            class_ = [submission(f"{SOLUTION}# {number}\n") for number in range(40)]
            outcomes = {outcome(grader.grade(each).as_dict()) for each in class_}
        finally:
            ended.set()
            killer.join()
        assert outcomes <= {PERFECT, OURS}
        assert PERFECT in outcomes


OWN_ENDS = {
    "exits": "import os; os._exit(3)",
    "exits well": "import os; os._exit(0)",
    "aborts": "import os; os.abort()",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "closes the channel": "import os; os.close(3); __import__('time').sleep(30)",
    "closes everything": "import os; os.closerange(0, 64)",
    "is killed by its pipe": (
        "import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.close(3); os._exit(1)"
    ),
    "makes a call that ends it": "import ctypes; ctypes.CDLL(None).syscall(335)",
}
SIGNALS_TO_ITSELF = (
    "import ctypes, os, signal, threading\n"
    "libc = ctypes.CDLL(None)\n"
    "def double(x):\n"
    "    for number in range(1, 65):\n"
    "        for attempt in (\n"
    "            lambda: os.kill(os.getpid(), number),\n"
    "            lambda: os.kill(0, number),\n"
    "            lambda: signal.raise_signal(number),\n"
    "            lambda: signal.pthread_kill(threading.get_ident(), number),\n"
    "        ):\n"
    "            try: attempt()\n"
    "            except OSError: continue\n"
    "            print('sent', number)\n"
    "    for call in (62, 200, 234, 129, 297, 424):  # kill, tkill, tgkill and others on x86-64\n"
    "        assert libc.syscall(call, os.getpid(), 9, 9, 0) == -1\n"
    "        assert libc.syscall(call, os.getpid(), os.getpid(), 9, 0) == -1\n"
    "    return 2 * x\n"
)


class TestOwnDoing:
    """What a submission does itself is its failure, in the first try; it can't pass for a kill."""

    @pytest.mark.parametrize("body", OWN_ENDS.values(), ids=OWN_ENDS)
    @pytest.mark.parametrize("floor_only", [True, False], ids=["floor", "all layers"])
    def test_its_own_end_is_its_failure(
        self, grader: Grader, floor: Grader, tries: list[int], body: str, floor_only: bool
    ) -> None:
        work = SOLUTION.replace("return 2 * x", body)
        result = (floor if floor_only else grader).grade(submission(work)).as_dict()
        assert outcome(result) == ("graded", 2)
        assert len(tries) == 1

    def test_no_signal_of_any_kind_reaches_itself(self, grader: Grader, tries: list[int]) -> None:
        result = grader.grade(submission(f"{SIGNALS_TO_ITSELF}\n\n{REMEMBER}")).as_dict()
        task = result["tasks"][0]
        assert (task["status"], result["output"]) == ("passed", "")
        assert len(tries) == 1

    def test_a_limit_of_processor_time_that_we_were_started_with_is_its_own(
        self, tiny: Assignment
    ) -> None:
        """`ulimit -t` leaves a worker less, and that is not to look as if somebody killed it."""
        program = (
            "import resource\n"
            "from kit.limits import Limits\n"
            "from kit.sandbox.tester.process import WarmParent\n"
            "resource.setrlimit(resource.RLIMIT_CPU, (10, 10))\n"
            "with WarmParent() as parent: print(parent.limits.cpu_seconds)\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, timeout=PATIENCE
        )
        assert run.stdout == b"8\n"

    def test_without_the_filter_it_can_kill_itself_and_gains_nothing(
        self, tiny: Assignment, tries: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process.isolation, "namespace_command", lambda: None)
        monkeypatch.setattr(process, "launch", without_filter)
        work = SOLUTION.replace("return 2 * x", "import os; os.kill(os.getpid(), 9)")
        with Grader(tiny, trust=True) as grader:
            result = grader.grade(submission(work)).as_dict()
        assert outcome(result) == ("graded", 2)
        assert "seccomp" not in result["sandbox"]
        assert len(tries) == ATTEMPTS


def without_filter(*given: Any, **named: Any) -> Any:
    """Launch a warm parent on a host that refuses the filter."""
    from kit.sandbox.tester.launch import launch

    refusing = [sys.executable, str(ROOT / "tests/support/refusing.py"), "prctl:22"]
    (namespaces, *others) = given
    return launch([*namespaces, *refusing], *others, **named)


class TestParent:
    """The process from which workers are forked is started again when it is gone."""

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_killed_with_a_submission_in_hand_it_is_replaced(
        self, floor: Grader, tries: list[int], monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        Ending(monkeypatch, moment, kill_parent, times=1)
        assert outcome(floor.grade(submission(SOLUTION)).as_dict()) == PERFECT
        assert tries == [1, 2]

    def test_killed_between_two_submissions_it_is_replaced(self, tiny: Assignment) -> None:
        with Grader(tiny) as grader:
            for _ in range(2):
                parent = grader._parent._process.pid
                for pid in {parent, *descendants(parent)}:
                    os.kill(pid, signal.SIGKILL)
                assert outcome(grader.grade(submission(SOLUTION)).as_dict()) == PERFECT
                assert still_running({parent}) == []

    def test_killed_again_and_again_it_is_given_up_for_this_submission(
        self, floor: Grader, tries: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            Ending(patched, "as it starts", kill_parent, times=1000)
            result = floor.grade(submission(SOLUTION)).as_dict()
            assert outcome(result) == OURS
            assert "warm parent" in result["message"]
            assert len(tries) == ATTEMPTS
        assert outcome(floor.grade(submission(SOLUTION)).as_dict()) == PERFECT

    def test_one_that_hangs_is_replaced(self, tiny: Assignment) -> None:
        with Grader(tiny, floor_only=True) as grader:
            hanging = grader._parent._process.pid
            os.kill(hanging, signal.SIGSTOP)
            grader._parent._control.settimeout(0.2)
            assert outcome(grader.grade(submission(SOLUTION)).as_dict()) == PERFECT
            assert still_running({hanging}) == []

    def test_after_a_loss_no_worker_starts_until_the_next_try(
        self, warm_parent: WarmParent
    ) -> None:
        """Or a suite would go on for minutes with what counts for nothing."""
        warm_parent.lose("It was killed.")
        with pytest.raises(WorkerLost, match="It was killed"):
            Worker(warm_parent)
        warm_parent.renew()
        Worker(warm_parent).end()


def test_an_interrupted_submission_keeps_nobody_waiting(tiny: Assignment) -> None:
    """Ctrl-C while a student's code sleeps ends it, and what waits for it."""
    sleepy, sleeps = submission(SLEEPY.replace("0.5", "9")), 2 * 9
    began = time.monotonic()
    interrupt = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Grader(tiny) as grader:
            interrupt.start()
            with pytest.raises(KeyboardInterrupt):
                grader.grade(sleepy)
    finally:
        interrupt.join()
        signal.signal(signal.SIGINT, before)
    assert not grader.suites._thread.is_alive()
    assert time.monotonic() - began < sleeps
