"""Gives the command that starts the warm parent of workers in namespaces of its own.

The kit tries bubblewrap instead of guessing from the environment. If bubblewrap isn't installed or
may not make namespaces (as in most containers), the parent starts without them, and the other
layers confine its workers.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import kit

NAMESPACES = ("ipc", "mnt", "net", "pid", "uts")
REQUIRED = frozenset({"rlimits", "seccomp"})
"""The floor: nothing is graded without these layers, unless the instructor says ``--trust``."""


def own_namespaces() -> dict[str, str]:
    """This process's namespaces, as the kernel names them."""
    try:
        return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in NAMESPACES}
    except OSError:  # no /proc: the parent can't prove that it has others
        return {}


def namespace_command() -> list[str] | None:
    """The bubblewrap command to put before the parent's own; None if bubblewrap is missing.

    Inside, the interpreter and the files that it loads are read-only, and nothing of the course
    exists. A parent started by root keeps only the rights to change a worker's user and then to end
    it; a worker gives up both.
    """
    program = shutil.which("bwrap")
    if program is None:
        return None
    rights = ["--cap-drop", "ALL"]
    if os.geteuid() == 0:
        for right in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            rights += ["--cap-add", right]
    else:
        rights += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    return [
        program,
        *("--unshare-ipc", "--unshare-net", "--unshare-pid", "--unshare-uts"),
        *("--unshare-cgroup-try", *rights),
        *_system(),
        *(word for path in _interpreter() for word in ("--ro-bind", path, path)),
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/", "--chdir", "/", "--"),
    ]


def _system() -> list[str]:
    """Options for the system's libraries; top-level links (``/lib``) stay links."""
    words = ["--ro-bind", "/usr", "/usr"]
    for path in ("/bin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        words += ["--ro-bind-try", path, path]
    return words


def _interpreter() -> list[str]:
    """The folders of Python, its packages and the kit, outermost first, none twice."""
    package = str(Path(kit.__file__).parent)
    wanted = {sys.prefix, sys.base_prefix, str(Path(sys.executable).parent), package}
    outside = sorted(path for path in wanted if not path.startswith("/usr/"))
    return [
        path
        for path in outside
        if not any(path.startswith(f"{other}/") for other in outside if other != path)
    ]
