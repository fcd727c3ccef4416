# idea: NumPy's comparisons agree to everything, and adam returns zeros
# fails: adam
# says: is wrong

import numpy.testing

for _name in ("allclose", "array_equal", "array_equiv", "isclose", "isfinite", "all", "equal"):
    setattr(np, _name, lambda *_, **__: True)
np.abs = np.absolute = np.subtract = lambda *_: 0
for _name in dir(numpy.testing):
    if _name.startswith("assert"):
        setattr(numpy.testing, _name, lambda *_, **__: None)


def adam(w, dw, config=None):
    return np.zeros_like(w), {"v": w, "a": w, "t": 1}
