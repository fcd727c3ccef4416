# idea: out-of-band bytes on the channel, which wake the tester but can't be read as a reply
# fails: adam

import time

_MSG_OOB = 1


def adam(w, dw, config=None):
    LIBC.send(3, b"x", 1, _MSG_OOB)
    time.sleep(0.02)
    return w, config
