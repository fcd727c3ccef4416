# idea: the processor time of the tester and of the parent, and the cores that they may use
# fails: none
# prints: tried

import time

_ROOM = ctypes.create_string_buffer(1024)
_AT = ctypes.addressof(_ROOM)
# a process's clock is made of its number; what the kernel cuts off above must not hide that
_CLOCKS = {
    f"{kind} of {pid}{name}": (~pid << 3 | kind) + added
    for pid in (TESTER, os.getppid())
    for kind in (0, 1, 2, 6)
    for name, added in {"": 0, " as 32 bits": 1 << 32, " and more": 1 << 40}.items()
}
refused(
    {
        f"{call} {what}": lambda call=call, clock=clock: raw(call, clock, *rest)
        for call, rest in {
            "clock_gettime": (_AT,),
            "clock_getres": (_AT,),
            "clock_nanosleep": (0, _AT, 0),
        }.items()
        for what, clock in _CLOCKS.items()
    }
    | {
        f"cores of {pid}": lambda pid=pid: raw("sched_getaffinity", pid, 1024, _AT)
        for pid in (TESTER, os.getppid(), TESTER + (1 << 32), 1 << 32)
    }
)
# the own ones stay: code that times itself is not to fail
time.sleep(0.001)
for _clock in (time.time, time.monotonic, time.perf_counter, time.process_time, time.thread_time):
    if _clock() <= 0 or time.get_clock_info(_clock.__name__).resolution <= 0:
        breach(f"{_clock} does not go")
if not os.sched_getaffinity(0) or not os.cpu_count():
    breach("no cores")
