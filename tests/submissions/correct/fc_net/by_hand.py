"""Without the layers: all products, the softmax and every gradient written out in the class."""


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout=0, use_batchnorm=False,
                 reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.reg, self.dtype, self.L = reg, dtype, len(hidden_dims) + 1
        generator = np.random.RandomState(seed)
        self.params = {}
        fan_in = input_dim
        for l, units in enumerate(list(hidden_dims) + [num_classes], 1):
            self.params[f"W{l}"] = generator.normal(0.0, weight_scale, (fan_in, units)).astype(dtype)
            self.params[f"b{l}"] = np.zeros(units, dtype=dtype)
            fan_in = units

    def weights(self):
        return [self.params[f"W{l}"] for l in range(1, self.L + 1)]

    def loss(self, X, y=None):
        N = len(X)
        activations = [X.astype(self.dtype).reshape(N, -1)]
        for l, W in enumerate(self.weights(), 1):
            z = activations[-1] @ W + self.params[f"b{l}"]
            activations.append(np.maximum(z, 0) if l < self.L else z)
        scores = activations[-1]
        if y is None:
            return scores

        e = np.exp(scores - scores.max(1)[:, None])
        total = e.sum(1)
        s = (scores - scores.max(1)[:, None])[range(N), y]
        loss = (np.log(total) - s).sum() / N + self.reg / 2 * sum(np.vdot(W, W) for W in self.weights())
        d = e / total[:, None]
        d[range(N), y] -= 1.0
        d /= N
        grads = {}
        for l in range(self.L, 0, -1):
            W = self.params[f"W{l}"]
            grads[f"b{l}"] = d.sum(0)
            grads[f"W{l}"] = activations[l - 1].T @ d + self.reg * W
            d = (d @ W.T) * (activations[l - 1] > 0)
        return loss, grads
