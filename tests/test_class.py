"""Many submissions in one go: every one gets its grade, whatever the others do or happens to us."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT, SOLUTION, SUITE, descendants, task_of, write_course
from hostile_support import Surroundings, read_programs, submission_of
from test_cli import kit
from test_grading import SCHEMA, STUB
from test_worker import still_running

from kit import results
from kit.classroom import find_all, grade_all
from kit.course import Assignment
from kit.limits import Limits
from kit.pool import Settings

KIT = [sys.executable, "-m", "kit"]
SLEEPY = SOLUTION.replace("return 2 * x", "import time; time.sleep(0.5); return 2 * x")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course, and its folder as the working directory."""
    assignment = write_course(tmp_path / "course")
    monkeypatch.chdir(assignment.root)
    return assignment


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    folder = tmp_path / "submitted"
    for student, work in {"ada": SOLUTION, "bob": STUB, "cleo": SOLUTION + "\n"}.items():
        hand_in(folder / student, work)
    return folder


def hand_in(folder: Path, work: str) -> None:
    (folder / "nndl").mkdir(parents=True, exist_ok=True)
    (folder / "nndl/work.py").write_text(work)


def stored(course: Assignment) -> dict[str, dict[str, Any]]:
    """The results on the disk, by student; each is whole and of the documented form."""
    found = {}
    for path in (course.root / "results/tiny").glob("*.json"):
        found[path.stem] = json.loads(path.read_text())
        jsonschema.validate(found[path.stem], SCHEMA)
    return found


def times(course: Assignment) -> dict[str, int]:
    """When each result was written."""
    return {path.stem: path.stat().st_mtime_ns for path in (course.root / "results/tiny").iterdir()}


def scores(course: Assignment) -> dict[str, float]:
    return {student: result["score"] for student, result in stored(course).items()}


class TestParallel:
    def test_many_processes_give_the_results_of_one(
        self, course: Assignment, submitted: Path, tmp_path: Path
    ) -> None:
        for jobs in (1, 3):
            kit("grade", "tiny", submitted, "--jobs", jobs, "--out", tmp_path / str(jobs))
        for student in ("ada", "bob", "cleo"):
            one, many = (json.loads((tmp_path / n / f"{student}.json").read_text()) for n in "13")
            assert {**one, "seconds": 0} == {**many, "seconds": 0}


class TestAgain:
    """A second run grades what is new or changed, and nothing else."""

    @pytest.fixture
    def before(self, course: Assignment, submitted: Path) -> dict[str, int]:
        assert kit("grade", "tiny", submitted)[0] == 0
        return times(course)

    def changed(self, course: Assignment, before: dict[str, int]) -> set[str]:
        after = times(course)
        return {student for student in after if after[student] != before.get(student)}

    def test_nothing_new_nothing_graded(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        code, output = kit("grade", "tiny", submitted)
        assert code == 0
        assert "ada" in output
        assert self.changed(course, before) == set()

    def test_a_new_and_a_changed_submission(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        hand_in(submitted / "bob", SOLUTION)
        hand_in(submitted / "dan", SOLUTION)
        kit("grade", "tiny", submitted)
        assert self.changed(course, before) == {"bob", "dan"}
        assert scores(course)["bob"] == 6

    def test_a_changed_suite(
        self, course: Assignment, submitted: Path, before: dict[str, int]
    ) -> None:
        suite = course.suites / "test_work.py"
        suite.write_text(suite.read_text() + "\n# another rule\n")
        run = subprocess.run([*KIT, "grade", "tiny", submitted], check=False, capture_output=True)
        assert run.returncode == 0
        assert self.changed(course, before) == {"ada", "bob", "cleo"}

    @pytest.mark.parametrize("option", [["--force"], ["--seed", "3"], ["--tasks", "double"]])
    def test_another_way_of_grading(
        self, course: Assignment, submitted: Path, before: dict[str, int], option: list[str]
    ) -> None:
        kit("grade", "tiny", submitted, *option)
        assert self.changed(course, before) == {"ada", "bob", "cleo"}

    @pytest.mark.parametrize("damage", ["", "{", "[]", '{"tasks": 1}'])
    def test_a_damaged_result(
        self, course: Assignment, submitted: Path, before: dict[str, int], damage: str
    ) -> None:
        (course.root / "results/tiny/ada.json").write_text(damage)
        kit("grade", "tiny", submitted)
        assert scores(course) == {"ada": 6, "bob": 2, "cleo": 6}


def is_loaded(pid: int) -> bool:
    """Whether ``pid`` is the process from which those that grade are forked, or one of them."""
    try:
        return "kit.loaded" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended by now
        return False


class TestFaultsOfOurs:
    """What breaks on our side ends as an error or not at all, and the next run completes it."""

    def test_a_killed_run_leaves_whole_results_and_no_process(
        self, course: Assignment, submitted: Path
    ) -> None:
        for number in range(6):
            hand_in(submitted / f"slow{number}", SLEEPY + "\n" * number)
        run = subprocess.Popen(
            [*KIT, "grade", "tiny", submitted, "--jobs", "2"], stdout=-3, stderr=-3
        )
        folder = course.root / "results/tiny"
        while len(list(folder.glob("*.json"))) < 4:
            assert run.poll() is None
            time.sleep(0.02)
        started = descendants(run.pid)
        run.kill()
        run.wait()
        assert len(stored(course)) < 9
        assert still_running(started) == []
        assert kit("grade", "tiny", submitted)[0] == 0
        assert len(stored(course)) == 9
        assert [path.name for path in folder.iterdir() if path.suffix != ".json"] == []

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
        assert run.wait() == 130
        assert "Run the same command again" in said
        assert "Traceback" not in said
        assert still_running(started) == []

    def test_a_killed_tester_costs_nothing(self, course: Assignment, submitted: Path) -> None:
        for number in range(6):
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
        assert len(found_scores) == 9
        assert set(found_scores.values()) == {6, 2}

    def test_a_full_disk_is_an_error_and_the_next_run_completes(
        self, course: Assignment, submitted: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = results.write

        def full(result: dict[str, Any], path: Path) -> None:
            if result["student"] == "ada":
                raise OSError(28, "No space left on device")
            real(result, path)

        monkeypatch.setattr(results, "write", full)
        code, output = kit("grade", "tiny", submitted)
        assert code == 1
        assert "No space left on device" in output
        monkeypatch.setattr(results, "write", real)
        assert kit("grade", "tiny", submitted)[0] == 0
        assert scores(course) == {"ada": 6, "bob": 2, "cleo": 6}

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
        assert kit("grade", "tiny", submitted / "ada")[0] == 1
        assert stored(course)["ada"]["status"] == "error"
        assert task_of(stored(course)["ada"], "double")["score"] is None
        (course.root / "data").mkdir()
        import numpy as np

        np.save(course.root / "data/x.npy", np.arange(3.0))
        assert kit("grade", "tiny", submitted / "ada")[0] == 0
        assert scores(course) == {"ada": 6}


MESSES = {
    "layers do not compile": ({"layers": "def ("}, 45),
    "optim is empty": ({"optim": ""}, 35),
    "a stray import": ({"optim": "import regex\n@"}, 80),
    "windows line ends": ({"optim": "\r\n"}, 80),
    "nothing at all": (None, None),
}


@pytest.mark.slow
def test_three_hundred_submissions_of_every_kind(
    optimization: Assignment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Perfect, untouched, broken, hostile: each gets its grade, and nothing is left behind."""
    tmp_path = tmp_path_factory.mktemp("class")  # a short path: sockets lie below it
    with Surroundings() as surroundings:
        expected = write_class(optimization, tmp_path / "submitted", surroundings)
        assert len(expected) >= 300
        before = surroundings.state()
        run = grade_class(optimization, tmp_path)
        assert run.returncode == 0, run.stderr[-2000:]
        assert surroundings.state() == before
    got = {}
    for path in (tmp_path / "results").iterdir():
        result = json.loads(path.read_text())
        jsonschema.validate(result, SCHEMA)
        failed = {task["id"] for task in result["tasks"] if task["status"] == "failed"}
        hostile = path.stem.startswith("hostile")
        got[path.stem] = (result["status"], failed if hostile else result["score"])
    assert got == expected
    assert list((tmp_path / "temporary").iterdir()) == []


def write_class(
    assignment: Assignment, folder: Path, surroundings: Surroundings
) -> dict[str, tuple[str, Any]]:
    """Write the class and return what each must get: status, and score or failed tasks."""
    expected: dict[str, tuple[str, Any]] = {}
    for number in range(90):
        write(assignment, folder / f"solved{number}", {"optim": f"# by {number}\n"})
        expected[f"solved{number}"] = ("graded", 80)
    for number in range(60):
        shutil.copytree(assignment.release, folder / f"untouched{number}")
        expected[f"untouched{number}"] = ("graded", 0)
    for number in range(60):
        name, (changes, score) = list(MESSES.items())[number % len(MESSES)]
        student = f"broken{number} {name}"
        if changes is None:
            (folder / student).mkdir()
            expected[student] = ("rejected", 0)
        else:
            write(assignment, folder / student, changes)
            expected[student] = ("graded", score)
    programs = [program for program in read_programs() if program.group != "training"]
    for program in programs:
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
        "from kit.classroom import find_all, grade_all\n"
        "from kit.course import Assignment\n"
        "from kit.limits import Limits\n"
        "from kit.pool import Settings\n"
        "if __name__ == '__main__':\n"
        f"    assignment = Assignment(Path({str(ROOT)!r}), 'optimization')\n"
        f"    settings = Settings(assignment, Limits(call_seconds=2.0), {tuple(tasks)})\n"
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
    )
