"""my helper functions for the homework"""
import numpy as np


def flatten(x):
    return x.reshape(x.shape[0], -1)


def sum_rows(x):
    return np.sum(x, axis=0)
