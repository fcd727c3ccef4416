"""The tiers of isolation: each layer is tried, named where it holds, and missed aloud."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.limits import Limits
from kit.sandbox.faults import IsolationMissing, StudentFault
from kit.sandbox.tester import isolation
from kit.sandbox.tester.process import WarmParent, Worker
from kit.sandbox.tester.session import Session
from tests.support.course import SOLUTION, submission
from tests.support.isolation import FLOOR, needs_bwrap
from tests.support.processes import PATIENCE

KIT = [sys.executable, "-m", "kit", "doctor"]
BWRAP = ["bwrap", "--dev-bind", "/", "/"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up rights")


def landlock_works() -> bool:
    """Whether this kernel has Landlock, found out apart from the kit's own code."""
    program = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=PATIENCE
    )
    return int(run.stdout) > 0


def layers_of(**settings: bool) -> set[str]:
    """The layers of a worker started here."""
    with WarmParent(**settings) as parent:
        worker = Worker(parent)
        worker.end()
    return set(worker.layers)


def doctor_inside(launcher: list[str]) -> set[str]:
    """The layers that `kit doctor` finds in the surroundings that ``launcher`` makes."""
    try:
        subprocess.run([*launcher, "true"], check=True, capture_output=True, timeout=PATIENCE)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this host can't make these surroundings: {error.stderr.decode().strip()}")
    run = subprocess.run(
        [*launcher, *KIT], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert run.returncode == 0, run.stderr
    line = run.stdout.partition("confined here by: ")[2].partition(".")[0]
    return {layer.strip() for layer in line.split(",")}


class TestLayers:
    def test_here_every_layer_is_used_that_the_host_offers(self) -> None:
        wanted = set(FLOOR)
        wanted |= {"uid"} if os.geteuid() == 0 else set()
        wanted |= {"landlock"} if landlock_works() else set()
        assert layers_of() - {"namespaces"} == wanted

    def test_the_floor_alone_is_just_that(self) -> None:
        assert layers_of(floor_only=True) == FLOOR

    @needs_bwrap
    @needs_root
    def test_root_has_namespaces_and_another_user(self) -> None:
        assert {"namespaces", "uid"} <= doctor_inside([*BWRAP, "--cap-add", "ALL"])

    @needs_bwrap
    def test_an_ordinary_user_has_namespaces_and_no_other_user(self) -> None:
        found = doctor_inside([*BWRAP, "--unshare-user", "--uid", "1000", "--gid", "1000"])
        assert found >= FLOOR | {"namespaces"}
        assert "uid" not in found

    @needs_bwrap
    def test_without_namespaces_the_others_hold(self) -> None:
        user = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--disable-userns"]
        found = doctor_inside([*BWRAP, *user])
        assert found - {"landlock"} == FLOOR

    @needs_root
    def test_root_without_rights_has_the_floor(self) -> None:
        found = doctor_inside(["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
        assert found >= FLOOR
        assert not found & {"uid"}

    @needs_root
    def test_root_in_a_container_without_namespaces_has_another_user(self) -> None:
        rights = "-sys_admin"
        found = doctor_inside(
            [
                "setpriv",
                f"--bounding-set={rights}",
                f"--inh-caps={rights}",
                "env",
                "PATH=/usr/bin:/bin",
            ]
        )
        assert found >= FLOOR | {"uid"}

    @needs_bwrap
    @pytest.mark.parametrize(
        ("kind", "attempt"),
        [
            ("files", "os.path.exists('{root}/solutions')"),
            ("files", "os.path.exists('/home') or os.path.exists('/root/.ssh')"),
            ("network", "any(n != 'lo' for _, n in __import__('socket').if_nameindex())"),
            ("processes", "len([p for p in os.listdir('/proc') if p.isdigit()]) > 3"),
            ("writing", "os.access('/usr', os.W_OK) and not os.statvfs('/usr').f_flag & 1"),
        ],
    )
    def test_inside_the_namespaces_there_is_nothing_of_ours(
        self, kind: str, attempt: str, optimization: Assignment
    ) -> None:
        command = isolation.namespace_command()
        assert command is not None
        program = f"import os; print({attempt.format(root=optimization.root)})"
        run = subprocess.run(
            [*command, sys.executable, "-I", "-c", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if run.returncode:
            pytest.skip(f"this host makes no namespaces: {run.stderr.strip()}")
        assert run.stdout == "False\n", kind


class TestMissing:
    """Where the floor can't be had nothing is graded, unless the instructor says so."""

    @pytest.fixture
    def without_libseccomp(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start the warm parent by an interpreter that can't find libseccomp."""
        program = tmp_path / "python"
        program.write_text(
            f"#!{sys.executable}\n"
            "import ctypes, json, sys\n"
            "real = ctypes.CDLL\n"
            "def without(name, *args, **named):\n"
            "    if name == 'libseccomp.so.2': raise OSError\n"
            "    return real(name, *args, **named)\n"
            "ctypes.CDLL = without\n"
            "import runpy\n"
            "sys.argv = ['kit.sandbox.worker', sys.argv[-1]]\n"
            "runpy.run_module('kit.sandbox.worker', run_name='__main__')\n"
        )
        program.chmod(0o755)
        monkeypatch.setattr(isolation, "namespace_command", lambda: None)
        monkeypatch.setattr(sys, "executable", str(program))

    @pytest.mark.usefixtures("without_libseccomp")
    def test_nothing_is_graded_and_the_reason_is_told(self, tiny: Assignment) -> None:
        with pytest.raises(IsolationMissing, match=r"libseccomp\.so\.2 is missing.*Install it"):
            Grader(tiny)

    @pytest.mark.usefixtures("without_libseccomp")
    def test_trust_is_the_way_round_and_stands_in_every_result(self, tiny: Assignment) -> None:
        with Grader(tiny, trust=True) as grader:
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert result["score"] == 6
        assert result["trusted"] is True
        assert "seccomp" not in result["sandbox"]

    def test_without_trust_a_result_says_so(self, grader: Grader) -> None:
        result = grader.grade(submission(SOLUTION)).as_dict()
        assert result["trusted"] is False
        assert set(result["sandbox"]) >= FLOOR

    def test_trust_gives_up_no_layer_that_holds(self) -> None:
        assert layers_of(trust=True) == layers_of()

    def test_a_worker_that_names_too_few_layers_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(isolation, "REQUIRED", frozenset({"seccomp", "moat"}))
        with WarmParent() as parent, pytest.raises(IsolationMissing, match="lacks moat"):
            Worker(parent)

    def test_a_filter_that_does_not_hold_is_noticed(self) -> None:
        """Also where the kernel says that it has taken it."""
        program = (
            "from types import SimpleNamespace\n"
            "from kit.limits import Limits\n"
            "from kit.sandbox.worker.confine import confine\n"
            "filter = SimpleNamespace(load=lambda: None)\n"
            "confine(filter, Limits().as_dict(), floor_only=True)\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert "The seccomp filter does not hold: files can be opened" in run.stderr

    def test_another_system_gets_the_way_to_linux(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from kit.sandbox.worker import confine

        monkeypatch.setattr(sys, "platform", "darwin")
        with pytest.raises(
            confine.ConfinementError, match="Linux container or, on Windows, in WSL"
        ):
            confine.SeccompFilter()


class TestLimits:
    """Each limit that is reached has its own message."""

    def fault(self, body: str, seconds: float = 20, **limits: float) -> str:
        with WarmParent(Limits(**limits)) as parent:
            session = Session({"w.py": f"def f():\n    {body}".encode()}, parent)
            work = Student(session)
            with work.deadline(seconds), pytest.raises(StudentFault) as caught:
                work.w.f()
            session.close()
        return str(caught.value)

    def test_the_time_of_a_call(self) -> None:
        assert self.fault("while True: pass", 0.1) == "Your `f` did not return within 0.1 s."

    def test_processor_time(self) -> None:
        said = self.fault("while True: pass", cpu_seconds=1)
        assert said == "Your `f` was stopped: your code used more than 1 s of processor time."

    # three seconds: the kernel counts whole ones, and ends what is deaf two seconds later
    def test_processor_time_where_the_signal_is_ignored(self) -> None:
        deaf = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    while True: pass"
        assert "used more than 1 s of processor time" in self.fault(deaf, cpu_seconds=1)

    def test_memory(self) -> None:
        said = self.fault("return bytearray(3 << 30)", address_space_bytes=2 << 30)
        assert "raised MemoryError" in said
        assert "your code may use 2,048 MiB" in said

    def test_processes(self) -> None:
        assert "raised PermissionError" in self.fault("import os; os.fork()")

    def test_the_size_of_a_reply(self) -> None:
        said = self.fault("import numpy; return numpy.zeros(40_000_000)")
        assert "too large to be sent" in said

    def test_a_function_that_hangs_is_not_waited_for_again_and_again(self) -> None:
        source = b"import time\ndef f(): time.sleep(60)\ndef g(): return 1"
        with WarmParent(Limits(call_seconds=0.2, timeouts=2)) as parent:
            session = Session({"w.py": source}, parent)
            work, said = Student(session), []
            for _ in range(4):
                with pytest.raises(StudentFault) as caught:
                    work.w.f()
                said.append(str(caught.value))
            assert work.w.g() == 1
            session.close()
        assert said[:2] == ["Your `f` did not return within 0.2 s."] * 2
        assert (
            said[2:]
            == ["Your `f` was not called again: 2 earlier calls did not return in time."] * 2
        )

    def test_what_is_printed(self, grader: Grader) -> None:
        result = grader.grade(submission("print('x' * 10**6)\n" + SOLUTION)).as_dict()
        assert "Your code printed 1,000,001 bytes; the first 65,536 were kept." in result["notes"]
        assert result["score"] == 6
