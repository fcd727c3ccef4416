def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da, _ = relu_forward(dout)
    return affine_backward(da, fc_cache)
