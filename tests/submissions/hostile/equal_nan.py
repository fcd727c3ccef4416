# idea: NaN of every kind, with which no comparison is true
# fails: adam
# says: which is no finite number

_PAYLOAD = np.array([0x7FF0_0000_0000_0001, 0xFFF8_DEAD_BEEF_0000], np.uint64).view(float)


def adam(w, dw, config=None):
    config = {} if config is None else config
    nan = np.resize(_PAYLOAD, w.shape)
    config.update(v=nan, a=nan, t=float("nan"))
    return nan, config
