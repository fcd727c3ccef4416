# idea: every global setting of NumPy is changed: error handling, printing, warnings, random state
# fails: none
# prints: changed

import warnings

np.seterr(all="raise")
np.seterrcall(print)
np.set_printoptions(threshold=0, precision=0, formatter={"all": lambda _: "same"})
np.random.seed(0)
np.random.default_rng = lambda *_: None
warnings.simplefilter("error")
print("changed", flush=True)
