# idea: terabytes are mapped without being touched, locked, shared and grown
# fails: none
# prints: tried

import mmap

_TIB = 1 << 40
_NORESERVE = 0x4000
refused(
    {
        "private": lambda: mmap.mmap(-1, _TIB, mmap.MAP_PRIVATE | _NORESERVE),
        "shared": lambda: mmap.mmap(-1, _TIB),
        "remap": lambda: mmap.mmap(-1, 4096).resize(_TIB),
        "lock": lambda: raw("mlockall", 3),
        "memfd": lambda: os.memfd_create("x"),
        "secret": lambda: raw("memfd_secret", 0),
        "shm": lambda: raw("shmget", 0, 4096, 0o1777),
        "huge": lambda: bytearray(_TIB),
        "limit": lambda: raw("setrlimit", 9, 0),
        "limits": lambda: raw("prlimit64", 0, 9, 0, 0),
    },
    OSError,
    MemoryError,
)
