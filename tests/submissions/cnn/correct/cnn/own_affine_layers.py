"""Only the convolution is a layer; the rest of the network is written out, sizes measured."""


class ThreeLayerConvNet(ThreeLayerConvNet):
    def loss(self, X, y=None):
        X = np.asarray(X, dtype=self.dtype)
        mode = "train" if y is not None else "test"
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        p, N = self.params, X.shape[0]
        if self.use_batchnorm:
            pooled, cache = conv_batchnorm_relu_pool_forward(
                X, p["W1"], p["b1"], p["gamma1"], p["beta1"], self.conv_param, self.bn_params[0],
                self.pool_param,
            )
        else:
            pooled, cache = conv_relu_pool_forward(
                X, p["W1"], p["b1"], self.conv_param, self.pool_param
            )
        flat = pooled.reshape(N, -1)
        z = flat @ p["W2"] + p["b2"]
        if self.use_batchnorm:
            z, bn_cache = batchnorm_forward(z, p["gamma2"], p["beta2"], self.bn_params[1])
        h = np.maximum(0, z)
        scores = h @ p["W3"] + p["b3"]
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        grads = {"W3": h.T @ d, "b3": d.sum(axis=0)}
        d = (d @ p["W3"].T) * (z > 0)
        if self.use_batchnorm:
            d, grads["gamma2"], grads["beta2"] = batchnorm_backward(d, bn_cache)
        grads |= {"W2": flat.T @ d, "b2": d.sum(axis=0)}
        d = (d @ p["W2"].T).reshape(pooled.shape)
        if self.use_batchnorm:
            names = ("W1", "b1", "gamma1", "beta1")
            back = conv_batchnorm_relu_pool_backward(d, cache)
        else:
            names, back = ("W1", "b1"), conv_relu_pool_backward(d, cache)
        grads |= dict(zip(names, back[1:]))
        if self.reg != 0:
            for name, w in p.items():
                if name[0] == "W":
                    loss = loss + self.reg / 2 * np.linalg.norm(w) ** 2
                    grads[name] = grads[name] + self.reg * w
        return loss, grads
