"""A list of backward functions, made in the forward pass."""


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        self.dropout_param["mode"] = mode
        steps, grads = [], {}
        out = X
        for i in range(self.num_layers - 1):
            out = self._hidden(out, i + 1, steps)
        last = self.num_layers
        scores, cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])
        if y is None:
            return scores
        loss, dout = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dout, cache)
        for names, backward, kept in reversed(steps):
            result = backward(dout, kept)
            dout, *rest = result if names else (result,)
            grads.update(zip(names, rest))
        for i in range(1, last + 1):
            w = self.params[f"W{i}"]
            loss += self.reg / 2 * np.sum(w * w)
            grads[f"W{i}"] = grads[f"W{i}"] + self.reg * w
        return loss, grads

    def _hidden(self, out, i, steps):
        names = [f"W{i}", f"b{i}"]
        if self.use_batchnorm:
            names += [f"gamma{i}", f"beta{i}"]
            arguments = [self.params[name] for name in names] + [self.bn_params[i - 1]]
            out, cache = affine_batchnorm_relu_forward(out, *arguments)
            steps.append((names, affine_batchnorm_relu_backward, cache))
        else:
            out, cache = affine_relu_forward(out, *(self.params[name] for name in names))
            steps.append((names, affine_relu_backward, cache))
        if self.use_dropout:
            out, cache = dropout_forward(out, self.dropout_param)
            steps.append(((), dropout_backward, cache))
        return out
