"""The update rules: how each way of descending the gradient turns weights into better weights.

Every rule has the same interface, so that a `Solver` can use any of them by its name:

    next_w, config = rule(w, dw, config)

- ``w``: weights, a float array of any shape.
- ``dw``: gradient of the loss with respect to ``w``; same shape and dtype. Never changed.
- ``config``: a dictionary with the rule's settings and with what the rule remembers from one
  step to the next (its state). Settings that are missing get their defaults, state that is
  missing starts at zero. ``None`` means an empty dictionary.

Returned are ``next_w``, the weights after one step (same shape and dtype as ``w``), and
``config``: the dictionary that was passed in, now holding the new state, or a new one with all
its settings and the new state. What is returned is what the next step gets. Each parameter of a
model needs a ``config`` of its own.

In the formulas below g is ``dw``, η is ``learning_rate``, and products, squares and roots of
arrays are taken elementwise.
"""

import numpy as np


def _filled_in(config, w, state=(), **settings):
    """Give ``config`` each setting it lacks and zeros for each array of ``state`` it lacks.

    Returns the dictionary that was passed in, or a new one for ``None``. The zeros have the
    shape and dtype of ``w``.
    """
    config = {} if config is None else config
    for name, default in settings.items():
        config.setdefault(name, default)
    for name in state:
        if name not in config:
            config[name] = np.zeros_like(w)
    return config


def sgd(w, dw, config=None):
    """Plain stochastic gradient descent (provided):  w ← w - η g.

    config:
    - learning_rate: η, a float; default 1e-2.
    """
    config = _filled_in(config, w, learning_rate=1e-2)
    next_w = w - config["learning_rate"] * dw
    return next_w, config


def sgd_momentum(w, dw, config=None):
    """Stochastic gradient descent with momentum.

        v ← μ v - η g
        w ← w + v

    config:
    - learning_rate: η, a float; default 1e-2.
    - momentum: μ, a float from 0 to 1; default 0.9. With 0 the rule is plain SGD.
    - velocity: v, an array like ``w``; starts at zero. Holds the new v afterwards.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; in
    this form Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013, equations 1 and 2.
    """
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    next_w = None
    # Take one step with momentum: assign the weights after it to next_w, and store the new
    # velocity in config["velocity"].
    # YOUR CODE HERE: sgd_momentum
    raise NotImplementedError("Copy your nndl/optim.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    return next_w, config


def sgd_nesterov_momentum(w, dw, config=None):
    """Stochastic gradient descent with Nesterov momentum.

        v_old ← v
        v ← μ v - η g
        w ← w + v + μ (v - v_old)

    Nesterov takes the gradient not at the weights θ but at the point θ + μ v where the momentum
    alone would carry them. Here ``w`` *is* that look-ahead point, so ``dw`` is the gradient at
    ``w`` as for every other rule, and ``next_w`` is the next look-ahead point.

    config:
    - learning_rate: η, a float; default 1e-2.
    - momentum: μ, a float from 0 to 1; default 0.9. With 0 the rule is plain SGD.
    - velocity: v, an array like ``w``; starts at zero. Holds the new v afterwards.

    Source: Sutskever et al., ICML 2013, equations 3 and 4; rewritten for the look-ahead point as
    in Bengio et al., "Advances in optimizing recurrent networks", ICASSP 2013, equation 7.
    """
    config = _filled_in(config, w, state=["velocity"], learning_rate=1e-2, momentum=0.9)
    next_w = None
    # Take one step with Nesterov momentum: assign the weights after it to next_w, and store the
    # new velocity in config["velocity"]. The step needs the old velocity and the new one.
    # YOUR CODE HERE: sgd_nesterov_momentum
    raise NotImplementedError("Copy your nndl/optim.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    return next_w, config


def rmsprop(w, dw, config=None):
    """RMSProp: a learning rate for each weight, by a moving average of its squared gradients.

        a ← β a + (1 - β) g²
        w ← w - η g / (√a + ε)

    ε stands outside the square root: it is added to the root, not to a.

    config:
    - learning_rate: η, a float; default 1e-2.
    - decay_rate: β, a float from 0 to 1; default 0.99.
    - epsilon: ε, a small float that keeps the division finite; default 1e-8.
    - a: moving average of g², an array like ``w``; starts at zero. Holds the new a afterwards.

    Source: Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5, Coursera
    2012. (The lecture has no ε.)
    """
    config = _filled_in(config, w, state=["a"], learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    next_w = None
    # Take one RMSProp step: assign the weights after it to next_w, and store the new moving
    # average of squared gradients in config["a"]. The step uses the new average.
    # YOUR CODE HERE: rmsprop
    raise NotImplementedError("Copy your nndl/optim.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    return next_w, config


def adam(w, dw, config=None):
    """Adam: moving averages of the gradient and of its square, both corrected for their start.

        t ← t + 1
        v ← β₁ v + (1 - β₁) g              the first moment
        a ← β₂ a + (1 - β₂) g²             the second moment
        v̂ = v / (1 - β₁ᵗ),  â = a / (1 - β₂ᵗ)
        w ← w - η v̂ / (√â + ε)

    t is incremented before it is used, so the first step of all corrects with t = 1. ε stands
    outside the square root: it is added to the root, not to â. The efficient form at the end of
    the paper's section 2, in which ε is added to √a and both corrections are made to η for this
    step, is right as well.

    config:
    - learning_rate: η, a float; default 1e-3.
    - beta1, beta2: β₁ and β₂, floats from 0 to 1; defaults 0.9 and 0.999.
    - epsilon: ε, a small float that keeps the division finite; default 1e-8.
    - v: the first moment, an array like ``w``; starts at zero. Holds the new v afterwards.
    - a: the second moment, an array like ``w``; starts at zero. Holds the new a afterwards.
      Both are stored as they are *before* the correction.
    - t: steps taken so far, an int; starts at 0. Holds the incremented t afterwards.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1
    (where v is called m, and a is called v).
    """
    config = _filled_in(
        config, w, state=["v", "a"], learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    next_w = None
    # Take one Adam step: assign the weights after it to next_w, and store the new moments in
    # config["v"] and config["a"] and the new number of steps in config["t"].
    # YOUR CODE HERE: adam
    raise NotImplementedError("Copy your nndl/optim.py of the homework optimization over this file.")
    # END YOUR CODE HERE
    return next_w, config
