# idea: a recursion through C without any limit overflows the stack
# fails: adam
# says: crashed with SIGSEGV

import sys


def adam(w, dw, config=None):
    sys.setrecursionlimit(2**31 - 1)

    def deeper(_):
        return sorted([1], key=deeper)

    return deeper(0)
