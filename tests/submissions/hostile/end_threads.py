# idea: threads that would go on while the tester believes that the call has ended
# fails: none
# prints: tried

import _thread
import threading

refused(
    {
        "Thread": threading.Thread(target=print).start,
        "Timer": threading.Timer(0, print).start,
        "start_new_thread": lambda: _thread.start_new_thread(print, ()),
    },
    RuntimeError,
)
