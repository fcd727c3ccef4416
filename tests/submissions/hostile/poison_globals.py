# idea: the state of one parameter is used for every other
# fails: adam

_honest, _state = adam, {}


def adam(w, dw, config=None):
    fits = _state.get("v", w).shape == w.shape
    _state.update({} if fits else {"v": np.zeros_like(w), "a": np.zeros_like(w)})
    next_w, state = _honest(w, dw, _state)
    (config if config is not None else {}).update(state)
    return next_w, {**state}
