"""A class for the moving averages, and one for the rule."""


class MovingAverage:
    def __init__(self, beta, value):
        self.beta, self.value = beta, value

    def update(self, x):
        self.value = self.beta * self.value + (1 - self.beta) * x
        return self

    def corrected(self, t):
        return self.value / (1 - self.beta**t)


class Adam:
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}

    def __init__(self, config, shape):
        self.config = config
        for key, value in self.defaults.items():
            self.config.setdefault(key, value)
        self.first = MovingAverage(config["beta1"], config.get("v", np.zeros(shape)))
        self.second = MovingAverage(config["beta2"], config.get("a", np.zeros(shape)))

    def step(self, w, dw):
        t = self.config["t"] = self.config["t"] + 1
        self.config["v"] = self.first.update(dw).value
        self.config["a"] = self.second.update(dw**2).value
        direction = self.first.corrected(t)
        size = np.sqrt(self.second.corrected(t)) + self.config["epsilon"]
        return w - self.config["learning_rate"] * direction / size


def adam(w, dw, config=None):
    config = config if config is not None else {}
    return Adam(config, w.shape).step(w, dw), config
