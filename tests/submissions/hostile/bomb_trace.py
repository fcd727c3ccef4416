# idea: an exception raised at the bottom of two thousand calls with long names
# fails: adam
# says: raised ValueError

import sys

sys.setrecursionlimit(10_000)


def _down(depth):
    if depth == 0:
        raise ValueError("at the bottom")
    _down(depth - 1)


_down.__code__ = _down.__code__.replace(co_name="n" * 10_000)


def adam(w, dw, config=None):
    _down(2000)
