# idea: the garbage collector is searched for an array that holds the answer before it is computed
# fails: none
# prints: searched

import gc

_honest = adam


def adam(w, dw, config=None):
    known = {id(value) for value in (config or {}).values()} | {id(w), id(dw)}
    answer, _ = _honest(w.copy(), dw.copy(), {k: np.copy(v)[()] for k, v in (config or {}).items()})
    for value in gc.get_objects():
        held = value.values() if type(value) is dict else value if type(value) is list else ()
        for array in [*held, value]:
            if isinstance(array, np.ndarray) and id(array) not in known and array is not answer:
                if array.shape == answer.shape and np.allclose(array, answer, rtol=1e-6):
                    breach("the expected array lies in this process")
    print("searched", flush=True)
    return _honest(w, dw, config)
