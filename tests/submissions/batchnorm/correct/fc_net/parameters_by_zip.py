"""Parameters made by zip, weights drawn by np.random.randn."""


class FullyConnectedNet(FullyConnectedNet):
    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=0,
        use_batchnorm=False,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        super().__init__(
            hidden_dims, input_dim, num_classes, dropout, use_batchnorm, reg, weight_scale, dtype, seed
        )
        self.params = {}
        sizes = [input_dim] + list(hidden_dims) + [num_classes]
        for i, (rows, columns) in enumerate(zip(sizes, sizes[1:]), start=1):
            self.params["W" + str(i)] = weight_scale * np.random.randn(rows, columns)
            self.params["b" + str(i)] = np.zeros(columns)
        if self.use_batchnorm:
            for i, units in enumerate(hidden_dims, start=1):
                self.params["gamma" + str(i)] = np.ones((units,))
                self.params["beta" + str(i)] = np.zeros((units,))
        for name in self.params:
            self.params[name] = self.params[name].astype(dtype)
