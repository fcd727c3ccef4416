# idea: alarms and timers that would interrupt the server between two calls
# fails: none
# prints: tried

import signal


def _interrupt(*_):
    breach("a signal arrived")


for _number in (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGURG):
    signal.signal(_number, _interrupt)
_TIMES, _DATA = np.array([0, 10_000] * 2).tobytes(), 32  # 10 ms, then every 10 ms
refused(
    {
        "alarm": lambda: raw("alarm", 1),
        "setitimer": lambda: raw("setitimer", signal.ITIMER_REAL, id(_TIMES) + _DATA, 0),
        "virtual": lambda: raw("setitimer", signal.ITIMER_VIRTUAL, id(_TIMES) + _DATA, 0),
        "timer_create": lambda: raw("timer_create", 0, 0, 0),
        "raise_signal": lambda: signal.raise_signal(signal.SIGALRM),
        "kill": lambda: os.kill(os.getpid(), signal.SIGALRM),
        "group": lambda: os.kill(0, 0),
        "all": lambda: os.kill(-1, 0),
        "pause": lambda: raw("pause"),
        "sigqueue": lambda: raw("rt_sigqueueinfo", os.getpid(), 10, 0),
    }
)
