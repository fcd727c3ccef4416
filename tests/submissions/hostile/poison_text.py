# idea: the machine code of this process is overwritten, or pages are made executable
# fails: none
# prints: tried

import mmap

_page = ctypes.cast(LIBC.getpid, ctypes.c_void_p).value & ~4095
_own = mmap.mmap(-1, 4096)
_address = ctypes.addressof(ctypes.c_char.from_buffer(_own))
refused(
    {
        "map": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
        "exec": lambda: raw("mprotect", _address, 4096, 5),
        "write and exec": lambda: raw("mprotect", _address, 4096, 7),
        "exec alone": lambda: raw("mprotect", _address, 4096, 4),
        "code": lambda: raw("mprotect", _page, 4096, 7),
        "keys": lambda: raw("pkey_mprotect", _address, 4096, 5, -1),
        "personality": lambda: raw("personality", 0x0400000),
        "shmat": lambda: raw("shmat", 0, 0, 0o100000),
        "remap_file_pages": lambda: raw("remap_file_pages", _address, 4096, 0, 0, 0),
    }
)
