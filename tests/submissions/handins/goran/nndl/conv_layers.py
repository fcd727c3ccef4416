import numpy as np
import pdb


def conv_forward_naive(x, w, b, conv_param):
    """ next homework """
    raise NotImplementedError
