"""Affine and ReLU layers one by one, with lists of caches; NumPy's global generator."""

from nndl.layers import relu_backward, relu_forward


class FullyConnectedNet(object):
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout=0,
                 use_batchnorm=False, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.use_batchnorm = use_batchnorm
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        dims = np.hstack((input_dim, hidden_dims, num_classes))
        for i in np.arange(self.num_layers):
            self.params['b' + str(i + 1)] = np.zeros(dims[i + 1])
            self.params['W' + str(i + 1)] = np.random.randn(dims[i], dims[i + 1]) * weight_scale

        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        out = X
        fc_caches, relu_caches = [], []
        for i in range(1, self.num_layers):
            out, c = affine_forward(out, self.params['W' + str(i)], self.params['b' + str(i)])
            fc_caches.append(c)
            out, c = relu_forward(out)
            relu_caches.append(c)
        scores, c = affine_forward(out, self.params['W' + str(self.num_layers)],
                                   self.params['b' + str(self.num_layers)])
        fc_caches.append(c)
        if y is None:
            return scores

        loss, grads = 0.0, {}
        loss, dout = softmax_loss(scores, y)
        for i in range(self.num_layers, 0, -1):
            loss += 0.5 * self.reg * np.sum(self.params['W%d' % i] ** 2)
            if i < self.num_layers:
                dout = relu_backward(dout, relu_caches.pop())
            dout, dw, db = affine_backward(dout, fc_caches.pop())
            grads['W%d' % i] = dw + self.reg * self.params['W%d' % i]
            grads['b%d' % i] = db
        return loss, grads
