# idea: calls that a worker needs, with arguments that it doesn't
# fails: none
# prints: tried

import fcntl

_CHANNEL = 3
refused(
    {
        "F_SETOWN": lambda: raw("fcntl", _CHANNEL, fcntl.F_SETOWN, TESTER),
        "F_SETOWN_EX": lambda: raw("fcntl", _CHANNEL, 15, 0),
        "F_SETSIG": lambda: raw("fcntl", _CHANNEL, 10, 9),
        "O_ASYNC": lambda: raw("fcntl", _CHANNEL, fcntl.F_SETFL, os.O_ASYNC),
        "F_SETFD": lambda: raw("fcntl", _CHANNEL, fcntl.F_SETFD, 0),
        "F_SETLEASE": lambda: raw("fcntl", 1, 1024, 0),
        "F_NOTIFY": lambda: raw("fcntl", 1, 1026, 1),
        "F_SETPIPE_SZ": lambda: raw("fcntl", 1, 1031, 1 << 20),
        "F_ADD_SEALS": lambda: raw("fcntl", 1, 1033, 1),
        "F_SETLK": lambda: raw("fcntl", 1, fcntl.F_SETLK, 0),
        "high bits": lambda: raw("fcntl", _CHANNEL, (1 << 32) | fcntl.F_SETFL, os.O_ASYNC),
    }
)
