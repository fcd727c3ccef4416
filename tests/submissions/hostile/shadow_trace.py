# idea: tracing and profiling functions rewrite what the server's own functions return
# fails: adam
# says: malformed reply

import sys

_honest = adam


def adam(w, dw, config=None):
    def trace(frame, event, argument):
        if event == "return" and isinstance(argument, dict) and "nonce" in argument:
            argument.clear()
        return trace

    frame = sys._getframe(1)
    while frame is not None:
        if isinstance(frame.f_locals.get("reply"), dict):
            frame.f_locals["reply"].clear()
        frame = frame.f_back
    sys.settrace(trace)
    sys.setprofile(trace)
    return _honest(w, dw, config)
