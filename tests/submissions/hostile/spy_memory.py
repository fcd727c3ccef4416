# idea: the heap is read for words that only the tester knows
# fails: none
# prints: read

import re

_WORD = re.compile(b"KIT_HOSTIL[E]_SECRET=")  # written so that it does not find itself


def _search(start, end):
    # where it lies: a copy of a page, or of what was found, would be found again
    return _WORD.search((ctypes.c_char * (end - start)).from_address(start)) is not None


LIBC.sbrk.restype = ctypes.c_void_p
_block = np.zeros(100).ctypes.data  # of malloc, whose memory goes on from here to the break
_object = id(np.zeros(1)) & ~4095  # of Python's own, some pages of which follow
for _start, _end in ((_block, LIBC.sbrk(0)), (_object, _object + 8 * 4096)):
    if _start < _end and _search(_start, _end):
        breach("the environment of the tester is in this memory")
_environment = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ")
for _entry in range(64):
    if not _environment[_entry]:
        break
    if _WORD.match(_environment[_entry]):
        breach("the environment of the tester is in this environment")
print("read", flush=True)
