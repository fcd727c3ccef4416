"""The cache is an object of the student's own class."""


class AffineRelu:
    def __init__(self, x, w, b):
        self.hidden, self.affine_cache = affine_forward(x, w, b)
        self.out, self.relu_cache = relu_forward(self.hidden)

    def backward(self, dout):
        return affine_backward(relu_backward(dout, self.relu_cache), self.affine_cache)


def affine_relu_forward(x, w, b):
    layer = AffineRelu(x, w, b)
    return layer.out, layer


def affine_relu_backward(dout, cache):
    return cache.backward(dout)
