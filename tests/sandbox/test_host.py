"""A machine that lacks something: a lesser way, or one sentence and the documented exit code."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kit.batch import pool, processes
from kit.batch.pool import Settings
from kit.course import Assignment
from kit.limits import Limits
from kit.sandbox import host
from kit.sandbox.tester import process
from kit.sandbox.tester.process import WarmParent, Worker
from tests.support.course import ROOT, SLEEPY, SOLUTION, hand_in, submission, write_course
from tests.support.isolation import FLOOR, needs_bwrap
from tests.support.processes import PATIENCE, descendants, still_running

KIT = [sys.executable, "-m", "kit"]
REFUSING = [sys.executable, str(ROOT / "tests/support/refusing.py")]
WITHOUT_CORES = [*REFUSING, "sched_setaffinity,sched_getaffinity,sched_setscheduler"]
WITHOUT_FILTER = [*REFUSING, "prctl:22"]  # PR_SET_SECCOMP
WITHOUT_SHARED_MEMORY = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/dev/shm"]
WITHOUT_SHARED_MEMORY += ["--remount-ro", "/dev/shm", "--cap-add", "ALL"]
NOBODY = 54321
"""A user who has no other process, for the limit on processes counts those of a user."""
AS_NOBODY = [
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course with two submissions, and its folder as the working directory."""
    assignment = write_course(tmp_path / "course")
    monkeypatch.chdir(assignment.root)
    for student in ("ada", "bob"):
        hand_in(tmp_path / "course/submitted" / student, f"{SOLUTION}# by {student}\n")
    return assignment


COMMANDS = {
    "grade": ["grade", "tiny", "submitted", "--no-gradebook", "--out", "out"],
    "check": ["check", "submitted/ada"],
    "doctor": ["doctor"],
}


def run(
    command: str,
    *options: str,
    launcher: Sequence[str] = (),
    limits: dict[int, int] | None = None,
    **environment: str,
) -> tuple[int, str]:
    """The exit code and the output of a command in other surroundings; no traceback is in it."""

    def limit() -> None:
        for name, value in (limits or {}).items():
            resource.setrlimit(name, (value, value))

    done = subprocess.run(
        [*launcher, *KIT, *COMMANDS[command], *options],
        env={**os.environ, **environment},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return done.returncode, " ".join(said.split())


class TestLesserWays:
    """Everybody has full marks."""

    def graded(self, code: int, said: str) -> None:
        assert "ada: 6 of 6 points" in said, said
        assert "bob: 6 of 6 points" in said
        assert code == 0

    @pytest.mark.usefixtures("course")
    @pytest.mark.parametrize("files", [host.NEEDED_FILES, 504])
    def test_few_open_files(self, files: int) -> None:
        self.graded(*run("grade", limits={resource.RLIMIT_NOFILE: files}))

    @pytest.mark.usefixtures("course")
    def test_a_long_name_of_the_folder_for_temporary_files(self, tmp_path: Path) -> None:
        folder = tmp_path / ("x" * 85)
        folder.mkdir()
        self.graded(*run("grade", TMPDIR=str(folder)))

    @pytest.mark.usefixtures("course")
    def test_cores_that_nobody_may_choose(self) -> None:
        self.graded(*run("grade", launcher=WITHOUT_CORES))
        code, said = run("doctor", launcher=WITHOUT_CORES)
        assert code == 0
        assert "Processes can't be bound to cores here" in said

    @pytest.mark.usefixtures("course")
    @needs_bwrap
    def test_no_shared_memory(self) -> None:
        self.graded(*run("grade", launcher=WITHOUT_SHARED_MEMORY))

    def test_a_filter_that_is_refused_where_submissions_are_trusted(
        self, course: Assignment
    ) -> None:
        self.graded(*run("grade", "--trust", launcher=WITHOUT_FILTER))
        stored = (course.root / "out/ada.json").read_text()
        assert '"trusted": true' in stored
        assert '"seccomp"' not in stored

    @pytest.mark.usefixtures("course")
    def test_more_jobs_than_the_machine_carries(self) -> None:
        code, said = run("grade", "--jobs", "8000")
        self.graded(code, said)
        assert "8000 grading processes are too many" in said


EACH_COMMAND = pytest.mark.parametrize(
    ("command", "code"), [("grade", 1), ("check", 3), ("doctor", 1)]
)


class TestOneSentence:
    """Nothing is graded, and the reason is said.

    The commands find out in the same way: each want is tried with a part of them, and each of them
    with a want.
    """

    @pytest.mark.usefixtures("course")
    @pytest.mark.one_in(2, 0)
    @EACH_COMMAND
    def test_too_few_open_files(self, command: str, code: int) -> None:
        ended, said = run(command, limits={resource.RLIMIT_NOFILE: 20})
        assert ended == code
        assert "Nothing was graded. A process may have 20 files open here" in said
        assert "ulimit -n 1024" in said

    @pytest.mark.one_in(2, 1)
    @EACH_COMMAND
    def test_too_few_processes(self, course: Assignment, command: str, code: int) -> None:
        course.root.chmod(0o777)  # for whoever grades where root has no such limit
        launcher = AS_NOBODY if os.geteuid() == 0 else []  # root has no such limit
        ended, said = run(command, launcher=launcher, limits={resource.RLIMIT_NPROC: 5})
        assert ended == code
        assert "more processes or threads can be started here" in said
        assert "ulimit -u" in said

    @pytest.mark.usefixtures("course")
    @pytest.mark.one_in(2, 1)
    @EACH_COMMAND
    def test_a_filter_that_is_refused(self, command: str, code: int) -> None:
        ended, said = run(command, launcher=WITHOUT_FILTER)
        assert ended == code
        assert "Nothing was graded. The kernel refused the seccomp filter" in said


class TestNamespaces:
    """Bubblewrap is a program of the host's, and may do anything."""

    @pytest.fixture
    def bubblewrap(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        """Have a shell script in its place."""
        monkeypatch.setattr(process, "BEGIN_SECONDS", 0.3)
        monkeypatch.setattr(host, "BEGIN_SECONDS", 0.3)
        monkeypatch.setattr(processes.launch, "BEGIN_SECONDS", 0.3)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

        def write(script: str) -> None:
            (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "bwrap").chmod(0o755)

        return write

    @pytest.mark.parametrize(
        ("script", "reason"),
        [
            ("sleep 600", "did not start anything within"),
            ("sleep 600 & wait", "did not start anything within"),
            ("echo 'No permissions to create a namespace' >&2; exit 1", "No permissions"),
        ],
        ids=["it hangs", "what it starts hangs", "it is refused"],
    )
    def test_where_it_makes_none_there_are_the_other_layers(
        self, bubblewrap: Callable[[str], None], script: str, reason: str
    ) -> None:
        bubblewrap(script)
        before = descendants(os.getpid())
        with WarmParent() as parent:
            worker = Worker(parent)
            worker.end()
        assert set(worker.layers) >= FLOOR
        assert "namespaces" not in worker.layers
        assert any(reason in sentence for sentence in host.shortcomings())
        assert still_running(descendants(os.getpid()) - before) == []

    def test_where_it_hangs_a_class_is_graded_all_the_same(
        self, bubblewrap: Callable[[str], None], tiny: Assignment
    ) -> None:
        bubblewrap("exec sleep 600")
        processes.begin()
        class_ = [submission(SOLUTION, student) for student in ("ada", "bob")]
        results = list(pool.grade_all(Settings(tiny, Limits()), class_, jobs=1 + 1))
        assert [result.score for result in results] == [6, 6]

    def test_where_it_is_not_installed_that_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert any("bubblewrap is not installed" in each for each in host.shortcomings())


class TestJobs:
    """How many processes grade at once."""

    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(host, "cores", lambda: set(range(4)))
        monkeypatch.setattr(host, "available_bytes", lambda: 64 << 30)
        monkeypatch.setattr(host, "more_processes", lambda wanted: wanted)

    @pytest.mark.parametrize(("asked", "given"), [(None, 4), (1, 1), (16, 16)])
    def test_what_it_carries_it_gets(self, asked: int | None, given: int) -> None:
        assert pool.affordable(asked) == (given, None)

    @pytest.mark.parametrize(("asked", "given"), [(17, 16), (8000, 16)])
    def test_more_would_take_turns(self, asked: int, given: int) -> None:
        jobs, remark = pool.affordable(asked)
        assert jobs == given
        assert remark is not None
        assert f"{asked} grading processes" in remark
        assert f"It runs {given}." in remark

    @pytest.mark.parametrize(
        ("what", "has", "given"),
        [
            ("available_bytes", lambda: 600 << 20, 2),
            ("available_bytes", lambda: 10 << 20, 1),
            ("more_processes", lambda wanted: min(wanted, 12), 2),
        ],
    )
    def test_memory_and_processes_bound_it(
        self, monkeypatch: pytest.MonkeyPatch, what: str, has: Any, given: int
    ) -> None:
        monkeypatch.setattr(host, what, has)
        jobs, remark = pool.affordable(None)
        assert (jobs, remark is None) == (given, False)


class TestTesters:
    """Whichever process that grades is killed, and whenever: no result is lost, nobody waits."""

    def grade(self, course: Assignment, number: int = 4) -> list[tuple[str, float | None]]:
        class_ = [submission(f"{SOLUTION}# {n}\n", f"student{n}") for n in range(number)]
        results = list(pool.grade_all(Settings(course, Limits()), class_, jobs=2))
        assert {result.student for result in results} == {each.student for each in class_}
        return [(result.status, result.score) for result in results]

    def test_one_killed_as_it_starts(
        self, tiny: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, left = processes._Origin.fork, [1]

        def killing(origin: Any, core: int) -> Any:
            before = descendants(origin._process.pid)
            channel = real(origin, core)
            while left and not (started := descendants(origin._process.pid) - before):
                time.sleep(0.0001)
            if left:
                left.pop()
                os.kill(min(started), signal.SIGKILL)
            return channel

        monkeypatch.setattr(processes._Origin, "fork", killing)
        assert self.grade(tiny) == [("graded", 6)] * 4

    def test_all_killed_with_the_process_they_were_forked_from(
        self, tiny: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, left = processes.Testers._carried_out, [1]

        def killing(testers: Any, *given: Any) -> Any:
            if left:
                left.pop()
                os.kill(testers._origin._process.pid, signal.SIGKILL)
            return real(testers, *given)

        monkeypatch.setattr(processes.Testers, "_carried_out", killing)
        assert self.grade(tiny) == [("graded", 6)] * 4

    def test_a_first_parent_of_workers_killed_in_the_middle(
        self, tiny: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, left = processes.Testers._carried_out, [1]

        def killing(testers: Any, *given: Any) -> Any:
            value = real(testers, *given)
            if left:
                left.pop()
                processes.launch.kill(testers._origin._parent)
            return value

        monkeypatch.setattr(processes.Testers, "_carried_out", killing)
        assert self.grade(tiny) == [("graded", 6)] * 4

    def test_one_that_hangs_is_given_up(self) -> None:
        with processes.Testers(1, {0}, seconds=1) as testers:
            with pytest.raises(processes.TesterLost):
                testers.submit(time.sleep, 600).result()
            testers._seconds = 60  # the next may take longer to start on a busy machine
            assert testers.submit(os.getpid).result() != os.getpid()

    @pytest.fixture(scope="class")
    @classmethod
    def testers(cls) -> Iterator[processes.Testers]:
        """One tester, which nothing ends."""
        with processes.Testers(1, {0}, seconds=60) as ready:
            yield ready

    def test_what_it_raises_arrives(self, testers: processes.Testers) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            testers.submit(int, "x").result()
        with pytest.raises(RuntimeError, match="Odd"):
            testers.submit(exec, ODD).result()

    def test_a_call_that_can_not_be_read_there_is_told_and_ends_nothing(
        self, testers: processes.Testers
    ) -> None:
        tester = testers.submit(os.getpid).result()
        with pytest.raises(ValueError, match="invalid literal"):
            testers.submit(print, Unreadable()).result()
        assert testers.submit(os.getpid).result() == tester

    def test_they_end_at_once_whatever_they_do(self) -> None:
        with processes.Testers(2, {0}, seconds=60) as testers:
            busy = [testers.submit(time.sleep, 600) for _ in range(2)]
            origin = testers._origin._process.pid
            while len(descendants(origin)) < 2:
                time.sleep(0.01)
            started = descendants(origin) | {origin}
        assert [type(each.exception()) for each in busy] == [processes.TesterLost] * 2
        assert still_running(started) == []

    def test_a_killed_run_leaves_no_file(self, course: Assignment, tmp_path: Path) -> None:
        folder = tmp_path / "temporary"
        folder.mkdir()
        for student in ("cleo", "dan"):
            hand_in(course.root / "submitted" / student, SLEEPY.replace("0.5", "9"))
        going = subprocess.Popen(
            [*KIT, *COMMANDS["grade"], "--jobs", "2"],
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=-3,
        )
        while not list((course.root).glob("out/*.json")):
            assert going.poll() is None
            time.sleep(0.02)
        started = descendants(going.pid)
        going.kill()
        going.wait(timeout=PATIENCE)
        assert still_running(started) == []
        assert list(folder.iterdir()) == []


ODD = """
import builtins

class Odd(Exception):
    def __init__(self, one, other):
        super().__init__("Odd")

Odd.__module__, builtins.Odd = "builtins", Odd
raise Odd(1, 2)
"""
"""Raises what can't be built again from its text. It is text itself, for a tester may not find this
module: which folders it looks in depends on the tests that this process has run before."""


class Unreadable:
    """Something that can be sent and not read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("x",)


INTERRUPT = (
    "import os, signal, sys\n"
    "class Finder:\n"
    "    def find_spec(name, *_):\n"
    "        if name == {name!r}: os.kill(os.getpid(), signal.SIGINT)\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "sys.meta_path.insert(0, Finder)\n"
    "sys.argv = ['kit', *{words}]\n"
    "from kit.__main__ import main\n"
    "main()\n"
)


class TestInterrupted:
    """Ctrl-C ends a command with a sentence and 130, at once and at any moment."""

    @pytest.mark.usefixtures("course")
    @pytest.mark.one_in(2, 0)
    @pytest.mark.parametrize(
        ("command", "name"),
        [
            ("grade", "kit.batch.processes"),
            ("grade", "typer"),
            ("grade", "kit.display"),
            ("grade", "concurrent.futures.thread"),
            ("check", "kit.grading.grader"),
            ("doctor", "kit.sandbox.tester.process"),
        ],
    )
    def test_while_it_loads(self, command: str, name: str) -> None:
        program = INTERRUPT.format(name=name, words=COMMANDS[command])
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 130
        assert done.stderr.strip() == (
            "Stopped. Run the same command again to go on where it stopped."
        )

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_while_students_code_sleeps(
        self, course: Assignment, tmp_path: Path, jobs: str
    ) -> None:
        sleeps = 2 * 9
        hand_in(course.root / "submitted/bob", SLEEPY.replace("0.5", "9"))
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        going = subprocess.Popen(
            [*KIT, "grade", "tiny", "submitted", "--jobs", jobs],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        signal.signal(signal.SIGINT, before)
        assert going.stdout is not None
        with going.stdout:
            assert going.stdout.readline().startswith("ada: 6 of 6 points")
            began = time.monotonic()
            started = descendants(going.pid)
            os.killpg(going.pid, signal.SIGINT)
            said = going.stdout.read()
        assert going.wait(timeout=PATIENCE) == 130
        assert time.monotonic() - began < sleeps  # it ended before that code could have
        assert said == "Stopped. Run the same command again to go on where it stopped.\n"
        assert [path.stem for path in (course.root / "results/tiny").glob("*.json")] == ["ada"]
        assert still_running(started) == []
