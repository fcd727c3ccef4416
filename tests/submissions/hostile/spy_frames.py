# idea: the calling frames, and all that can be reached from them, are searched for a test
# fails: none
# prints: walked

import sys

_honest = adam
_WANTED = ("expected", "trajectory", "oracle", "seed", "tolerance", "documented", "expect", "rng")


def adam(w, dw, config=None):
    frame = sys._getframe(1)
    while frame is not None:
        for name in {*frame.f_locals, *frame.f_globals}.intersection(_WANTED):
            breach(f"{name} in {frame.f_code.co_filename}")
        if "/tester/" in frame.f_code.co_filename or "/autograder/" in frame.f_code.co_filename:
            breach(frame.f_code.co_filename)
        frame = frame.f_back
    print("walked", flush=True)
    return _honest(w, dw, config)
