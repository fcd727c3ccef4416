"""bn_params made anew, as a list with settings in it, and the dropout cache put beside the other."""


class FullyConnectedNet(FullyConnectedNet):
    def __init__(self, hidden_dims, *args, **kwargs):
        super().__init__(hidden_dims, *args, **kwargs)
        self.bn_params = []
        if self.use_batchnorm:
            for _ in range(self.num_layers - 1):
                self.bn_params.append({"mode": "train", "eps": 1e-5, "momentum": 0.9})

    def loss(self, X, y=None):
        mode = "train" if y is not None else "test"
        X = X.astype(self.dtype)
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        out, caches = X, []
        for i in range(1, self.num_layers):
            W, b = self.params["W%d" % i], self.params["b%d" % i]
            if self.use_batchnorm:
                gamma, beta = self.params["gamma%d" % i], self.params["beta%d" % i]
                out, cache = affine_batchnorm_relu_forward(
                    out, W, b, gamma, beta, self.bn_params[i - 1]
                )
            else:
                out, cache = affine_relu_forward(out, W, b)
            drop_cache = None
            if self.use_dropout:
                out, drop_cache = dropout_forward(out, self.dropout_param)
            caches.append((cache, drop_cache))
        n = self.num_layers
        out, last_cache = affine_forward(out, self.params["W%d" % n], self.params["b%d" % n])
        if mode == "test":
            return out
        loss, dout = softmax_loss(out, y)
        grads = {}
        dout, grads["W%d" % n], grads["b%d" % n] = affine_backward(dout, last_cache)
        while caches:
            cache, drop_cache = caches.pop()
            i = len(caches) + 1
            if self.use_dropout:
                dout = dropout_backward(dout, drop_cache)
            if self.use_batchnorm:
                values = affine_batchnorm_relu_backward(dout, cache)
                dout = values[0]
                for name, value in zip(("W", "b", "gamma", "beta"), values[1:]):
                    grads[name + str(i)] = value
            else:
                dout, grads["W%d" % i], grads["b%d" % i] = affine_relu_backward(dout, cache)
        for name in [name for name in self.params if name[0] == "W"]:
            loss += 0.5 * self.reg * np.sum(np.square(self.params[name]))
            grads[name] += self.reg * self.params[name]
        return loss, grads
