import numpy as np


def affine_relu_forward(x, w, b):
    a, fc = affine_forward(x, w, b)
    out, mask = np.maximum(a, 0), a > 0
    return a, {"fc": fc, "mask": mask}


def affine_relu_backward(dout, cache):
    return affine_backward(dout * cache["mask"], cache["fc"])
