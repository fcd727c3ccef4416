# idea: arrays are made read-only, and kept to be written to later
# fails: adam
# passes: test_documented_step, test_documented_state, test_step, test_moments, test_count, test_steps, test_epsilon, test_defaults, test_float32
# prints: keeping

_honest, _kept = adam, []
print("keeping", flush=True)


def adam(w, dw, config=None):
    for array in _kept:
        array.flags.writeable = True
        array[...] = 7
    reply = _honest(w, dw, config)
    w.flags.writeable = dw.flags.writeable = False
    _kept.append(dw)
    return reply
