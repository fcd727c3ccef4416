"""Every layer called by itself, in the order of the text: the ReLU before the pooling."""

from nndl.conv_layers import spatial_batchnorm_backward, spatial_batchnorm_forward
from nndl.fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)


class ThreeLayerConvNet(ThreeLayerConvNet):
    def loss(self, X, y=None):
        X, p, bn = X.astype(self.dtype), self.params, self.use_batchnorm
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        a, conv_cache = conv_forward_fast(X, p["W1"], p["b1"], self.conv_param)
        if bn:
            a, bn1_cache = spatial_batchnorm_forward(
                a, p["gamma1"], p["beta1"], self.bn_params[0]
            )
        a, relu1_cache = relu_forward(a)
        a, pool_cache = max_pool_forward_fast(a, self.pool_param)
        a, affine1_cache = affine_forward(a, p["W2"], p["b2"])
        if bn:
            a, bn2_cache = batchnorm_forward(a, p["gamma2"], p["beta2"], self.bn_params[1])
        a, relu2_cache = relu_forward(a)
        scores, affine2_cache = affine_forward(a, p["W3"], p["b3"])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum(np.sum(p[W] * p[W]) for W in ("W1", "W2", "W3"))
        grads = {}
        d, grads["W3"], grads["b3"] = affine_backward(d, affine2_cache)
        d = relu_backward(d, relu2_cache)
        if bn:
            d, grads["gamma2"], grads["beta2"] = batchnorm_backward(d, bn2_cache)
        d, grads["W2"], grads["b2"] = affine_backward(d, affine1_cache)
        d = relu_backward(max_pool_backward_fast(d, pool_cache), relu1_cache)
        if bn:
            d, grads["gamma1"], grads["beta1"] = spatial_batchnorm_backward(d, bn1_cache)
        _, grads["W1"], grads["b1"] = conv_backward_fast(d, conv_cache)
        for W in ("W1", "W2", "W3"):
            grads[W] += self.reg * p[W]
        return loss, grads
