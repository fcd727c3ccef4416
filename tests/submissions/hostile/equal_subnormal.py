# idea: a flood of subnormal floats in the state, which are slow to compute with, beside the truth
# fails: none
# prints: flooding

_honest = adam
_FLOOD = np.full(100_000, 5e-324)
print("flooding", flush=True)


def adam(w, dw, config=None):
    next_w, config = _honest(w, dw, config)
    config["flood"] = _FLOOD
    return next_w, config
