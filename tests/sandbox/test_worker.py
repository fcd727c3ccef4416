"""What a student's process can't do, and what the tester makes of one that tries."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kit.checks.student import Student
from kit.limits import REPLY_BLOCK_BYTES, Limits
from kit.sandbox.faults import KitFault, StudentFault
from kit.sandbox.tester import isolation
from kit.sandbox.tester.launch import launch
from kit.sandbox.tester.process import WarmParent, Worker
from kit.sandbox.tester.session import Session
from tests.support.processes import PATIENCE, descendants, still_running

Make = Callable[..., Student]


def fault_of(student: Student, function: str = "f", seconds: float = 20) -> StudentFault:
    """The fault that calling ``function`` ends in."""
    with student.deadline(seconds), pytest.raises(StudentFault) as caught:
        getattr(student.work, function)()
    return caught.value


class TestCalls:
    """A remote call behaves like a local one, as far as data go."""

    def test_arguments_and_values_arrive(self, student: Make) -> None:
        work = student("def f(a, *b, c=0, **d): return [a, b, c, d]")
        assert work.work.f(1, 2, 3, c=4, e=5) == [1, (2, 3), 4, {"e": 5}]

    @pytest.mark.parametrize("made", ["None", "3", "'text'", "{'W1': 1}", "[]", "(1, 2)"])
    def test_a_class_makes_an_object_and_nothing_else(self, student: Make, made: str) -> None:
        assert "must make an object" in str(fault_of(student(f"def Net(): return {made}"), "Net"))

    def test_a_call_changes_none_of_its_arguments(self, student: Make) -> None:
        work = student(
            "def f(w, config, items):\n"
            "    w += 1; config['t'] = w.sum(); items.append(9)\n"
            "    return w, config, items\n"
        )
        w, config, items = np.zeros(3), {"old": 1}, [1]
        new_w, new_config, new_items = work.work.f(w, config=config, items=items)
        assert (w.tolist(), config, items) == ([0, 0, 0], {"old": 1}, [1])
        assert (new_w.tolist(), new_config, new_items) == ([1] * 3, {"old": 1, "t": 3.0}, [1, 9])

    def test_what_is_returned_twice_comes_back_twice(self, student: Make) -> None:
        """No two parts of a reply are one object, so none can be changed by the other's name."""
        first, second = student("def f(x): return x, x").work.f([0])
        assert first == second
        assert first is not second

    def test_what_is_placed_is_the_same_for_every_call(self, student: Make) -> None:
        work = student("def f(x, c): x += 1; c['calls'] = c.get('calls', 0) + 1; return x.sum()")
        x, c = np.zeros(3), {}
        array, config = work.place(x), work.place(c)
        assert [work.work.f(array, config), work.work.f(array, config)] == [3, 6]
        assert (array.fetch().tolist(), config.fetch()) == ([2, 2, 2], {"calls": 2})
        assert (x.tolist(), c) == ([0, 0, 0], {})

    def test_what_is_placed_in_a_block_is_used_in_it_and_after_it(self, student: Make) -> None:
        work = student("def f(x): x.append(len(x)); return x")
        with work.together():
            items = work.place([])
            first, second, held = work.work.f(items), work.work.f(items), items.fetch()
        assert (first.value, second.value, held.value) == ([0], [0, 1], [0, 1])
        assert work.work.f(items.value) == [0, 1, 2]
        assert items.value.fetch() == [0, 1, 2]

    def test_what_was_placed_goes_with_its_process(self, student: Make) -> None:
        work = student("import os\ndef f(x): return x\ndef ends(): os._exit(1)")
        items = work.place([1])
        fault_of(work, "ends")
        for use in (lambda: work.work.f(items), items.fetch):
            with pytest.raises(StudentFault, match="ended earlier, and its list object was lost"):
                use()

    def test_arrays_of_the_tester_are_no_arrays_of_the_worker(self, student: Make) -> None:
        work = student("kept = []\ndef f(w): kept.append(w)\ndef g(): kept[0][:] = 7")
        w = np.zeros(3)
        work.work.f(w)
        work.work.g()
        assert w.tolist() == [0, 0, 0]

    def test_objects_stay_and_are_used_from_afar(self, student: Make) -> None:
        work = student(
            "class Net:\n"
            "    def __init__(self): self.params = {'W': 1.0}\n"
            "    def loss(self, x): return x * self.params['W']\n"
        )
        net = work.work.Net()
        assert net.loss(3.0) == 3.0
        net.set("params", {"W": 2.0})
        assert net.get("params") == {"W": 2.0}
        assert net.loss(3.0) == 6.0

    def test_objects_can_be_passed_on(self, student: Make) -> None:
        work = student(
            "class Box:\n    x = 5\ndef make(): return 1, Box()\ndef f(pair): return pair[1].x"
        )
        assert work.work.f(work.work.make()) == 5

    def test_a_mapped_array_is_read_only_and_not_copied(
        self, student: Make, tmp_path: Path
    ) -> None:
        np.save(tmp_path / "x.npy", np.arange(1000.0))
        x = np.asarray(np.load(tmp_path / "x.npy", mmap_mode="r"))
        work = student("def f(data): return data['x'].sum(), data['x'].flags.writeable")
        assert work.work.f({"x": work.mapped(x)}) == (x.sum(), False)
        assert work.work.f({"x": work.mapped(x[10:20])})[0] == x[10:20].sum()

    def test_an_array_in_memory_cannot_be_mapped(self, student: Make) -> None:
        with pytest.raises(Exception, match="mapped from a file"):
            student("").mapped(np.zeros(3))


class TestTogether:
    """Calls that are made together behave as if they had been made one after another."""

    STEP = "def step(w, g): return w + g, {'sum': w.sum()}\ndef fails(x): raise ValueError('no')\n"

    def test_values_are_there_when_the_block_ends(self, student: Make) -> None:
        work = student(self.STEP)
        with work.together():
            first = work.work.step(np.zeros(3), np.ones(3))
            with pytest.raises(KitFault, match="known when the block has ended"):
                _ = first.value
            second = work.work.step(np.ones(3), np.ones(3))
        assert [later.value[0].tolist() for later in (first, second)] == [[1] * 3, [2] * 3]

    def test_what_one_returns_is_what_the_next_is_given(self, student: Make) -> None:
        work = student("def make(): return [], {'t': 1}\ndef f(x, c): x.append(c['t']); return x")
        with work.together():
            made = work.work.make()
            once = work.work.f(made[0], made[1])
            twice = work.work.f(made[0], c=made[1])
        assert [later.value for later in (made, once, twice)] == [([], {"t": 1}), [1], [1, 1]]

    def test_a_value_is_as_it_was_when_its_call_returned(self, student: Make) -> None:
        """Code that changes its arguments in place, as a rule may, is not told of otherwise."""
        work = student("def f(w):\n    w += 1\n    return w, None")
        w = np.zeros(2)
        with work.together():
            first = work.work.f(w)
            second = work.work.f(first[0])
        values = [later.value[0].tolist() for later in (first, second)]
        assert (w.tolist(), values) == ([0, 0], [[1, 1], [2, 2]])

    def test_an_object_of_the_block_is_used_in_it_and_after_it(self, student: Make) -> None:
        work = student(
            "class Net:\n"
            "    def __init__(self): self.params = {'W': 1.0}\n"
            "    def loss(self, x): return x * self.params['W']\n"
        )
        with work.together():
            net = work.work.Net()
            held = net.get("params")
            given = net.set("params", {"W": 2.0})
            loss = net.loss(3.0)
        assert (held.value, given.value, loss.value) == ({"W": 1.0}, None, 6.0)
        assert net.value.loss(5.0) == 10.0
        assert net.loss(5.0) == 10.0

    def test_a_fault_costs_what_needs_its_value_and_nothing_else(self, student: Make) -> None:
        work = student(self.STEP)
        with work.together():
            wrong = work.work.fails(1)
            needs = work.work.step(wrong[0], np.ones(3))
            right = work.work.step(np.zeros(3), np.ones(3))
            missing = work.work.step(right[2], np.ones(3))
        for later in (wrong, needs):
            with pytest.raises(StudentFault, match="`fails` raised ValueError: no"):
                _ = later.value
        assert right.value[0].tolist() == [1] * 3
        with pytest.raises(StudentFault, match="Your `step` did not return 3 values"):
            _ = missing.value

    @pytest.mark.parametrize(
        ("body", "phrase"),
        [
            ("os._exit(3)", "`ends` ended the process (exit code 3)"),
            ("ctypes.string_at(0)", "`ends` crashed with SIGSEGV"),
            ("time.sleep(60)", "`ends` did not return within 1 s"),
            ("os.close(3)", "`ends` ended"),
        ],
    )
    def test_the_call_that_ends_the_process_is_the_one_that_is_named(
        self, student: Make, body: str, phrase: str
    ) -> None:
        work = student(f"import ctypes, os, time\n{self.STEP}def ends(): {body}")
        with work.deadline(1), work.together():
            before = work.work.step(np.zeros(3), np.ones(3))
            ends = work.work.ends()
            after = work.work.step(np.zeros(3), np.ones(3))
        assert before.value[0].tolist() == [1] * 3
        with pytest.raises(StudentFault) as caught:
            _ = ends.value
        assert phrase in str(caught.value)
        with pytest.raises(StudentFault, match="process of your code has ended"):
            _ = after.value
        assert work.work.step(np.zeros(3), np.ones(3))[0].tolist() == [1] * 3

    def test_each_call_has_its_own_time(self, student: Make) -> None:
        work = student("import time\ndef f(): time.sleep(0.4); return 1")
        with work.deadline(1), work.together():
            laters = [work.work.f() for _ in range(4)]
        assert [later.value for later in laters] == [1] * 4

    def test_much_data_goes_through(self, student: Make) -> None:
        """More than the channel holds at once, in both directions, keeps neither side waiting."""
        work = student("def f(x): return x + 1")
        sizes = [10, 10**6, 3000, 3000, 3000, 3000, 10**5, 10]
        with work.deadline(20), work.together():
            laters = [work.work.f(np.zeros(size)) for size in sizes]
        assert [later.value.sum() for later in laters] == sizes

    def test_many_small_requests_with_large_replies_go_through(self, student: Make) -> None:
        work = student("import numpy as np\ndef f(n): return np.ones(n)")
        with work.deadline(20), work.together():
            laters = [work.work.f(6000) for _ in range(40)]
        assert [later.value.sum() for later in laters] == [6000] * 40

    @pytest.mark.parametrize("turn", range(10))  # what comes when depends on who is run when
    def test_large_replies_between_small_ones_go_through(self, student: Make, turn: int) -> None:
        work = student("import numpy as np\ndef f(n): return np.ones(n)")
        sizes = [1 + turn, 300_000, 1, 1, 10**6, 300_000, 1]
        with work.deadline(20), work.together():
            laters = [work.work.f(size) for size in sizes]
        assert [later.value.sum() for later in laters] == sizes

    def test_together_replies_may_be_as_large_as_one(self, student: Make) -> None:
        """So the tester holds no more at a time, however many calls a check makes at once."""
        work = student("import numpy as np\ndef f(n): return np.zeros(n, np.uint8)")
        half = REPLY_BLOCK_BYTES // 2
        with work.deadline(60), work.together():
            laters = [work.work.f(size) for size in (half, 10, half)]
        assert [later.value.size for later in laters[:2]] == [half, 10]
        with pytest.raises(StudentFault, match="sent a malformed reply: a frame is too large"):
            _ = laters[2].value

    def test_what_is_not_an_item_is_refused(self, student: Make) -> None:
        work = student("def f(): return {'a': 1}\ndef g(x): return x")
        with work.together():
            later = work.work.g(work.work.f()[0])
        with pytest.raises(StudentFault, match="Your `f` did not return 1 values"):
            _ = later.value
        with pytest.raises(KitFault, match="by a non-negative number"), work.together():
            _ = work.work.f()["a"]

    def test_an_array_given_to_two_calls_is_a_copy_in_each(self, student: Make) -> None:
        work, w = student("def f(w): w += 1; return w"), np.zeros(3)
        with work.together():
            laters = [work.work.f(w), work.work.f(w)]
        assert [later.value.tolist() for later in laters] == [[1] * 3] * 2
        assert w.tolist() == [0] * 3

    def test_blocks_are_not_nested(self, student: Make) -> None:
        work = student("")
        with pytest.raises(KitFault, match="nested"), work.together(), work.together():
            pass

    def test_nothing_is_called_where_the_block_breaks_off(self, student: Make) -> None:
        work = student("called = []\ndef f(): called.append(1)\ndef g(): return len(called)")
        with pytest.raises(ZeroDivisionError), work.together():
            work.work.f(1 / 0 if work.work.f() else 0)
        assert work.work.g() == 0

    def test_replies_sent_for_later_calls_are_no_replies(self, student: Make) -> None:
        """A call may see what was asked for with it, but answers for none of it."""
        work = student(
            "import os\nfrom kit.sandbox import wire\n"
            "def f():\n    for _ in range(3): os.write(3, wire.encode({'ok': 1}).to_bytes())\n"
            "def g(): return 2\n"
        )
        with work.together():
            first, second = work.work.f(), work.work.g()
        for later in (first, second):
            with pytest.raises(StudentFault):
                _ = later.value


class TestImports:
    """The submission is what is imported, and a line that an editor inserted costs nothing."""

    def test_modules_import_each_other(self, student: Make) -> None:
        work = student(
            "from nndl.other import *\nfrom .other import g\ndef f(): return g()",
            other="def g(): return 1",
        )
        assert work.work.f() == 1

    def test_a_broken_module_costs_only_what_needs_it(self, student: Make) -> None:
        work = student("def f(): return 1", other="def g(:")
        assert work.work.f() == 1
        with pytest.raises(StudentFault, match=r"SyntaxError.*nndl/other.py, line 1"):
            work.other.g()

    @pytest.mark.parametrize(
        "line",
        [
            "import regex",
            "from past.builtins import xrange",
            "import torch.nn as nn",
            "from fsspec import *",
            "from numpy import *",
        ],
    )
    def test_a_stray_import_costs_nothing(self, student: Make, line: str) -> None:
        assert student(f"{line}\ndef f(): return 1").work.f() == 1

    def test_what_needs_a_missing_package_fails_by_its_name(self, student: Make) -> None:
        fault = fault_of(student("import scipy.special as sp\ndef f(): return sp.softmax([1])"))
        assert "'scipy.special.softmax'" in str(fault)
        assert "only NumPy and the standard library" in str(fault)

    def test_a_guarded_import_takes_its_other_way(self, student: Make) -> None:
        work = student(
            "try:\n    import torch\nexcept ImportError:\n    torch = None\ndef f(): return torch"
        )
        assert work.work.f() is None

    def test_an_installed_package_of_the_same_name_is_not_graded(
        self, warm_parent: WarmParent
    ) -> None:
        session = Session({"pytest/work.py": b"def f(): return __name__, __file__"}, warm_parent)
        assert Student(session).work.f() == ("pytest.work", "pytest/work.py")
        session.close()

    def test_a_missing_function_is_named_with_its_file(self, student: Make) -> None:
        assert "nndl/work.py defines no 'f'" in str(fault_of(student("g = 1")))


class TestConfinement:
    """Nothing outside of the worker can be reached from it."""

    @pytest.mark.parametrize(
        "attempt",
        [
            "open('/etc/passwd')",
            "open('/tmp/kit-was-here', 'w')",
            "os.listdir('/')",
            "os.stat('/etc/passwd')",
            "os.fork()",
            "os.posix_spawn('/bin/true', ['true'], {})",
            "os.execv('/bin/true', ['true'])",
            "os.kill(os.getppid(), 9)",
            "os.killpg(0, 9)",
            "socket.socket()",
            "socket.socketpair()",
            "os.memfd_create('x')",
            "os.pipe()",
            "os.chdir('/')",
            "os.setpriority(os.PRIO_PROCESS, 0, 1)",
            "resource.getrlimit(resource.RLIMIT_AS)",
            "fcntl.fcntl(3, fcntl.F_SETOWN, os.getppid())",
            "fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC)",
            "fcntl.ioctl(1, 0x5412, b'x')",
            "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
            "signal.pidfd_send_signal(1, 9)",
            "os.eventfd(0)",
            "os.utime('/tmp')",
            "os.chmod('/tmp', 0)",
        ],
    )
    def test_a_forbidden_call_is_refused(self, student: Make, attempt: str) -> None:
        modules = (
            "import os, signal\ndef f():\n    import socket, fcntl, mmap, resource\n    return "
        )
        fault = fault_of(student(modules + attempt))
        assert fault.error is not None
        assert fault.error["type"] == "PermissionError"

    def test_no_new_thread_or_process_by_any_call(self, student: Make) -> None:
        work = student("import threading\ndef f(): threading.Thread(target=print).start()")
        assert "can't start new thread" in str(fault_of(work))

    def test_a_raw_call_is_refused_as_well(self, student: Make) -> None:
        work = student(
            "import ctypes\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "def f(): return libc.syscall(57), ctypes.get_errno()"  # 57 is fork on x86-64
        )
        assert work.work.f() == (-1, 1)

    def test_no_urgent_byte_can_be_sent(self, student: Make) -> None:
        """It would wake the tester again and again, and never be read."""
        work = student(
            "import ctypes\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "def f(): return libc.send(3, b'x', 1, 1), ctypes.get_errno()"  # 1 is MSG_OOB
        )
        assert work.work.f() == (-1, 1)

    def test_every_layer_is_named(self, warm_parent: WarmParent) -> None:
        session = Session({}, warm_parent)
        session.start()
        assert {"rlimits", "seccomp"} <= set(session.layers)
        assert ("uid" in session.layers) is (os.geteuid() == 0)
        session.close()

    def test_nothing_of_the_tester_is_in_its_memory(self, student: Make) -> None:
        work = student(
            "import sys\ndef f(): return sorted(m for m in sys.modules if m.startswith('kit'))"
        )
        assert work.work.f() == [
            "kit",
            "kit.limits",
            "kit.sandbox",
            "kit.sandbox.wire",
            "kit.sandbox.worker",
            "kit.sandbox.worker.absent",
            "kit.sandbox.worker.asking",
            "kit.sandbox.worker.chance",
            "kit.sandbox.worker.confine",
            "kit.sandbox.worker.modules",
            "kit.sandbox.worker.serve",
            "kit.sandbox.worker.waited",
        ]

    def test_the_environment_holds_nothing_of_ours(
        self, student: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KIT_SECRET", "x")
        with WarmParent() as parent:
            session = Session({"w.py": b"import os\ndef f(): return dict(os.environ)"}, parent)
            names = set(Student(session).w.f())
            session.close()
        assert names <= {
            "PATH",
            "PYTHONHASHSEED",
            "LC_ALL",
            "LC_CTYPE",
            "PWD",
            "OPENBLAS_NUM_THREADS",
            "OMP_NUM_THREADS",
            "MKL_NUM_THREADS",
        }

    def test_only_its_own_files_are_open(self, student: Make) -> None:
        work = student(
            "import os, fcntl\n"
            "def f():\n"
            "    found = []\n"
            "    for number in range(1024):\n"
            "        try: fcntl.fcntl(number, fcntl.F_GETFD); found.append(number)\n"
            "        except OSError as error: assert error.errno == 9\n"
            "    return found\n"
        )
        assert work.work.f() == [0, 1, 2, 3, 4]


class TestEnds:
    """However a student's code ends, the tester knows how, and goes on."""

    @pytest.mark.parametrize(
        ("body", "phrase"),
        [
            ("import os; os._exit(3)", "ended the process (exit code 3)"),
            ("import os; os._exit(0)", "ended the process (exit code 0)"),
            ("exit()", "raised SystemExit"),
            ("raise SystemExit(0)", "raised SystemExit"),
            ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
            ("import ctypes; ctypes.string_at(0)", "crashed with SIGSEGV"),
            ("import os; os.close(3)", "ended"),
            ("f()", "raised RecursionError"),
            ("import numpy; numpy.ones(10**10)", "raised MemoryError"),
            ("return [[]] * 3_000_000", "raised WireError"),
            ("x = []; x.append(x); return x", "raised WireError"),
            ("import numpy; return numpy.zeros(10**8)", "too large to be sent"),
        ],
    )
    def test_it_is_told_how(self, student: Make, body: str, phrase: str) -> None:
        assert phrase in str(fault_of(student(f"def f():\n    {body}")))

    @pytest.mark.parametrize(
        "body",
        [
            "while True: pass",
            "import time; time.sleep(60)",
            "import signal\n    for s in range(1, 32):\n"
            "        try: signal.signal(s, signal.SIG_IGN)\n        except Exception: pass\n"
            "    while True: pass",
            "import os\n    while True: os.write(1, b'x' * 65536)",
        ],
    )
    def test_an_endless_loop_is_ended_in_time(self, student: Make, body: str) -> None:
        began = time.monotonic()
        fault = fault_of(student(f"def f():\n    {body}"), seconds=0.2)
        assert str(fault) == "Your `f` did not return within 0.2 s."
        assert time.monotonic() - began < 60  # which it would take by itself

    def test_the_next_call_gets_a_new_worker(self, student: Make) -> None:
        work = student("def f():\n    import os; os._exit(1)\ndef g(): return 5")
        fault_of(work)
        assert work.work.g() == 5

    def test_an_object_ends_with_its_worker(self, student: Make) -> None:
        work = student(
            "class Net:\n    def x(self): return 1\ndef f():\n    import os; os._exit(1)"
        )
        net = work.work.Net()
        fault_of(work)
        with pytest.raises(StudentFault, match="ended earlier, and its Net object was lost"):
            net.x()

    def test_all_calls_together_are_limited(self) -> None:
        sleepy = {"nndl/work.py": b"import time\ndef f(): time.sleep(0.6)"}
        with WarmParent(Limits(total_seconds=1.0)) as parent:
            session = Session(sleepy, parent)
            Student(session).work.f()
            for _ in range(2):
                fault = fault_of(Student(session), seconds=5)
                assert "all calls of your code together took more than 1 s" in str(fault)
            session.close()

    def test_no_process_is_left(self) -> None:
        with WarmParent() as parent:
            session = Session({"w.py": b"def f(): return 1"}, parent)
            Student(session).w.f()
            started = {parent._process.pid, *descendants(parent._process.pid)}
            assert len(started) >= 2
        assert still_running(started) == []
        session.close()

    def test_a_copy_of_a_warm_parent_is_one(self) -> None:
        """It confines as any other, and ends with who asked for it; the first goes on."""
        source = {"w.py": b"import os\ndef f(): return list(os.sched_getaffinity(0))"}
        cores, policy = os.sched_getaffinity(0), os.sched_getscheduler(0)
        process, first = launch(isolation.namespace_command() or [])
        with process, first:
            for core in sorted(cores):
                with WarmParent() as other:
                    usual = Session(source, other)
                    usual.start()
                    usual.close()
                before = {process.pid, *descendants(process.pid)}
                os.sched_setaffinity(0, {core})
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
                try:
                    with WarmParent(first=first) as parent:
                        session = Session(source, parent)
                        assert Student(session).w.f() == [core]
                        assert session.layers == usual.layers
                        made = descendants(process.pid) - before
                        assert len(made) >= 2
                        assert {os.sched_getscheduler(pid) for pid in made} == {os.SCHED_BATCH}
                        session.close()
                finally:
                    os.sched_setaffinity(0, cores)
                    os.sched_setscheduler(0, policy, os.sched_param(0))
                assert still_running(made) == []
            running = {process.pid, *descendants(process.pid)}
            first.close()
            assert still_running(running) == []

    def test_a_copy_ends_with_the_tester_that_asked_for_it(self) -> None:
        program = (
            "import socket, sys, time\n"
            "from kit.sandbox.tester.process import WarmParent, Worker\n"
            "worker = Worker(WarmParent(first=socket.socket(fileno=int(sys.argv[1]))))\n"
            "print(flush=True)\n"
            "time.sleep(60)\n"
        )
        process, first = launch([])
        with process, first:
            with WarmParent(first=first):
                pass  # then the first one is warm
            before = descendants(process.pid)
            tester = subprocess.Popen(
                [sys.executable, "-c", program, str(first.fileno())],
                stdout=subprocess.PIPE,
                pass_fds=[first.fileno()],
            )
            assert tester.stdout is not None
            with tester.stdout:
                tester.stdout.readline()
            made = descendants(process.pid) - before
            assert len(made) == 2
            tester.kill()
            tester.wait(timeout=PATIENCE)
            assert still_running(made) == []

    def test_where_the_first_warm_parent_has_gone_one_is_started(self) -> None:
        process, first = launch([])
        with process, first:
            process.kill()
            with WarmParent(first=first) as parent:
                session = Session({"w.py": b"def f(): return 1"}, parent)
                assert Student(session).w.f() == 1
                session.close()

    def test_no_process_is_left_when_the_tester_is_killed(self, tmp_path: Path) -> None:
        program = (
            "import os, sys, time\n"
            "from kit.sandbox.tester.process import WarmParent, Worker\n"
            "parent = WarmParent()\n"
            "worker = Worker(parent)\n"
            "print(parent._process.pid, flush=True)\n"
            "time.sleep(60)\n"
        )
        tester = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert tester.stdout is not None
        with tester.stdout:
            parent = int(tester.stdout.readline())
        started = {parent, *descendants(parent)}
        tester.kill()
        tester.wait(timeout=PATIENCE)
        assert still_running(started) == []

    @pytest.mark.parametrize("stream", ["_bell", "_printed"])
    def test_a_worker_that_rings_or_prints_without_end_meets_its_deadline(
        self, warm_parent: WarmParent, stream: str
    ) -> None:
        """Where the tester is slower than the worker, it never finds them silent."""
        worker = Worker(warm_parent)
        worker._poll = NeverSilent(getattr(worker, stream))  # type: ignore[assignment]  # its poll alone is used
        worker._deadline = time.monotonic() - 1
        with pytest.raises(TimeoutError):
            worker._wait(select.POLLIN)
        worker.end()


class NeverSilent:
    """In place of ``select.poll``: whenever it is asked, ``ready`` is."""

    def __init__(self, ready: int) -> None:
        self.ready, self.left = ready, 1000

    def modify(self, *_: object) -> None:
        """What is waited for is no matter."""

    def poll(self, _: float) -> list[tuple[int, int]]:
        self.left -= 1
        assert self.left, "the deadline is not looked at"
        return [(self.ready, select.POLLIN)]


class TestChance:
    """Code that draws without a seed draws the same in every worker: same bytes, same grade."""

    def test_draws_without_a_seed_are_the_same_in_every_worker(self) -> None:
        source = (
            b"import random\nimport numpy as np\n"
            b"def f(): return (random.random(), np.random.randn(), hash('text'),\n"
            b"    [np.random.default_rng().random(), np.random.default_rng(None).random()])\n"
        )
        drawn = []
        for _ in range(2):
            with WarmParent() as parent:
                session = Session({"w.py": source}, parent)
                drawn.append(Student(session).w.f())
                session.close()
        assert drawn[0] == drawn[1]
        assert len(set(drawn[0][3])) == 2  # two generators are still two

    def test_a_seed_is_a_seed(self, student: Make) -> None:
        work = student("import numpy as np\ndef f(s): return np.random.default_rng(s).random()")
        assert work.work.f(7) == np.random.default_rng(7).random()


class TestForgery:
    """A reply that the student's code writes itself is no reply."""

    FORGE = (
        "import os, sys\n"
        "from kit.sandbox import wire\n"
        "def send(value): os.write(3, wire.encode(value).to_bytes())\n"
    )

    @pytest.mark.parametrize(
        "forged",
        [
            "{'nonce': 'guess', 'ok': {'value': 1, 'left': []}}",
            "{'ok': {'value': 1, 'left': []}}",
            "[]",
            "None",
            "{'nonce': {}, 'number': 0, 'error': {}}",
            "{'nonce': 'a' * 32, 'number': 0, 'ok': {'value': 1, 'left': []}}",
        ],
    )
    def test_a_reply_without_the_nonce_is_malformed(self, student: Make, forged: str) -> None:
        work = student(f"{self.FORGE}def f(): send({forged}); return 1")
        assert "malformed reply" in str(fault_of(work))

    @pytest.mark.parametrize("number", ["1", "-1", "True", "0.0", "None", "[0]"])
    def test_a_reply_to_another_call_is_malformed(self, student: Make, number: str) -> None:
        reply = f"{{'nonce': nonce, 'number': {number}, 'ok': {{'value': 1, 'left': []}}}}"
        work = student(
            f"{self.FORGE}def f():\n"
            "    frame = sys._getframe()\n"
            "    while 'nonce' not in frame.f_locals: frame = frame.f_back\n"
            "    nonce = frame.f_locals['nonce']\n"
            f"    send({reply}); os._exit(0)\n"
        )
        assert "malformed reply" in str(fault_of(work))

    def test_a_reply_that_is_not_whole_at_the_deadline_is_late(
        self, student: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The worker could send the rest of it while the tester reads the beginning."""
        work = student(
            f"{self.FORGE}def f():\n"
            "    data = wire.encode('no answer' * 200_000).to_bytes()\n"
            "    while data: data = data[os.write(3, data):]\n"
        )
        pull = Worker._pull

        def leisurely(worker: Worker, room: memoryview) -> int:
            time.sleep(0.05)  # the worker has filled the channel again
            return pull(worker, room)

        monkeypatch.setattr(Worker, "_pull", leisurely)
        assert "did not return within 1 s" in str(fault_of(work, seconds=1))

    def test_a_second_reply_to_the_same_request_is_malformed(self, student: Make) -> None:
        work = student(
            "from kit.sandbox.worker.serve import Channel\n"
            "send = Channel.send\n"
            "def twice(self, frame, *, last=True):\n"
            "    send(self, frame, last=False)\n"
            "    send(self, frame, last=last)\n"
            "def f(): Channel.send = twice; return 1\n"
        )
        assert "more than one frame came" in str(fault_of(work))

    def test_a_reply_before_the_request_is_malformed(self, student: Make) -> None:
        work = student(f"{self.FORGE}def f(): return 1\ndef g(): send({{'ok': 1}}); return 1")
        fault_of(work, "g")
        assert work.work.f() == 1

    @pytest.mark.parametrize(
        "raw",
        [
            "b'x' * 100",
            "b'kit1' + b'\\xff' * 13",
            "b'kit1\\x01\\0\\0\\0' + b'\\0' * 9 + b'{'",
            "b''",
        ],
    )
    def test_bytes_that_are_no_frame_are_malformed(self, student: Make, raw: str) -> None:
        work = student(f"import os\ndef f():\n    os.write(3, {raw}); os._exit(0)")
        fault = str(fault_of(work))
        assert "malformed reply" in fault or "ended the process" in fault

    @pytest.mark.parametrize(
        "error",
        [
            "'x'",
            "{'type': 1, 'message': 'm', 'trace': []}",
            "{'type': 't', 'message': 'm', 'trace': [1]}",
        ],
    )
    def test_a_forged_description_of_an_error_is_malformed(self, student: Make, error: str) -> None:
        work = student(
            f"{self.FORGE}def f():\n"
            "    frame = sys._getframe()\n"
            "    while 'nonce' not in frame.f_locals: frame = frame.f_back\n"
            f"    send({{'nonce': frame.f_locals['nonce'], 'number': 0, 'error': {error}}})\n"
        )
        assert "malformed reply" in str(fault_of(work))

    @pytest.mark.parametrize(
        ("letter", "data"),
        [
            ("e", bytes(8)),
            ("e", bytes(16)),
            ("r", bytes(8)),
            ("m", bytes(16) + b"\x0b"),
            ("x", b""),
        ],
    )
    def test_a_reply_that_refers_to_anything_is_malformed(
        self, student: Make, letter: str, data: bytes
    ) -> None:
        """To another request, an argument, a file; only objects in the worker have a number."""
        work = student(
            "from msgpack import ExtType\n"
            "from kit.sandbox import wire\n"
            "def f():\n"
            f"    wire._Encoder._fitted = lambda *_: [ExtType({ord(letter)}, {data!r})]\n"
        )
        assert "malformed reply: a frame holds an extension" in str(fault_of(work))

    def test_a_value_that_fits_into_a_reply_only_is_not_passed_on(self, student: Make) -> None:
        work = student("def f(): return 'x' * (2**21 - 80)\ndef g(x): return x\n")
        value = work.work.f()
        work.begin("task", "another check")
        with pytest.raises(StudentFault, match="too large to be sent"):
            work.work.g(value)
        assert work.work.g(1) == 1

    def test_what_a_check_gets_is_bounded_and_the_next_check_has_as_much(
        self, student: Make
    ) -> None:
        """Else a check that keeps its replies could be made to keep any number of large ones."""
        work = student("import numpy as np\ndef f(n): return np.zeros(n, np.uint8)")
        half = REPLY_BLOCK_BYTES // 2
        for check in ("one", "another"):
            work.begin("task", check)
            assert work.work.f(half).size == half
            assert work.work.f(10).size == 10
            with pytest.raises(StudentFault, match="a frame is too large"):
                work.work.f(half)

    def test_a_submission_that_is_slow_to_judge_is_called_no_more(
        self, warm_parent: WarmParent
    ) -> None:
        limits = replace(warm_parent.limits, tester_seconds=0.0)
        with WarmParent(limits) as parent:
            session = Session({"w.py": b"def f(): return 1"}, parent)
            student = Student(session)
            student.begin("task", "a check")
            with pytest.raises(StudentFault, match="judging the earlier answers of your code"):
                student.w.f()
            session.close()

    def test_an_unbounded_output_is_cut(self, student: Make, warm_parent: WarmParent) -> None:
        session = Session({"w.py": b"def f(): print('x' * 10**7); return 1"}, warm_parent)
        assert Student(session).w.f() == 1
        assert session._worker is not None
        assert len(session._worker.output) == warm_parent.limits.output_bytes
        session.close()
        assert len(session.output) == warm_parent.limits.output_bytes
