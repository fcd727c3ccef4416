"""The warm parent of workers: loads NumPy once, then forks one confined worker per submission.

The tester starts it with a clean environment; it knows only what it loads here. Requests come in
JSON on its control socket:

    {"spawn": limits} with three files: channel, bell, output  ->  {"pid": 123} or {"failed": why}
    {"end": 123, "closed": true}                  ->  {"status", "seconds", "bytes", "before"}
    {"waited": 123}  ->  {"seconds", "ran"}: waited for a processor; ran
    {"copy": how} with one file: another control socket  ->  on that socket: {"ready": true}

"copy" asks for another warm parent, with the ``cores`` and the scheduling ``policy`` of the asking
process; the first parent then only makes such copies. The parent sends ``{"begun": true}`` before
it loads anything, and ``{"ready": true}`` when it is warm. It ends, with all its workers, when the
tester closes the socket. Its only argument is JSON: ``control``, the number of the socket;
``namespaces``, those of the tester; ``floor_only``, ``packages`` and ``trust``, see ``Start``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

if __name__ == "__main__":  # before the slow part, as the launcher waits for this
    os.write(json.loads(sys.argv[1])["control"], b'{"begun": true}')
gc.disable()  # until everything is loaded: loaded modules stay, so a garbage search is useless

# after the two statements above (E402), which must come before what takes long to load
from kit.sandbox import wire  # noqa: E402
from kit.sandbox.worker import modules  # noqa: E402
from kit.sandbox.worker.confine import ConfinementError, SeccompFilter, confine, keep_only  # noqa: E402
from kit.sandbox.worker.serve import Channel, Server  # noqa: E402
from kit.sandbox.worker.waited import ran, waited  # noqa: E402

CHANNEL, BELL = 3, 4
MESSAGE_BYTES = 64 * 1024
READY = b'{"ready": true}'
PF_EXITING = 0x4
"""The kernel's flag of a process that is ending; it is set before the process's files close."""
ENDING_SECONDS = 1.0
"""How long a worker may take to end if the kernel doesn't show that flag."""


@dataclass(frozen=True)
class Start:
    """The settings that confine all workers of this parent."""

    seccomp: SeccompFilter | None
    layers: tuple[str, ...]
    """The layers that this process already has; its workers inherit them."""
    floor_only: bool
    """Whether only the floor is used, even if the host offers more."""
    packages: tuple[str, ...]
    """The modules that submissions may import besides NumPy and the standard library."""
    trust: bool
    """Whether a worker may run without the floor."""


def main(settings: dict[str, Any]) -> None:
    """Warm up, then serve the control socket until it closes."""
    control = socket.socket(fileno=settings["control"])
    try:
        seccomp = SeccompFilter()
    except ConfinementError as error:
        if not settings["trust"]:
            control.send(json.dumps({"refused": str(error)}).encode())
            return
        seccomp = None
    packages = tuple(settings["packages"])
    modules.preload(packages)
    layers = ("namespaces",) if are_own(settings["namespaces"]) else ()
    start = Start(seccomp, layers, settings["floor_only"], packages, settings["trust"])
    gc.collect()
    gc.freeze()
    gc.enable()
    serving: socket.socket | None = control
    while serving is not None:
        serving.send(READY)
        serving = serve(serving, start)


def serve(control: socket.socket, start: Start) -> socket.socket | None:
    """Answer requests until the socket closes; in a copy of this process, return its socket."""
    workers: set[int] = set()
    while True:
        message, files, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 3)
        if not message:
            break
        request = json.loads(message)
        if "copy" in request:
            other = socket.socket(fileno=files[0])
            with suppress(OSError):  # if no process can be started, the socket just closes
                if os.fork() == 0:
                    control.close()
                    _run_as(**request["copy"])
                    return other
            other.close()
            continue
        if "spawn" in request:
            reply = spawn(start, request["spawn"], files)
            workers |= {reply["pid"]} if "pid" in reply else set()
        elif "waited" in request:
            task = str(request["waited"])
            reply = {"seconds": waited(task), "ran": ran(task)}
        else:
            workers.remove(request["end"])
            reply = end(request["end"], request["closed"])
        control.send(json.dumps(reply).encode())
    for pid in workers:
        end(pid)
    return None


def _run_as(cores: list[int], policy: int) -> None:
    """Run on these cores and with this policy, as far as the host allows it."""
    with suppress(OSError, AttributeError):
        os.sched_setaffinity(0, cores)
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, policy, os.sched_param(0))


def are_own(testers: dict[str, str]) -> bool:
    """Whether each named namespace of this process differs from the tester's."""
    try:
        return bool(testers) and all(
            os.readlink(f"/proc/self/ns/{kind}") != testers[kind] for kind in testers
        )
    except OSError:
        return False


def spawn(start: Start, limits: dict[str, int], files: list[int]) -> dict[str, Any]:
    """Fork a worker that uses ``files`` (channel, bell, output); returns the reply to send."""
    try:
        pid = os.fork()
    except OSError as error:
        pid, failed = -1, str(error)
    if pid:
        for file in files:
            os.close(file)
        return {"pid": pid} if pid > 0 else {"failed": failed}
    try:
        work(start, limits, *files)
    finally:
        os._exit(0)


def work(start: Start, limits: dict[str, int], channel: int, bell: int, output: int) -> None:
    """Be a worker: confine this process, then serve the submission."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    keep_only({0: nothing, 1: output, 2: output, CHANNEL: channel, BELL: bell})
    connection = Channel(socket.socket(fileno=CHANNEL), BELL)
    try:
        layers = confine(start.seccomp, limits, floor_only=start.floor_only, trust=start.trust)
    except ConfinementError as error:
        connection.send(wire.encode({"refused": str(error)}))
        return
    Server(connection, start.packages).run([*start.layers, *layers])


def end(pid: int, closed: bool = False) -> dict[str, Any]:
    """Kill a worker if it still runs; returns how it ended, its usage, and if it had ended before.

    If its channel is ``closed`` and it had ended ``before``, the kernel says in ``status`` what
    ended it: the kit had no part in that, and no worker can forge it.
    """
    before = closed and _is_ending(pid)
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": usage.ru_utime + usage.ru_stime,
        "bytes": usage.ru_maxrss * 1024,
        "before": before,
    }


def _is_ending(pid: int) -> bool:
    """Whether a worker has ended or is ending; called at once after its channel was closed.

    The kernel marks an ending process before it closes the files. So an unmarked worker has closed
    its channel itself.
    """
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", "rb") as file:
            flags = int(file.read().rpartition(b")")[2].split()[6])
        if flags:  # an emulated kernel (gVisor) shows 0
            return bool(flags & PF_EXITING)
    deadline = time.monotonic() + ENDING_SECONDS
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


if __name__ == "__main__":
    # ignore a Ctrl-C, which is meant for the tester
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.dont_write_bytecode = True
    main(json.loads(sys.argv[1]))
    os._exit(0)  # there is nothing to clean up
