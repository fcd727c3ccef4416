"""Many submissions in one go: every one gets its grade, whatever the others do or happens to us."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from kit import files, results
from kit.batch import lock
from kit.batch.pool import Settings
from kit.batch.run import find_all, grade_all
from kit.course import Assignment
from kit.grading.versions import course_version
from kit.limits import Limits
from tests.support.bookkeeper import bookkeeper_here
from tests.support.command_line import kit
from tests.support.course import ROOT, SLEEPY, SOLUTION, STUB, SUITE, hand_in, write_course
from tests.support.hostile import Surroundings, read_programs, submission_of
from tests.support.processes import PATIENCE, descendants, still_running
from tests.support.results import require_documented, task_of

pytestmark = pytest.mark.usefixtures("warm")

KIT = [sys.executable, "-m", "kit"]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course, and its folder as the working directory."""
    assignment = write_course(tmp_path / "course")
    monkeypatch.chdir(assignment.root)
    return assignment


def class_of_three(folder: Path) -> Path:
    for student, work in {"ada": SOLUTION, "bob": STUB, "cleo": SOLUTION + "\n"}.items():
        hand_in(folder / student, work)
    return folder


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    return class_of_three(tmp_path / "submitted")


def stored(course: Assignment) -> dict[str, dict[str, Any]]:
    """The results on the disk, by student; each is whole and of the documented form."""
    found = {}
    for path in (course.root / "results/tiny").glob("*.json"):
        found[path.stem] = json.loads(path.read_text())
        require_documented(found[path.stem])
    return found


def times(course: Assignment) -> dict[str, int]:
    """When each result was written."""
    results = (course.root / "results/tiny").glob("*.json")
    return {path.stem: path.stat().st_mtime_ns for path in results}


def scores(course: Assignment) -> dict[str, float]:
    return {student: result["score"] for student, result in stored(course).items()}


def grade(submitted: Path, *options: object) -> tuple[int, str]:
    """Grade without a gradebook and, if the options say nothing else, in this process."""
    return kit("grade", "tiny", submitted, "--no-gradebook", "--jobs", 1, *options)


class TestParallel:
    def test_many_processes_give_the_results_of_one(
        self, course: Assignment, submitted: Path, tmp_path: Path
    ) -> None:
        for jobs in (1, 3):
            grade(submitted, "--jobs", jobs, "--out", tmp_path / str(jobs))
        for student in ("ada", "bob", "cleo"):
            one, many = (json.loads((tmp_path / n / f"{student}.json").read_text()) for n in "13")
            assert {**one, "seconds": 0} == {**many, "seconds": 0}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course and its class after a first run, for copying."""
    folder = tmp_path_factory.mktemp("graded")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(write_course(folder / "course").root)
        assert grade(class_of_three(folder / "submitted"))[0] == 0
    return folder


class TestAgain:
    """A second run grades what is new or changed, and nothing else."""

    @pytest.fixture
    def before(self, course: Assignment, submitted: Path, graded: Path) -> dict[str, int]:
        shutil.copytree(graded, course.root.parent, dirs_exist_ok=True)
        return times(course)

    def changed(self, course: Assignment, before: dict[str, int]) -> set[str]:
        after = times(course)
        return {student for student in after if after[student] != before.get(student)}

    def test_nothing_new_nothing_graded(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        code, output = grade(submitted)
        assert code == 0
        assert "ada" in output
        assert self.changed(course, before) == set()

    def test_a_new_and_a_changed_submission(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        hand_in(submitted / "bob", SOLUTION)
        hand_in(submitted / "dan", SOLUTION)
        grade(submitted)
        assert self.changed(course, before) == {"bob", "dan"}
        assert scores(course)["bob"] == 6

    def test_a_changed_suite(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        suite = course.suites / "test_work.py"
        suite.write_text(suite.read_text() + "\n# another rule\n")
        course_version.cache_clear()  # each command has a process of its own
        assert grade(submitted)[0] == 0
        assert self.changed(course, before) == {"ada", "bob", "cleo"}

    @pytest.mark.parametrize("option", [["--force"], ["--seed", "3"], ["--tasks", "double"]])
    def test_another_way_of_grading(
        self, course: Assignment, submitted: Path, before: dict[str, int], option: list[str]
    ) -> None:
        grade(submitted, *option)
        assert self.changed(course, before) == {"ada", "bob", "cleo"}

    def test_a_damaged_result(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        damages = ["", "{", "[]", '{"tasks": 1}', '{"tasks": [[]]}', "[" * 100_000]
        for number, damage in enumerate(damages):
            hand_in(submitted / f"student{number}", SOLUTION)
            (course.root / f"results/tiny/student{number}.json").write_text(damage)
        grade(submitted)
        students = {f"student{number}" for number in range(len(damages))}
        assert self.changed(course, before) == students
        assert {scores(course)[student] for student in students} == {6}


class TestTwoAtOnce:
    """One command at a time writes the results of a folder, and the gradebook; others wait."""

    @pytest.fixture
    def held(self, course: Assignment) -> Iterator[subprocess.Popen[str]]:
        """Another command that writes results, until it is killed."""
        folder = course.root / "results/tiny"
        program = (
            "import sys; from pathlib import Path; from kit.batch.run import sole_writer\n"
            "with sole_writer(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, folder], stdin=-1, stdout=-1, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
            process.kill()

    def test_two_new_runs_leave_one_whole_class(self, course: Assignment, tmp_path: Path) -> None:
        for number in range(4):
            hand_in(tmp_path / f"submitted/student{number}", SOLUTION + "\n" * number)
        started = [self.start("tiny", tmp_path / "submitted", "--jobs", 1) for _ in range(2)]
        ended = [(run.communicate(timeout=PATIENCE)[0], run.returncode) for run in started]
        assert [code for _, code in ended] == [0, 0], ended
        assert all("4 of 4 results are in the gradebook" in said for said, _ in ended)
        assert scores(course) == {f"student{number}": 6 for number in range(4)}
        with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
            assert {
                each.student_id: each.score for each in book.assignment_submissions("tiny")
            } == (scores(course))
        assert set(course.root.glob("results/tiny/.*")) == {course.root / "results/tiny/.lock"}

    def test_a_pair_that_writes_the_same_results_elsewhere(
        self, course: Assignment, submitted: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        options = ("tiny", submitted, "--force", "--out", out, "--jobs", "1")
        pair = [self.start(*options) for _ in range(2)]
        ended = [(run.communicate(timeout=PATIENCE)[0], run.returncode) for run in pair]
        assert [code for _, code in ended] == [0, 0], ended
        found = {path.stem: json.loads(path.read_text())["score"] for path in out.glob("*.json")}
        assert found == {"ada": 6, "bob": 2, "cleo": 6}
        assert {path.name for path in out.iterdir() if path.suffix != ".json"} == {".lock"}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [*KIT, "grade", *map(str, arguments)]
        return subprocess.Popen(command, stdout=-1, stderr=subprocess.STDOUT, text=True)

    def test_who_waits_in_vain_leaves_with_2_and_nothing_done(
        self,
        course: Assignment,
        submitted: Path,
        held: subprocess.Popen[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(lock, "WAIT_SECONDS", 0.6)
        code, output = kit("grade", "tiny", submitted)
        assert code == 2
        assert f"is in use by process {held.pid} since" in output
        assert "Waiting for it to end" in output
        assert "nothing was done. Run the same command again" in output
        assert stored(course) == {}
        assert not (course.root / "gradebook.db").exists()

    def test_another_folder_is_free(
        self, course: Assignment, submitted: Path, held: subprocess.Popen[str], tmp_path: Path
    ) -> None:
        assert grade(submitted, "--out", tmp_path / "out")[0] == 0

    def test_a_killed_command_holds_nobody_up(
        self, course: Assignment, submitted: Path, held: subprocess.Popen[str]
    ) -> None:
        held.kill()
        held.wait(timeout=PATIENCE)
        code, output = grade(submitted)
        assert (code, "in use" in output) == (0, False)

    def test_two_writers_of_one_result_do_not_meet(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where a file system has no locks, it is all that keeps them apart."""
        path = tmp_path / "ada.json"

        def meanwhile(number: int) -> None:
            monkeypatch.undo()
            files.write_whole(path, b"another")

        monkeypatch.setattr(os, "fsync", meanwhile)
        files.write_whole(path, b"one")
        assert path.read_bytes() == b"one"
        assert list(tmp_path.iterdir()) == [path]

    def test_what_killed_runs_left_is_cleared_and_nothing_else(
        self, course: Assignment, submitted: Path
    ) -> None:
        folder = course.root / "results/tiny"
        folder.mkdir(parents=True)
        for name in (".bob.json.0a1b2c3d.kit-part", "pseudonyms.txt", ".notes"):
            (folder / name).write_text("{")
        assert grade(submitted)[0] == 0
        others = {path.name for path in folder.iterdir() if path.suffix != ".json"}
        assert others == {"pseudonyms.txt", ".notes", ".lock"}


class TestUnwritable:
    """Where results can't be written, that is noticed before anything is graded."""

    @pytest.mark.parametrize("place", ["/proc/self/task", "a file", "in a file"])
    def test_a_folder_that_takes_no_results_is_refused(
        self,
        course: Assignment,
        submitted: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        place: str,
    ) -> None:
        monkeypatch.setattr(lock, "WAIT_SECONDS", 1.0)  # at once: nobody is waited for
        (tmp_path / "file").write_text("")
        out = {"a file": tmp_path / "file", "in a file": tmp_path / "file/out"}.get(place, place)
        code, output = kit("grade", "tiny", submitted, "--out", out)
        assert code == 2
        assert f"No result can be written to {out} (" in output.replace("\n", " ")
        assert "ada" not in output

    def test_one_result_that_can_not_be_written_is_that_students_error(
        self, course: Assignment, submitted: Path, bookkeeper_here: None
    ) -> None:
        (course.root / "results/tiny/ada.json").mkdir(parents=True)
        code, output = kit("grade", "tiny", submitted)
        assert code == 1
        assert "ada: error: The result could not be written" in output
        assert "2 of 3 results are in the gradebook" in output
        (course.root / "results/tiny/ada.json").rmdir()
        assert scores(course) == {"bob": 2, "cleo": 6}
        assert set(course.root.glob("results/tiny/.*")) == {course.root / "results/tiny/.lock"}


def is_loaded(pid: int) -> bool:
    """Whether ``pid`` is the process from which those that grade are forked, or one of them."""
    try:
        return "kit.batch.loaded" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended by now
        return False


class TestFaultsOfOurs:
    """What breaks on our side ends as an error or not at all, and the next run completes it."""

    def test_a_killed_run_leaves_whole_results_and_no_process(
        self, course: Assignment, submitted: Path
    ) -> None:
        for number in range(4):
            hand_in(submitted / f"slow{number}", SLEEPY + "\n" * number)
        run = subprocess.Popen(
            [*KIT, "grade", "tiny", submitted, "--jobs", "2", "--no-gradebook"],
            stdout=-3,
            stderr=-3,
        )
        folder = course.root / "results/tiny"
        while len(list(folder.glob("*.json"))) < 2:
            assert run.poll() is None
            time.sleep(0.02)
        started = descendants(run.pid)
        run.kill()
        run.wait(timeout=PATIENCE)
        assert len(stored(course)) < 7
        assert still_running(started) == []
        assert grade(submitted)[0] == 0
        assert len(stored(course)) == 7
        assert [path.name for path in folder.iterdir() if path.suffix != ".json"] == [".lock"]

    def test_an_interrupted_run_ends_soon_and_says_what_to_do(
        self, course: Assignment, submitted: Path
    ) -> None:
        for number in range(20):
            hand_in(submitted / f"slow{number}", SLEEPY + "\n" * number)
        # a test run in the background of a shell ignores Ctrl-C, and so would what it starts
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        run = subprocess.Popen(
            [*KIT, "grade", "tiny", submitted, "--jobs", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        signal.signal(signal.SIGINT, before)
        assert run.stdout is not None
        with run.stdout:
            run.stdout.readline()
            started = descendants(run.pid)
            os.killpg(run.pid, signal.SIGINT)
            said = run.stdout.read()
        assert run.wait(timeout=PATIENCE) == 130
        assert "Run the same command again" in said
        assert "Traceback" not in said
        assert still_running(started) == []

    def test_a_killed_tester_costs_nothing(self, course: Assignment, submitted: Path) -> None:
        for number in range(4):
            hand_in(submitted / f"slow{number}", SLEEPY + "\n" * number)
        settings = Settings(course, Limits())
        with ExitStack() as kept:
            found = find_all(course, [submitted], kept)
            coming = grade_all(settings, found, course.root / "results/tiny", jobs=2)
            next(coming)
            started = descendants(os.getpid())
            (origin,) = [pid for pid in started if is_loaded(pid) and descendants(pid)]
            testers = descendants(origin)
            assert os.SCHED_BATCH in {os.sched_getscheduler(tester) for tester in testers}
            os.kill(max(testers), signal.SIGKILL)
            for _ in coming:
                pass
        found_scores = scores(course)
        assert len(found_scores) == 7
        assert set(found_scores.values()) == {6, 2}

    def test_a_full_disk_is_an_error_and_the_next_run_completes(
        self, course: Assignment, submitted: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = results.write

        def full(result: results.Result, path: Path) -> None:
            if result.student == "ada":
                raise OSError(28, "No space left on device")
            real(result, path)

        monkeypatch.setattr(results, "write", full)
        code, output = grade(submitted)
        assert code == 1
        assert "No space left on device" in output
        monkeypatch.setattr(results, "write", real)
        assert grade(submitted)[0] == 0
        assert scores(course) == {"ada": 6, "bob": 2, "cleo": 6}

    def test_a_killed_bookkeeper_costs_no_result_and_the_next_run_completes(
        self, course: Assignment, submitted: Path
    ) -> None:
        config = course.root / "nbgrader_config.py"
        config.write_text("import os; os.kill(os.getpid(), 9)")
        code, output = kit("grade", "tiny", submitted)
        assert code == 1
        assert "The process that writes the gradebook ended too early: signal 9, Killed" in output
        assert scores(course) == {"ada": 6, "bob": 2, "cleo": 6}
        config.unlink()
        with bookkeeper_here():
            assert "3 of 3 results are in the gradebook" in kit("grade", "tiny", submitted)[1]

    def test_a_vanished_data_set_is_an_error_and_the_next_run_completes(
        self, tmp_path: Path, submitted: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        suite = SUITE.replace("import pytest", "import numpy as np\nimport pytest", 1).replace(
            "expect.close(student.work.double(1.0), 2.0",
            "x = np.asarray(np.load('data/x.npy', mmap_mode='r'))\n    "
            "expect.close(student.work.double(student.mapped(x)), 2 * x",
        )
        course = write_course(tmp_path / "course", suite)
        monkeypatch.chdir(course.root)
        assert grade(submitted / "ada")[0] == 1
        assert stored(course)["ada"]["status"] == "error"
        assert task_of(stored(course)["ada"], "double")["score"] is None
        (course.root / "data").mkdir()
        import numpy as np

        np.save(course.root / "data/x.npy", np.arange(3.0))
        assert grade(submitted / "ada")[0] == 0
        assert scores(course) == {"ada": 6}


MESSES = {
    "layers do not compile": ({"layers": "def ("}, 64),
    "optim is empty": ({"optim": ""}, 35),
    "a stray import": ({"optim": "import regex\n@"}, 80),
    "windows line ends": ({"optim": "\r\n"}, 80),
    "nothing at all": (None, None),
}


@pytest.mark.slow
def test_a_class_of_every_kind(
    optimization: Assignment,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> None:
    """Perfect, untouched, broken, hostile: each gets its grade, and nothing is left behind.

    Three hundred with ``--all-cases``, else every tenth of them.
    """
    step = 1 if pytestconfig.getoption("--all-cases") else 10
    tmp_path = tmp_path_factory.mktemp("class")  # a short path: sockets lie below it
    with Surroundings() as surroundings:
        expected = write_class(optimization, tmp_path / "submitted", surroundings, step)
        assert len(expected) >= 300 // step
        before = surroundings.state()
        run = grade_class(optimization, tmp_path)
        assert run.returncode == 0, run.stderr[-2000:]
        assert surroundings.state() == before
    got = {}
    for path in (tmp_path / "results").iterdir():
        result = json.loads(path.read_text())
        require_documented(result)
        failed = {task["id"] for task in result["tasks"] if task["status"] == "failed"}
        hostile = path.stem.startswith("hostile")
        got[path.stem] = (result["status"], failed if hostile else result["score"])
    assert got == expected
    assert list((tmp_path / "temporary").iterdir()) == []


def write_class(
    assignment: Assignment, folder: Path, surroundings: Surroundings, step: int
) -> dict[str, tuple[str, Any]]:
    """Write the class, or a part of it, and return what each must get.

    That is the status and the score, or the failed tasks. ``step``: every how manieth is written.
    """
    expected: dict[str, tuple[str, Any]] = {}
    for number in range(0, 90, step):
        write(assignment, folder / f"solved{number}", {"optim": f"# by {number}\n"})
        expected[f"solved{number}"] = ("graded", 80)
    for number in range(0, 60, step):
        shutil.copytree(assignment.release, folder / f"untouched{number}")
        expected[f"untouched{number}"] = ("graded", 0)
    for number in range(60 // step):
        name, (changes, score) = list(MESSES.items())[number % len(MESSES)]
        student = f"broken{number} {name}"
        if changes is None:
            (folder / student).mkdir()
            expected[student] = ("rejected", 0)
        else:
            write(assignment, folder / student, changes)
            expected[student] = ("graded", score)
    programs = [program for program in read_programs() if program.group != "training"]
    for program in programs[::step]:
        student = f"hostile {program.name}"
        files = submission_of(program, assignment, surroundings.tools()).files
        for name, content in files.items():
            (folder / student / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / student / name).write_bytes(content)
        expected[student] = ("graded", program.names("fails"))
    return expected


def write(assignment: Assignment, folder: Path, changes: dict[str, str]) -> None:
    """The solution with changed modules: "" empties one, a text with @ goes before it."""
    shutil.copytree(assignment.solutions, folder)
    for module, change in changes.items():
        path = folder / f"nndl/{module}.py"
        content = path.read_bytes()
        if change == "\r\n":
            path.write_bytes(content.replace(b"\n", b"\r\n"))
        elif change.endswith("\n"):
            path.write_bytes(content + change.encode())
        elif change.endswith("@"):
            path.write_bytes(change[:-1].encode() + content)
        else:
            path.write_text(change)


def grade_class(assignment: Assignment, folder: Path) -> subprocess.CompletedProcess[str]:
    """Grade ``folder``/submitted in another process, impatiently, with temporary files apart."""
    (folder / "temporary").mkdir()
    tasks = [task.id for task in assignment.tasks if not task.manual and task.id != "cifar10"]
    program = folder / "grade.py"
    program.write_text(
        "from contextlib import ExitStack\n"
        "from pathlib import Path\n"
        "from kit.batch.run import find_all, grade_all\n"
        "from kit.course import Assignment\n"
        "from kit.limits import Limits\n"
        "from kit.batch.pool import Settings\n"
        "if __name__ == '__main__':\n"
        f"    assignment = Assignment(Path({str(ROOT)!r}), 'optimization')\n"
        f"    settings = Settings(assignment, Limits(call_seconds=1.0), {tuple(tasks)})\n"
        "    with ExitStack() as kept:\n"
        f"        found = find_all(assignment, [Path({str(folder / 'submitted')!r})], kept)\n"
        f"        for _ in grade_all(settings, found, Path({str(folder / 'results')!r})):\n"
        "            pass\n"
    )
    return subprocess.run(
        [sys.executable, program],
        env={**os.environ, "TMPDIR": str(folder / "temporary")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
