import numpy as np


def sgd(w, dw, config=None):
    """Gradient descent."""
    if config is None:
        config = {"learning_rate": 1e-2}
    w -= config["learning_rate"] * dw
    return (w, config
