"""Dropout: a layer that switches off a random part of its inputs while the network is trained.

Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
Journal of Machine Learning Research 15, 2014. The form written here, in which all scaling is done
in train mode, is called inverted dropout.
"""

import numpy as np


def dropout_forward(x, dropout_param):
    """Output of a dropout layer.

        train:  each element of x is made 0 with probability p, and divided by 1 - p otherwise
        test:   out = x

    p is the probability of being *dropped*; some texts call the other one p, with which an element
    is kept. Since what is kept is divided by 1 - p, an element has the same mean in both modes.
    With p = 0 nothing is dropped.

    - x: an array of any shape.
    - dropout_param: a dictionary, which is not changed:
      - mode: "train" or "test"; required.
      - p: a float, 0 <= p < 1; required.
      - seed: an int. Where it is given, the same seed and shape drop the same elements in every
        call, which makes numerical gradients possible. Without it each call draws anew. Which of
        NumPy's generators is seeded is up to you.

    Every element is drawn by itself, also those of one example.

    Returns:
    - out: an array of the shape and dtype of x.
    - cache: whatever `dropout_backward` needs.

    Raises ValueError for another mode. x is not changed.
    """
    mode, p = dropout_param["mode"], dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    out, mask = None, None
    if mode == "train":
        # Drop elements of x: assign what each element is multiplied by to mask, and the output to
        # out. np.random.rand(*x.shape) draws numbers from 0 to 1.
        # YOUR CODE HERE: dropout_forward
        kept = np.random.rand(*x.shape) >= p
        mask = (kept / (1 - p)).astype(x.dtype)
        out = x * mask
        # END YOUR CODE HERE
    elif mode == "test":
        # Assign the output to out.
        # YOUR CODE HERE: dropout_forward
        out = x
        # END YOUR CODE HERE
    else:
        raise ValueError(f'dropout_param["mode"] must be "train" or "test", it is {mode!r}.')

    cache = (mode, mask)
    return out, cache


def dropout_backward(dout, cache):
    """Gradient of a dropout layer.

    - dout: gradient with respect to the layer's output, of the shape of x.
    - cache: from `dropout_forward`, in train mode or in test mode.

    Returns:
    - dx: the shape of x.
    """
    mode, mask = cache
    dx = None
    if mode == "train":
        # Compute dx, by the same mask as in the forward pass. Leave dout as it is.
        # YOUR CODE HERE: dropout_backward
        dx = dout * mask
        # END YOUR CODE HERE
    elif mode == "test":
        # Compute dx.
        # YOUR CODE HERE: dropout_backward
        dx = dout
        # END YOUR CODE HERE
    return dx
