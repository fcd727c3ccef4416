"""Losses: how far predictions are from their targets."""

import numpy as np


def squared_error(prediction, target):
    """Half the squared error of each row, averaged over the rows.

    prediction, target: arrays of shape (N, D). Returns the loss, a number, and its gradient with
    respect to prediction, of shape (N, D):

        loss = 1/(2N) Σ (p − t)²        ∂loss/∂p = (p − t) / N
    """
    # YOUR CODE HERE: squared_error
    difference = prediction - target
    loss = 0.5 * np.sum(difference**2) / len(difference)
    gradient = difference / len(difference)
    # END YOUR CODE HERE
    return loss, gradient
