class FullyConnectedNet(object):
    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10, dropout=0,
                 use_batchnorm=False, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        dims = [input_dim] + hidden_dims + [num_classes]
        for i in range(self.num_layers):
            self.params['W%d' % (i + 1)] = np.random.normal(0, weight_scale, (dims[i], dims[i + 1]))
            self.params['b%d' % (i + 1)] = np.zeros(dims[i + 1])
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        cache = {}
        out = X
        for i in range(1, self.num_layers):
            W, b = self.params['W%d' % i], self.params['b%d' % i]
            out, cache[i] = affine_relu_forward(out, W, b)
        W, b = self.params['W%d' % self.num_layers], self.params['b%d' % self.num_layers]
        scores, cache[self.num_layers] = affine_relu_forward(out, W, b)
        if y is None:
            return scores
        grads = {}
        loss, dscores = softmax_loss(scores, y)
        L = self.num_layers
        dout, grads['W%d' % L], grads['b%d' % L] = affine_relu_backward(dscores, cache[L])
        for i in range(L - 1, 0, -1):
            dout, grads['W%d' % i], grads['b%d' % i] = affine_relu_backward(dout, cache[i])
        for i in range(1, L + 1):
            loss += 0.5 * self.reg * np.sum(self.params['W%d' % i] ** 2)
            grads['W%d' % i] += self.reg * self.params['W%d' % i]
        return loss, grads
