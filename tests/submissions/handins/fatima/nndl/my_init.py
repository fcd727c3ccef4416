import numpy as np


def normal_init(n_in, n_out, scale):
    return scale * np.random.randn(n_in, n_out), np.zeros(n_out)
