# idea: fork by the numbers of another calling convention of the same processor (x32)
# needs: x86_64
# fails: adam
# says: crashed with SIGSYS


def adam(w, dw, config=None):
    if LIBC.syscall(ctypes.c_long(0x40000000 | 57)) == 0:
        os._exit(0)
