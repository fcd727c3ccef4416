"""Grading on the nodes of a Dask cluster: on loopback, a scheduler and nodes in processes apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import kit
from tests.support.course import SLEEPY, SOLUTION, STUB, SUITE, hand_in, submission, write_course
from tests.support.processes import PATIENCE
from tests.support.results import without_time

distributed = pytest.importorskip("distributed", reason="Dask, an extra, is not installed")

from kit.batch import cluster, pool, run  # noqa: E402 (kit.batch.cluster needs Dask)
from kit.batch.pool import Settings  # noqa: E402 (after importorskip)
from kit.course import Assignment, CourseError  # noqa: E402 (after importorskip)
from kit.limits import Limits  # noqa: E402 (after importorskip)
from kit.sandbox.faults import IsolationMissing, RunStopped  # noqa: E402 (after importorskip)

pytestmark = pytest.mark.slow

WHERE = SUITE.replace("import pytest", "import os\nimport signal\n\nimport pytest").replace(
    "def test_double_of_one(student, expect):\n"
    '    """Twice one is two."""\n'
    '    expect.close(student.work.double(1.0), 2.0, "double(1)")',
    "def test_double_of_one(student, expect, record_property):\n"
    '    """Twice one is two."""\n'
    '    record_property("node", os.getpid())\n'
    "    if float(student.work.double(1.0)) == 13:\n"
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    '    expect.close(student.work.double(1.0), 2.0, "double(1)")',
)
"""A suite that notes which process grades, and ends that process for the answer 13."""

DEADLY = SOLUTION.replace("return 2 * x", "return 13.0")
SECONDS = 60


class Cluster:
    """A scheduler and its nodes; a context manager that ends them.

    ``settings`` are Dask's own, as variables of the environment.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._environment = {**os.environ, **settings}
        self._file = folder / "scheduler.json"
        self._open = ExitStack()
        self._nodes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Cluster:
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", self._file)
        deadline = time.monotonic() + SECONDS
        while not (self._file.exists() and self._file.read_text()):
            assert self.scheduler.poll() is None, self._said()
            assert time.monotonic() < deadline, self._said()
            time.sleep(0.05)
        self.address = json.loads(self._file.read_text())["address"]
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add_node(self, threads: int = 1) -> subprocess.Popen[bytes]:
        node = self._start(
            "worker", self.address, "--no-nanny", "--nthreads", threads,
            "--local-directory", self._folder,
        )  # fmt: skip
        self._nodes.append(node)
        return node

    def remove_nodes(self) -> None:
        """End all nodes, and wait until the scheduler knows."""
        while self._nodes:
            end(self._nodes.pop())
        self.wait_for(0)

    def wait_for(self, nodes: int) -> None:
        """Wait until the cluster has that many nodes, no more and no fewer."""
        deadline = time.monotonic() + SECONDS
        with distributed.Client(self.address, set_as_default=False) as client:
            while len(client.nthreads()) != nodes:
                assert time.monotonic() < deadline, self._said()
                time.sleep(0.05)

    def _start(self, what: str, *options: object) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-m", f"distributed.cli.dask_{what}", *map(str, options),
            "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0",
        ]  # fmt: skip
        log = self._open.enter_context((self._folder / "log").open("ab"))
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=self._environment, start_new_session=True
        )
        self._open.callback(end, process)
        return process

    def _said(self) -> str:
        return (self._folder / "log").read_text()[-3000:]


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(SECONDS)


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for those who leave it as it is."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        running.add_node()
        running.add_node()
        running.wait_for(2)
        yield running


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("scheduler")) as running:
        yield running


@pytest.fixture
def no_node(scheduler: Cluster) -> Iterator[Cluster]:
    """A scheduler, for a test that brings its nodes and leaves the scheduler as it is."""
    yield scheduler
    scheduler.remove_nodes()


@pytest.fixture
def course(tmp_path: Path) -> Assignment:
    return write_course(tmp_path / "course", WHERE)


@pytest.fixture
def settings(course: Assignment) -> Settings:
    return Settings(course, Limits())


def nodes_of(results: list[dict[str, Any]]) -> set[int]:
    """The processes that graded."""
    checks = [check for result in results for task in result["tasks"] for check in task["checks"]]
    return {check["measured"]["node"] for check in checks if "measured" in check}


def without_node(result: dict[str, Any]) -> dict[str, Any]:
    """A result but for what differs from run to run."""
    result = json.loads(json.dumps(without_time(result)))
    for task in result["tasks"]:
        for check in task["checks"]:
            check.pop("measured", None)
    return result


class TestGrading:
    def test_the_results_are_those_of_this_machine(
        self, two_nodes: Cluster, settings: Settings
    ) -> None:
        class_ = [submission(work, f"student{n}") for n, work in enumerate([SOLUTION, STUB, "]"])]
        there = {
            r.student: r.as_dict() for r in cluster.grade_all(settings, class_, two_nodes.address)
        }
        here = {r.student: r.as_dict() for r in pool.grade_all(settings, class_, jobs=1)}
        assert [r["score"] for r in here.values()] == [6, 2, 0]
        assert {s: without_node(r) for s, r in there.items()} == {
            s: without_node(r) for s, r in here.items()
        }
        assert nodes_of(list(here.values())) == {os.getpid()}
        assert os.getpid() not in nodes_of(list(there.values()))

    def test_every_node_takes_part(self, two_nodes: Cluster, settings: Settings) -> None:
        class_ = [submission(SLEEPY, f"student{n}") for n in range(8)]
        coming = cluster.grade_all(settings, class_, two_nodes.address)
        assert len(nodes_of([result.as_dict() for result in coming])) == 2

    def test_one_command_grades_a_class(
        self,
        two_nodes: Cluster,
        course: Assignment,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(course.root)
        for student, work in {"ada": SOLUTION, "bob": STUB}.items():
            hand_in(tmp_path / "submitted" / student, work)
        code, output = kit(
            "grade", "tiny", tmp_path / "submitted", "--cluster", two_nodes.address, "--out", "out"
        )
        assert code == 0, output
        assert "ada: 6 of 6 points" in output
        stored = [json.loads(path.read_text()) for path in sorted(Path("out").glob("*.json"))]
        assert [result["score"] for result in stored] == [6, 2]
        assert os.getpid() not in nodes_of(stored)

    def test_no_solution_leaves_this_machine(self, settings: Settings) -> None:
        parcel = cluster.pack(settings)
        skeleton = parcel.files["solutions/tiny/nndl/work.py"]
        assert b"raise NotImplementedError" in skeleton
        assert b"return 2 * x" not in skeleton
        assert not any(b"return 2 * x" in content for content in parcel.files.values())
        assert "autograder/tiny/test_work.py" in parcel.files


class TestKilledNodes:
    def test_a_node_killed_in_the_middle_costs_nobody_anything(
        self, no_node: Cluster, settings: Settings, tmp_path: Path
    ) -> None:
        """Of 20 submissions each has one result and the right score; the killed node had some."""
        victim, survivor = no_node.add_node(), no_node.add_node()
        no_node.wait_for(2)
        quick = SLEEPY.replace("0.5", "0.1")
        for number in range(20):
            hand_in(tmp_path / "submitted" / f"student{number}", f"{quick}# {number}\n")
        yielded, written = [], Counter[str]()
        with ExitStack() as kept:
            found = run.find_all(settings.assignment, [tmp_path / "submitted"], kept)
            out = tmp_path / "results"
            for graded in run.grade_all(settings, found, out, cluster=no_node.address):
                yielded.append(graded.result.as_dict())
                written.update([graded.result.student])
                if victim.poll() is None and victim.pid in nodes_of(yielded) and len(yielded) > 4:
                    os.kill(victim.pid, signal.SIGKILL)
                    victim.wait(timeout=PATIENCE)
        assert victim.poll() == -signal.SIGKILL
        assert written == Counter(f"student{number}" for number in range(20))
        assert nodes_of(yielded) == {victim.pid, survivor.pid}
        stored = {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}
        assert stored == {result["student"]: result for result in yielded}
        assert {(r["status"], r["score"]) for r in stored.values()} == {("graded", 6)}

    def test_a_submission_that_costs_every_node_its_life_is_an_error_and_no_others_are(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        class_ = [submission(SOLUTION, f"student{n}") for n in range(3)]
        class_ += [submission(DEADLY, "deadly")]
        class_ += [submission(SOLUTION, f"student{n}") for n in range(3, 6)]
        # with Dask's own setting, 3, it takes four killed nodes until it gives a job up
        with Cluster(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as running:
            for _ in range(3):
                running.add_node()
            running.wait_for(3)
            results = [
                result.as_dict() for result in cluster.grade_all(settings, class_, running.address)
            ]
            running.wait_for(1)  # the other two were killed
        assert len(results) == 7
        by_student = {result["student"]: result for result in results}
        deadly = by_student.pop("deadly")
        assert (deadly["status"], deadly["score"]) == ("error", None)
        assert "killed twice" in deadly["message"]
        assert {result["score"] for result in by_student.values()} == {6}

    def test_a_node_that_says_nothing_any_more_is_given_up(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        class_ = [submission(SLEEPY, f"student{n}") for n in range(6)]
        with Cluster(tmp_path, DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="5s") as running:
            silent, other = running.add_node(), running.add_node()
            running.wait_for(2)
            coming = cluster.grade_all(settings, class_, running.address)
            first = next(coming)
            silent.send_signal(signal.SIGSTOP)
            results = [result.as_dict() for result in (first, *coming)]
        assert {result["score"] for result in results} == {6}
        assert len(results) == 6
        assert other.pid in nodes_of(results)

    def test_a_node_that_joins_in_the_middle_takes_part(
        self, no_node: Cluster, settings: Settings
    ) -> None:
        nodes = [no_node.add_node()]
        results = []
        for result in cluster.grade_all(settings, _until(nodes, results), no_node.address):
            results.append(result.as_dict())
            if len(nodes) == 1:
                nodes.append(no_node.add_node())
                no_node.wait_for(2)
        assert nodes_of(results) == {node.pid for node in nodes}


def _until(nodes: list[Any], results: list[dict[str, Any]]) -> Iterator[Any]:
    """Submissions, until both nodes have graded one."""
    for number in range(200):
        if len(nodes) == 2 and len(nodes_of(results)) == 2:
            return
        yield submission(SLEEPY.replace("0.5", "0.1"), f"student{number}")


class TestUnfit:
    """A cluster that can't give the same grades gives none, and says why."""

    def test_other_versions_are_refused(
        self, two_nodes: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parcel = cluster.pack(settings)
        other = replace(parcel, versions={**parcel.versions, "numpy": "1.0", "course": "0"})
        monkeypatch.setattr(cluster, "pack", lambda _: other)
        with pytest.raises(
            RunStopped, match=r"Node tcp://.* has numpy .*, but this machine has 1\.0"
        ):
            list(cluster.grade_all(settings, [submission(SOLUTION)], two_nodes.address))

    def test_other_code_is_refused(
        self, two_nodes: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parcel = cluster.pack(settings)
        other = replace(parcel, versions={**parcel.versions, "course": "1"})
        monkeypatch.setattr(cluster, "pack", lambda _: other)
        with pytest.raises(RunStopped, match="different kit code"):
            list(cluster.grade_all(settings, [submission(SOLUTION)], two_nodes.address))

    def test_a_node_with_many_threads_is_refused_and_ends_with_its_scheduler(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """So whoever starts nodes in a loop has them again once there is a scheduler again."""
        with Cluster(tmp_path) as running:
            node = running.add_node(threads=3)
            with pytest.raises(RunStopped, match="--nthreads 1 --nworkers 3"):
                list(cluster.grade_all(settings, [submission(SOLUTION)], running.address))
            end(running.scheduler)
            assert node.wait(SECONDS) == 0

    def test_a_node_that_cannot_confine_ends_the_run_and_is_named(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Node:
            address = "tcp://node.example:1"
            local_directory = str(tmp_path)

        def missing(*_: object) -> None:
            raise IsolationMissing("A worker lacks seccomp.")

        monkeypatch.setattr(cluster, "get_worker", Node)
        monkeypatch.setattr(pool, "grade", missing)
        parcel = cluster.pack(settings)
        with pytest.raises(IsolationMissing, match=r"Node tcp://node.example:1: .* lacks seccomp"):
            cluster._grade(parcel, submission(SOLUTION))

    def test_a_cluster_without_nodes_is_not_waited_for_without_end(
        self, no_node: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cluster, "NODE_SECONDS", 1)
        with pytest.raises(RunStopped, match="has had no node for 1 s"):
            list(cluster.grade_all(settings, [submission(SOLUTION)], no_node.address))

    def test_a_run_whose_last_node_goes_stops(
        self, no_node: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node = no_node.add_node()
        class_ = (submission(SLEEPY, f"student{n}") for n in range(20))
        coming = cluster.grade_all(settings, class_, no_node.address)
        next(coming)
        monkeypatch.setattr(cluster, "NODE_SECONDS", 1)
        monkeypatch.setattr(pool, "LOOK_UP_SECONDS", 0.2)
        end(node)
        with pytest.raises(RunStopped, match="no node"):
            list(coming)

    def test_a_scheduler_that_goes_ends_the_run_in_words(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 3)
        with Cluster(tmp_path) as running:
            running.add_node()
            class_ = (submission(SLEEPY, f"student{n}") for n in range(20))
            coming = cluster.grade_all(settings, class_, running.address)
            next(coming)
            end(running.scheduler)
            with pytest.raises(RunStopped, match=r"has gone.*run the same command again"):
                list(coming)

    def test_nobody_at_the_address(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
        with pytest.raises(CourseError, match=r"No scheduler can be reached at tcp://127\."):
            list(cluster.grade_all(settings, [], "tcp://127.0.0.1:1"))

    def test_an_address_of_another_kind(self, settings: Settings) -> None:
        with pytest.raises(CourseError, match="such as tcp://HOST:8786"):
            list(cluster.grade_all(settings, [], "scheduler.example"))

    def test_a_secured_address_without_certificates(self, settings: Settings) -> None:
        with pytest.raises(CourseError, match="names none for a client"):
            list(cluster.grade_all(settings, [], "tls://127.0.0.1:1"))

    def test_without_dask_the_command_says_what_to_install(
        self, course: Assignment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hand_in(tmp_path / "submitted/ada", SOLUTION)
        monkeypatch.chdir(course.root)
        monkeypatch.setitem(sys.modules, "distributed", None)
        monkeypatch.delitem(sys.modules, "kit.batch.cluster")
        monkeypatch.delattr("kit.batch.cluster")
        code, output = kit("grade", "tiny", tmp_path / "submitted", "--cluster", "tcp://a:1")
        assert code == 2
        assert "pip install '.[cluster]'" in output.replace("\n", " ")

    def test_jobs_are_for_this_machine(
        self, course: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(course.root)
        code, output = kit("grade", "tiny", tmp_path, "--cluster", "tcp://a:1", "--jobs", "2")
        assert code == 2
        assert "--jobs is for this machine" in output
