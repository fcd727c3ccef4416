"""Two ways through the net: one for scores, one for training."""


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        training = y is not None
        for bn_param in self.bn_params:
            bn_param["mode"] = ["test", "train"][training]
        self.dropout_param["mode"] = ["test", "train"][training]
        caches, out = {}, X
        for i in range(1, self.num_layers):
            arguments = [self.params[k + str(i)] for k in self._names()]
            if self.use_batchnorm:
                out, caches[i] = affine_batchnorm_relu_forward(
                    out, *arguments, self.bn_params[i - 1]
                )
            else:
                out, caches[i] = affine_relu_forward(out, *arguments)
            if self.use_dropout and training:
                out, caches["d", i] = dropout_forward(out, self.dropout_param)
        n = self.num_layers
        scores, caches[n] = affine_forward(out, self.params[f"W{n}"], self.params[f"b{n}"])
        if not training:
            return scores
        data_loss, d = softmax_loss(scores, y)
        grads = {}
        d, grads[f"W{n}"], grads[f"b{n}"] = affine_backward(d, caches[n])
        back = affine_batchnorm_relu_backward if self.use_batchnorm else affine_relu_backward
        for i in range(n - 1, 0, -1):
            if ("d", i) in caches:
                d = dropout_backward(d, caches["d", i])
            d, *values = back(d, caches[i])
            for k, value in zip(self._names(), values):
                grads[k + str(i)] = value
        reg_loss = 0
        for i in range(n):
            reg_loss += 0.5 * self.reg * np.sum(self.params[f"W{i + 1}"] ** 2)
            grads[f"W{i + 1}"] += self.reg * self.params[f"W{i + 1}"]
        return data_loss + reg_loss, grads

    def _names(self):
        return ("W", "b", "gamma", "beta") if self.use_batchnorm else ("W", "b")
