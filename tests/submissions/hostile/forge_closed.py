# idea: the channel and the output are closed, and the process lives on
# fails: adam
# says: ended without an answer

import time


def adam(w, dw, config=None):
    for number in range(4):
        os.close(number)
    time.sleep(86400)
