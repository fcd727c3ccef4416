"""Finds out by trying what this machine offers: processors, memory, files, namespaces.

If something is missing, the kit either falls back to a lesser way, which ``shortcomings`` names, or
can't grade. In the second case ``require`` says so in a sentence, before anything is graded.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from kit.limits import MIB, Limits
from kit.sandbox.faults import KitFault
from kit.sandbox.tester import isolation
from kit.sandbox.tester.launch import BEGIN_SECONDS, kill

NEEDED_FILES = 64
"""Open files of the process that grades; a worker's limit is the same."""
USUAL_FILES = 1024
NEEDED_PROCESSES = 6
"""Processes and threads that grade one submission: this process, a thread, the warm parent, the
processes that make its namespaces, and the worker."""
CGROUP_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)


def cores() -> set[int]:
    """The processors that this process may use."""
    try:
        return os.sched_getaffinity(0)
    except (OSError, AttributeError):
        return set(range(os.cpu_count() or 1))


def available_bytes() -> int | None:
    """Memory that is free or can be freed, in bytes; None if kernel and container don't tell."""
    found = []
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    for path in CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # "max" is no limit
            found.append(int(Path(path).read_text()))
    return min(found, default=None)


def memory_kills() -> int:
    """The number of processes that the kernel has killed since it started, for lack of memory."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def require() -> None:
    """Raise KitFault if too few open files or processes are allowed to grade anything.

    First raises this process's limit on open files, if it may.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = resource.RLIM_INFINITY
    if soft != endless and soft < USUAL_FILES:
        soft = USUAL_FILES if hard == endless else min(hard, USUAL_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft != endless and soft < NEEDED_FILES:
        raise KitFault(
            f"A process may have {soft} files open here, but grading needs {NEEDED_FILES}. Raise "
            f"the limit (ulimit -n {USUAL_FILES})."
        )
    found = more_processes(NEEDED_PROCESSES)
    if found < NEEDED_PROCESSES:
        raise KitFault(
            f"Only {found} more processes or threads can be started here, but grading needs "
            f"{NEEDED_PROCESSES}. Raise the limit (ulimit -u), or end some processes."
        )


def more_processes(wanted: int) -> int:
    """The number, up to ``wanted``, of processes or threads that can start (one to the kernel)."""
    done, started = threading.Event(), []
    try:
        with suppress(RuntimeError):  # no more can be started
            for _ in range(wanted):
                thread = threading.Thread(target=done.wait, daemon=True)
                thread.start()
                started.append(thread)
    finally:
        done.set()
    for thread in started:
        thread.join()
    return len(started)


def shortcomings() -> list[str]:
    """Sentences on the ways in which this machine falls short of others."""
    found = [_namespaces(), _binding(), _memory()]
    return [sentence for sentence in found if sentence is not None]


def _namespaces() -> str | None:
    command = isolation.namespace_command()
    if command is None:
        return (
            "bubblewrap is not installed, so there are no namespaces (apt-get install bubblewrap)."
        )
    with open(os.memfd_create("said"), "w+b") as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own words
                [*command, "true"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
            code = process.wait(BEGIN_SECONDS)
        except OSError as error:
            return f"bubblewrap can't be started ({error}), so there are no namespaces."
        except subprocess.TimeoutExpired:
            kill(process)
            return (
                f"bubblewrap ({command[0]}) did not start anything within {BEGIN_SECONDS:g} s, "
                "so there are no namespaces."
            )
        said.seek(0)
        reason = said.read().decode("utf-8", "replace").strip()
    return f"bubblewrap makes no namespaces here ({reason})." if code else None


def _binding() -> str | None:
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(0))
    except (OSError, AttributeError):
        return "Processes can't be bound to cores here, so grading takes a little longer."
    return None


def _memory() -> str | None:
    available, wanted = available_bytes(), Limits().resident_bytes
    if available is None or available >= wanted:
        return None
    return (
        f"Only {available // MIB:,} MiB of memory are free, but a submission may need "
        f"{wanted // MIB:,}. A submission that is killed for lack of memory ends as an error."
    )
