"""Affine, batch normalization and ReLU one by one, without the joined layers."""

from nndl.batchnorm import batchnorm_backward, batchnorm_forward
from nndl.layers import relu_backward, relu_forward


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        h = X.astype(self.dtype).reshape(X.shape[0], -1)
        for param in self.bn_params + [self.dropout_param]:
            param["mode"] = "train" if y is not None else "test"
        L, P = self.num_layers, self.params
        fc, bn, re, dr = ([None] * (L + 1) for _ in range(4))
        for i in range(1, L + 1):
            h, fc[i] = affine_forward(h, P["W%d" % i], P["b%d" % i])
            if i == L:
                break
            if self.use_batchnorm:
                gamma, beta = P["gamma%d" % i], P["beta%d" % i]
                h, bn[i] = batchnorm_forward(h, gamma, beta, self.bn_params[i - 1])
            h, re[i] = relu_forward(h)
            if self.use_dropout:
                h, dr[i] = dropout_forward(h, self.dropout_param)
        if y is None:
            return h
        loss, d = softmax_loss(h, y)
        grads = {}
        for i in range(L, 0, -1):
            if i < L:
                if self.use_dropout:
                    d = dropout_backward(d, dr[i])
                d = relu_backward(d, re[i])
                if self.use_batchnorm:
                    d, grads["gamma%d" % i], grads["beta%d" % i] = batchnorm_backward(d, bn[i])
            d, dw, grads["b%d" % i] = affine_backward(d, fc[i])
            grads["W%d" % i] = dw + self.reg * P["W%d" % i]
            loss += 0.5 * self.reg * (P["W%d" % i] ** 2).sum()
        return loss, grads
