"""The warm parent of workers: loads NumPy once, then forks one confined worker a submission.

It is started by the tester with a clean environment and knows nothing but what it loads here. On
its control socket it is asked, in JSON, for workers, and to end them:

    {"spawn": limits} with three files: channel, bell, output  ->  {"pid": 123}
    {"end": 123}                                               ->  {"status", "seconds", "bytes"}
    {"copy": how} with one file: another control socket        ->  on that: {"ready": true}

The last asks for another warm parent, which has the ``cores`` and the scheduling ``policy`` of who
asks; the first then only makes such copies.
It ends, with all its workers, when the tester closes the socket. Its only argument is JSON:
``control``, the number of the socket; ``namespaces``, those of the tester; ``floor_only``,
``packages`` and ``trust``, see ``Start``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

gc.disable()  # until all is loaded: it stays, and there is nothing to search for garbage

from kit import wire  # noqa: E402 - see above
from kit.worker import modules  # noqa: E402 - see above
from kit.worker.confine import ConfinementError, SeccompFilter, confine, keep_only  # noqa: E402 - see above
from kit.worker.serve import Channel, Server  # noqa: E402 - see above

CHANNEL, BELL = 3, 4
MESSAGE_BYTES = 64 * 1024
READY = b'{"ready": true}'


@dataclass(frozen=True)
class Start:
    """How all workers of this parent are confined."""

    seccomp: SeccompFilter | None
    layers: tuple[str, ...]
    """The layers that this process has already, and its workers with it."""
    floor_only: bool
    """Whether nothing but the floor is used, though the host may offer more."""
    packages: tuple[str, ...]
    """What submissions may import besides NumPy and the standard library."""


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
    start = Start(seccomp, layers, settings["floor_only"], packages)
    gc.collect()
    gc.freeze()
    gc.enable()
    serving: socket.socket | None = control
    while serving is not None:
        serving.send(READY)
        serving = serve(serving, start)


def serve(control: socket.socket, start: Start) -> socket.socket | None:
    """Do what is asked until the socket closes; in a copy of this process, return its socket."""
    workers: set[int] = set()
    while True:
        message, files, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 3)
        if not message:
            break
        request = json.loads(message)
        if "copy" in request:
            other = socket.socket(fileno=files[0])
            if os.fork() == 0:
                control.close()
                os.sched_setaffinity(0, request["copy"]["cores"])
                with suppress(OSError):
                    os.sched_setscheduler(0, request["copy"]["policy"], os.sched_param(0))
                return other
            other.close()
            continue
        if "spawn" in request:
            pid = spawn(start, request["spawn"], files)
            workers.add(pid)
            reply: dict[str, Any] = {"pid": pid}
        else:
            workers.remove(request["end"])
            reply = end(request["end"])
        control.send(json.dumps(reply).encode())
    for pid in workers:
        end(pid)
    return None


def are_own(testers: dict[str, str]) -> bool:
    """Whether this process is in other namespaces than the tester, in all those named."""
    try:
        return bool(testers) and all(
            os.readlink(f"/proc/self/ns/{kind}") != testers[kind] for kind in testers
        )
    except OSError:
        return False


def spawn(start: Start, limits: dict[str, int], files: list[int]) -> int:
    """Fork a worker that talks on ``files`` (channel, bell, output); return its process number."""
    pid = os.fork()
    if pid:
        for file in files:
            os.close(file)
        return pid
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
        layers = confine(start.seccomp, limits, floor_only=start.floor_only)
    except ConfinementError as error:
        connection.send(wire.encode({"refused": str(error)}))
        return
    Server(connection, start.packages).run([*start.layers, *layers])


def end(pid: int) -> dict[str, Any]:
    """Kill a worker if it still runs, and say how it ended and what it used."""
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": usage.ru_utime + usage.ru_stime,
        "bytes": usage.ru_maxrss * 1024,
    }


if __name__ == "__main__":
    # without a script's folder on the path, and deaf to a Ctrl-C that is meant for the tester
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.dont_write_bytecode = True
    main(json.loads(sys.argv[1]))
    os._exit(0)  # with nothing to tidy up
