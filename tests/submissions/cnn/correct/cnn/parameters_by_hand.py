"""The parameters one by one, drawn by NumPy's shared generator."""

_Given = ThreeLayerConvNet


class ThreeLayerConvNet(_Given):
    def __init__(
        self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
        weight_scale=1e-3, reg=0.0, dtype=np.float32, use_batchnorm=False, seed=None,
    ):
        super().__init__(
            input_dim, num_filters, filter_size, hidden_dim, num_classes, weight_scale, reg, dtype,
            use_batchnorm, seed,
        )
        C, H, W = input_dim
        F = num_filters
        self.params = {}
        self.params["b1"] = np.zeros(F)
        self.params["b2"] = np.zeros(hidden_dim)
        self.params["b3"] = np.zeros(num_classes)
        self.params["W1"] = np.random.randn(F, C, filter_size, filter_size) * weight_scale
        self.params["W2"] = np.random.randn(F * H * W // 4, hidden_dim) * weight_scale
        self.params["W3"] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
        if self.use_batchnorm:
            self.params["gamma1"], self.params["beta1"] = np.ones(F), np.zeros(F)
            self.params["gamma2"] = np.ones(hidden_dim)
            self.params["beta2"] = np.zeros(hidden_dim)
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}
