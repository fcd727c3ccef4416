"""Runs a command on a host that refuses some system calls: python refusing.py CALLS COMMAND...

CALLS are names, with commas; ``prctl:22`` is a call with that first argument alone. What is refused
fails with EPERM, in the command and in all that it starts.
"""

from __future__ import annotations

import ctypes
import os
import sys

ALLOW, REFUSE = 0x7FFF0000, 0x00050001
EQUAL = 4
PR_SET_NO_NEW_PRIVS = 38


class Comparison(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


def refuse(calls: list[str]) -> None:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ALLOW))
    for call in calls:
        name, _, first = call.partition(":")
        compared = [Comparison(0, EQUAL, int(first), 0)] if first else []
        array = (Comparison * len(compared))(*compared)
        number = library.seccomp_syscall_resolve_name(name.encode())
        code = library.seccomp_rule_add_array(context, REFUSE, number, len(compared), array)
        assert code == 0, os.strerror(-code)
    assert library.seccomp_load(context) == 0


if __name__ == "__main__":
    refuse(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])
