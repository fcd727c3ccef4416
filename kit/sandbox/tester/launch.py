"""Starts the warm parent of workers. This module loads little, so that it can begin early."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from kit.sandbox.faults import KitFault
from kit.sandbox.tester import isolation

WORKER = "kit.sandbox.worker"
OPTIONS = ("-P", "-s", "-B")
"""Interpreter options: Python imports nothing from its working directory or from the user's
packages. In a clean environment ``-I`` does the same, but it would ignore PYTHONHASHSEED."""
BEGIN_SECONDS = 10.0
"""How long bubblewrap may take to start a program. It usually takes some hundredths of a second."""
CLEAN_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # sets in the same order: the same bytes, the same grade
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    # a worker can't start threads, and a submission is measured on one core
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def launch(
    namespaces: Sequence[str],
    errors: int | IO[bytes] = subprocess.DEVNULL,
    *,
    floor_only: bool = False,
    trust: bool = False,
    packages: Sequence[str] = (),
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a warm parent, and return it with our end of its control socket.

    ``namespaces`` is the command that makes namespaces for it, or empty. Its error messages go to
    ``errors``. ``floor_only``, ``trust`` and ``packages`` are those of ``WarmParent``. Raises
    KitFault if this host can start no more processes.
    """
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    settings = {
        "floor_only": floor_only,
        "trust": trust,
        "packages": list(packages),
        "control": theirs.fileno(),
        "namespaces": isolation.own_namespaces() if namespaces else {},
    }
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program, no input in it
                [
                    *namespaces,
                    sys.executable,
                    *OPTIONS,
                    "-m",
                    WORKER,
                    json.dumps(settings),
                ],
                pass_fds=[theirs.fileno()],
                env=CLEAN_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            control.close()
            raise KitFault(f"No process can be started on this machine ({error}).") from error
    return process, control


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started in its own session, and every process that it started."""
    if process.returncode is None:  # else another process may have its number by now
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
