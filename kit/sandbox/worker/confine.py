"""Takes from this process, for good, every right that a student's code does not need.

The layers, outermost first: ``namespaces``, if the warm parent was started in its own; ``uid``,
another user than the tester's; ``rlimits``, bounds on resources; ``landlock``, which closes the
file system; ``seccomp``, which blocks system calls.

The floor is a seccomp filter that needs neither root nor namespaces. Everything that the worker
needs is opened and loaded beforehand. So the filter blocks every call that takes a path, opens a
socket, starts a process, executes a program or sends a signal. libseccomp writes the filter,
because it knows the call numbers of every processor. Each layer is tested after it is set up; a
layer that doesn't hold is not reported.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping

NOBODY = 65534
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
PR_SET_NO_NEW_PRIVS = 38
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_VERSION = 1
SCMP_ACT_ALLOW = 0x7FFF0000
SCMP_ACT_ERRNO_EPERM = 0x00050000 | errno.EPERM
SCMP_CMP_LE = 3
SCMP_CMP_EQ = 4
SCMP_CMP_MASKED_EQ = 7
PROT_EXEC = 0x4
ADVICE = (4, 8, 14, 15)
"""The only allowed advice for madvise, as used by allocators: DONTNEED, FREE, HUGEPAGE,
NOHUGEPAGE."""
F_DUPFD, F_GETFD, F_GETFL, F_DUPFD_CLOEXEC = 0, 1, 3, 1030
LAST_CLOCK = 11
"""CLOCK_TAI. Clocks from 0 to here belong to the host or the caller; a negative one may belong to
any process."""

ALLOWED_CALLS = (
    # reading, writing and closing files that are already open
    "read readv write writev lseek close "
    # memory (more of it below)
    "brk munmap mremap "
    # waiting and time
    "poll ppoll select pselect6 futex futex_time64 nanosleep gettimeofday time restart_syscall "
    "sched_yield "
    # this process about itself
    "getpid gettid getppid getuid geteuid getgid getegid getrandom getrusage times "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack "
    "rseq set_robust_list exit exit_group"
).split()


CLOCK_CALLS = (
    "clock_gettime clock_gettime64 clock_getres clock_getres_time64 "
    "clock_nanosleep clock_nanosleep_time64"
).split()
"""Calls whose first argument is a clock; another process's clock is made from its process id."""


class ConfinementError(Exception):
    """This host can't confine a worker; the text says why and what to do."""


class _Comparison(ctypes.Structure):
    """libseccomp's ``struct scmp_arg_cmp``."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


libc = ctypes.CDLL(None, use_errno=True)
"""The C library, for calls that Python doesn't offer."""


class _Program(ctypes.Structure):
    """The kernel's ``struct sock_fprog``: the number of 8-byte instructions, and their address."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


class SeccompFilter:
    """The filter of a worker; it is built once in the warm parent and loaded in every worker.

    Raises ConfinementError if libseccomp is missing or refuses a rule.
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise ConfinementError(
                f"Students' code can only be confined on Linux, but this system is {sys.platform}. "
                "Grade in a Linux container or, on Windows, in WSL."
            )
        try:
            self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        except OSError:
            raise ConfinementError(
                "libseccomp.so.2 is missing. Without it, students' code can't be confined. "
                "Install it (Debian, Ubuntu: apt-get install libseccomp2)."
            ) from None
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._library.seccomp_init.argtypes = [ctypes.c_uint32]
        self._library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._library.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p,
            ctypes.c_uint32,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.POINTER(_Comparison),
        ]
        self._context = self._library.seccomp_init(SCMP_ACT_ERRNO_EPERM)
        if not self._context:
            raise ConfinementError("libseccomp could not make a filter.")
        for name in ALLOWED_CALLS:
            self._allow(name)
        for name in ("mmap", "mmap2", "mprotect"):
            self._allow(name, _Comparison(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0))
        for name, flags in (("recvfrom", 3), ("recvmsg", 2), ("sendto", 3), ("sendmsg", 2)):
            self._allow(name, _Comparison(flags, SCMP_CMP_MASKED_EQ, socket.MSG_OOB, 0))
        for name in CLOCK_CALLS:
            self._allow(name, _Comparison(0, SCMP_CMP_LE, LAST_CLOCK, 0))
        self._allow("sched_getaffinity", _Comparison(0, SCMP_CMP_EQ, 0, 0))  # 0 is the caller
        for advice in ADVICE:
            self._allow("madvise", _Comparison(2, SCMP_CMP_EQ, advice, 0))
        for name in ("fcntl", "fcntl64"):
            for command in (F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL):
                self._allow(name, _Comparison(1, SCMP_CMP_EQ, command, 0))
        self._instructions = self._compiled()
        self._program = _Program(len(self._instructions) // 8, self._instructions)

    def _allow(self, name: str, *comparisons: _Comparison) -> None:
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # this processor, or this libseccomp, has no call of that name
            return
        array = (_Comparison * len(comparisons))(*comparisons)
        code = self._library.seccomp_rule_add_array(
            self._context, SCMP_ACT_ALLOW, number, len(comparisons), array
        )
        if code:
            raise ConfinementError(
                f"libseccomp refused the rule for {name} ({os.strerror(-code)})."
            )

    def _compiled(self) -> bytes:
        """The filter as the kernel takes it, so that no worker has to compile it again."""
        reading, writing = os.pipe()
        with open(reading, "rb") as compiled:
            with open(writing, "wb"):
                code = self._library.seccomp_export_bpf(self._context, writing)
            if code:
                raise ConfinementError(f"libseccomp wrote no filter ({os.strerror(-code)}).")
            return compiled.read()

    def load(self) -> None:
        """Put the filter on this process, for good."""
        if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(self._program)):
            reason = os.strerror(ctypes.get_errno())
            raise ConfinementError(f"The kernel refused the seccomp filter ({reason}).")


def keep_only(descriptors: Mapping[int, int]) -> None:
    """Move each open file ``old`` to number ``new`` (``{new: old}``) and close all others."""
    free = max(*descriptors, *descriptors.values()) + 1  # no limit on open files leaves more room
    high = {new: os.dup2(old, free + new) for new, old in descriptors.items()}
    for new, old in high.items():
        os.dup2(old, new, inheritable=False)
    os.closerange(max(descriptors) + 1, os.sysconf("SC_OPEN_MAX"))


def confine(
    seccomp: SeccompFilter | None,
    limits: Mapping[str, int],
    *,
    floor_only: bool = False,
    trust: bool = False,
) -> list[str]:
    """Confine this process; returns the layers that were tested and hold.

    ``limits`` holds ``address_space_bytes``, ``cpu_seconds``, ``open_files``, ``processes``. With
    ``floor_only``, only rlimits and seccomp are used, as on a host that offers no more. Without a
    filter there is no seccomp. Call this before any of a student's code is read. Raises
    ConfinementError if the filter doesn't hold, unless ``trust`` is set.
    """
    layers = []
    with contextlib.suppress(OSError):
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(score, b"1000")  # if memory runs out, the kernel kills the worker first
        os.close(score)
    if not floor_only and os.geteuid() == 0 and _drop_root():
        layers.append("uid")
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(limits)
    layers.append("rlimits")
    if not floor_only and _shut_file_system():
        layers.append("landlock")
    if seccomp is None:
        return layers
    try:
        seccomp.load()
        open_doors = [name for name, attempt in _FORBIDDEN.items() if not _refused(attempt)]
        if open_doors:
            raise ConfinementError(f"The seccomp filter does not hold: {', '.join(open_doors)}.")
    except ConfinementError:
        if not trust:
            raise
        return layers
    return [*layers, "seccomp"]


def _drop_root() -> bool:
    """Become the user nobody; False if root may not (a user namespace without that user)."""
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:
        return False
    return os.getresuid() == (NOBODY, NOBODY, NOBODY)


def _limit(limits: Mapping[str, int]) -> None:
    for name, soft, hard in (
        (resource.RLIMIT_AS, limits["address_space_bytes"], limits["address_space_bytes"]),
        # the soft limit sends a signal that tells why, the hard limit one that can't be ignored
        (resource.RLIMIT_CPU, limits["cpu_seconds"], limits["cpu_seconds"] + 2),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_NPROC, limits["processes"], limits["processes"]),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
    ):
        present = resource.getrlimit(name)[1]
        most = hard if present == resource.RLIM_INFINITY else min(hard, present)
        resource.setrlimit(name, (min(soft, most), most))


def _shut_file_system() -> bool:
    """Close the file system to every path (Landlock with no rule); False if the kernel can't.

    The call numbers and the structure are the same on every processor. Each ABI version knows more
    rights than the previous one (Linux, Documentation/userspace-api/landlock.rst).
    """
    abi = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if abi < 1:
        return False
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    network, scopes = (0b11 if abi >= 4 else 0), (0b11 if abi >= 6 else 0)
    rights = (ctypes.c_uint64 * 3)(files, network, scopes)
    size = 8 * (1 + (abi >= 4) + (abi >= 6))
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, rights, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    refused = libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return not refused and _refused(lambda: os.open("/", os.O_RDONLY | os.O_DIRECTORY))


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _try_fork() -> None:
    if os.fork() == 0:
        os._exit(0)


_FORBIDDEN: Mapping[str, Callable[[], object]] = {
    "files can be opened": lambda: os.open("/", os.O_RDONLY),
    "files can be looked up": lambda: os.stat("/"),
    "sockets can be opened": lambda: socket.socket(socket.AF_UNIX),
    "processes can be started": _try_fork,
    "programs can be executed": lambda: os.execv("/none", ["/none"]),  # noqa: S606 - must fail
    "signals can be sent": lambda: os.kill(os.getppid(), 0),
}
