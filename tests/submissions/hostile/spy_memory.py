# idea: the whole heap is read for words that only the tester knows
# fails: none
# prints: read

import re

_WORD = b"KIT_" + b"HOSTILE_SECRET="


def _search(start, length=1 << 20):
    found = ctypes.string_at(start, length).find(_WORD)
    return found >= 0


_near = id(np.zeros(1)) & ~4095  # a page of this process's heap, and what lies above it
for _page in range(8):
    if _search(_near + 4096 * _page, 4096):
        breach("the environment of the tester is in this memory")
_environment = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ")
for _entry in range(64):
    if not _environment[_entry]:
        break
    if re.match(_WORD, _environment[_entry]):
        breach("the environment of the tester is in this environment")
print("read", flush=True)
