"""Grades submissions on the nodes of a Dask cluster, as ``kit.batch.pool`` does on this machine.

A node is a process that Dask calls a worker; it grades one submission at a time. The run sends it
the parts of the course that it needs: the given files, the suites, and the skeletons (not the
solutions) of the files that a student writes. A node must already have the kit, Python and
NumPy, in the same versions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from distributed import Client, KilledWorker, Security, Worker, get_worker
from distributed import Future as Promise

from kit import provided
from kit.batch import pool
from kit.batch.pool import Graders, Settings
from kit.course import Assignment, CourseError
from kit.grading.versions import versions
from kit.intake.submission import Submission
from kit.results import Result
from kit.sandbox.faults import IsolationMissing, RunStopped

CONNECT_SECONDS = 10
NODE_SECONDS = 60
"""How long a run waits for a first node, or for a new one if all have gone."""
AGAIN = "Results so far are kept: fix this and run the same command again."


@dataclass(frozen=True)
class Parcel:
    """The data that a node needs for a run; ``files`` are the course's, ``{path: content}``."""

    settings: Settings
    versions: dict[str, str]
    files: dict[str, bytes]


def pack(settings: Settings) -> Parcel:
    """The parcel of a run; of the solutions it holds only the skeletons."""
    assignment = settings.assignment
    files = provided.for_grading(assignment)
    paths = {str(path.relative_to(assignment.root)): content for path, content in files.items()}
    return Parcel(settings, versions(assignment), paths)


def grade_all(
    settings: Settings, submissions: Iterable[Submission], address: str
) -> Iterator[Result]:
    """The results of ``submissions`` as they come, from the nodes of the scheduler at ``address``.

    A killed node costs nothing: Dask hands its jobs to other nodes. Raises CourseError if nobody
    answers at ``address``, RunStopped or IsolationMissing if the cluster can't grade.
    """
    with _connected(address) as client:
        parcel = pack(settings)
        _require_fit(client, parcel)
        # Dask sends this value to every node once, and makes it again if its node is lost
        promise = client.submit(_same, parcel, pure=False)
        try:
            yield from pool.distribute(settings, submissions, partial(_of_cluster, client, promise))
        except (CancelledError, OSError) as error:
            raise RunStopped(f"The scheduler {address} has gone. {AGAIN}") from error


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    if not address.startswith(("tcp://", "tls://")):
        raise CourseError(f"{address} is not a scheduler's address, such as tcp://HOST:8786.")
    if address.startswith("tls://") and not Security().get_connection_args("client")["ssl_context"]:
        raise CourseError(
            f"{address} requires certificates, but Dask's configuration names none for a client: "
            "see docs/scaling.md."
        )
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(
            f"No scheduler can be reached at {address} ({error}). Start one with `dask scheduler`, "
            "and nodes with `dask worker`: see docs/scaling.md."
        ) from error
    with client:
        yield client


@contextmanager
def _of_cluster(client: Client, parcel: Promise[Parcel], alone: bool) -> Iterator[Graders]:
    submit = partial(client.get_executor(pure=False).submit, _grade, parcel)
    yield Graders(submit, lambda: 1 if alone else 2 * len(_nodes(client)), KilledWorker)


def _nodes(client: Client) -> dict[str, int]:
    """The number of threads of each node; raises RunStopped if there are no nodes."""
    deadline = time.monotonic() + NODE_SECONDS
    while not (nodes := client.nthreads()):
        if time.monotonic() > deadline:
            raise RunStopped(
                f"The scheduler has had no node for {NODE_SECONDS} s. Start some with "
                f"`dask worker`. {AGAIN}"
            )
        time.sleep(0.2)
    return dict(nodes)


def _require_fit(client: Client, parcel: Parcel) -> None:
    """Raise RunStopped, with the place and the problem, unless every node can grade."""
    for address, threads in _nodes(client).items():
        if threads > 1:
            raise RunStopped(
                f"The node {address} has {threads} threads, but one process grades one submission "
                f"at a time. Start it with --nthreads 1 --nworkers {threads}."
            )
    answers = client.run(_prepare, parcel, on_error="return")
    try:
        client.run_on_scheduler(_same, parcel)
    except Exception as error:
        answers["scheduler"] = error
    for address, answer in answers.items():
        if isinstance(answer, RunStopped):
            raise answer
        if isinstance(answer, Exception):
            raise RunStopped(
                f"{address} can't read messages from this machine ({type(answer).__name__}: "
                f"{answer}). Install the same kit and Python there and start it again. {AGAIN}"
            )


# -- on a node -----------------------------------------------------------------------------------


_courses: dict[tuple[str, str], Path] = {}
_unpacking = threading.Lock()


def _same(parcel: Parcel) -> Parcel:
    return parcel


def _prepare(parcel: Parcel, dask_worker: Worker) -> None:
    """Do the set-up of a first job now, so that an unfit node is found before grading."""
    _unpacked(parcel, dask_worker)


def _grade(parcel: Parcel, submission: Submission) -> Result:
    """Carry out one job: the result of one submission, graded in this process."""
    node = get_worker()
    here = Assignment(_unpacked(parcel, node), parcel.settings.assignment.name)
    try:
        return pool.grade(replace(parcel.settings, assignment=here), submission)
    except IsolationMissing as error:
        raise IsolationMissing(f"Node {node.address}: {error} {AGAIN}") from None


def _unpacked(parcel: Parcel, node: Worker) -> Path:
    """The root of the course on this node; it stays there as long as the node runs.

    Raises RunStopped if this node would grade differently from the machine that started the run.
    """
    name, course = parcel.settings.assignment.name, parcel.versions["course"]
    with _unpacking:
        if (name, course) not in _courses:
            root = Path(node.local_directory, f"kit-{name}-{course}")  # Dask deletes it later
            for file, content in parcel.files.items():
                path = root / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            _compare(node.address, parcel.versions, versions(Assignment(root, name)))
            _courses[name, course] = root
        return _courses[name, course]


def _compare(node: str, wanted: dict[str, str], found: dict[str, str]) -> None:
    for what, version in wanted.items():
        if found[what] == version:
            continue
        if what == "course":
            raise RunStopped(
                f"Node {node} runs different kit code from this machine. Install the same kit "
                f"there and start the node again. {AGAIN}"
            )
        raise RunStopped(
            f"Node {node} has {what} {found[what]}, but this machine has {version}. Install the "
            f"same version on both (make setup) and start the node again. {AGAIN}"
        )
