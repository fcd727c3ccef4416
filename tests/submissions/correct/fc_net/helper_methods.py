"""Helper methods, parameters listed in another order, and extra attributes and gradients."""


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout=0,
                 use_batchnorm=False, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.sizes = [input_dim] + list(hidden_dims) + [num_classes]
        self.num_layers = len(self.sizes) - 1
        self.reg, self.dtype = reg, dtype
        rng = np.random.default_rng(seed)
        weights = {"W" + str(i + 1): weight_scale * rng.standard_normal(self.sizes[i:i + 2])
                   for i in range(self.num_layers)}
        biases = {"b" + str(i + 1): np.zeros(self.sizes[i + 1]) for i in range(self.num_layers)}
        self.params = {name: p.astype(dtype) for name, p in {**biases, **weights}.items()}

    def _of(self, i):
        return self.params["W" + str(i)], self.params["b" + str(i)]

    def _forward(self, X):
        caches = []
        for i in range(1, self.num_layers + 1):
            layer = affine_relu_forward if i < self.num_layers else affine_forward
            X, cache = layer(X, *self._of(i))
            caches.append(cache)
        return X, caches

    def _regularization(self):
        return 0.5 * self.reg * sum(np.sum(np.square(self._of(i + 1)[0])) for i in range(self.num_layers))

    def loss(self, X, y=None):
        scores, caches = self._forward(X.astype(self.dtype))
        if y is None:
            return scores
        data_loss, dout = softmax_loss(scores, y)
        grads = {}
        for i in range(self.num_layers, 0, -1):
            layer = affine_relu_backward if i < self.num_layers else affine_backward
            dout, grads["W" + str(i)], grads["b" + str(i)] = layer(dout, caches.pop())
            grads["W" + str(i)] += self.reg * self._of(i)[0]
        grads["X"] = dout
        return data_loss + self._regularization(), grads
