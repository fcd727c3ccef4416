# idea: every number that may be an open file is read, written to and looked at
# fails: none
# prints: found [0, 1, 2, 3, 4]

import fcntl

_found = []
for _number in range(2048):
    try:
        fcntl.fcntl(_number, fcntl.F_GETFD)
    except OSError:
        continue
    _found.append(_number)
    if _number not in (1, 2, 3, 4) and os.read(_number, 10):
        breach(f"{_number} can be read")
print("found", _found, flush=True)
refused({"ioctl": lambda: fcntl.ioctl(3, 0x541B, b"    ")})
