import numpy as np


def sgd(w, dw, config=None):
    """Gradient descent."""
    if config is None:
        config = {"learning_rate": 1e-2}
<<<<<<< HEAD
    w -= config["learning_rate"] * dw
=======
    w += config["learning_rate"] * dw
>>>>>>> partner
    return w, config
