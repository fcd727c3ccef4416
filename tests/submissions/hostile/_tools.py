# What the programs beside this file share. The runner appends it to the student's module first, with
# the marks between @ replaced by what is worth attacking, so that the attacker knows it all.

import ctypes
import os

ROOT, TESTER, PORT = "@ROOT@", int("@TESTER@"), int("@PORT@")
SECRET_FILE, FLAG_FILE = "@SECRET_FILE@", "@FLAG_FILE@"
LIBC = ctypes.CDLL(None, use_errno=True)


def breach(what):
    """Say that an attack did what it must not: the runner looks for this word."""
    print("BREACH:", what, flush=True)


def refused(attempts, *others):
    """Try everything; all but a PermissionError (or one of ``others``) is a breach."""
    for name, attempt in attempts.items():
        try:
            got = attempt()
        except (PermissionError, *others):
            continue
        except BaseException as error:
            breach(f"{name}: {type(error).__name__}: {error}")
        else:
            breach(f"{name} gave {str(got)[:80]}")
    print("tried", len(attempts), flush=True)


def raw(name, *arguments):
    """The system call ``name``, past Python and the C library."""
    number = name
    if isinstance(name, str):
        number = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            raise PermissionError(f"this processor has no {name}")
    result = LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
