"""The network of this assignment: fully connected layers of any number and width."""

import numpy as np
from nndl.layer_utils import affine_relu_backward, affine_relu_forward
from nndl.layers import affine_backward, affine_forward, softmax_loss


class FullyConnectedNet:
    """A fully connected network with ReLU units and a softmax loss.

        (affine, relu) repeated L - 1 times, affine, softmax

    L, the number of layers, is ``len(hidden_dims) + 1``; the network is trained by a `Solver`,
    which reads and replaces ``params``.

    Attributes:
    - params: a dictionary of arrays of ``dtype``: for layer i = 1 ... L the weights ``"W<i>"`` of
      shape (inputs, units) and the biases ``"b<i>"`` of shape (units,).
    - num_layers: L.
    - reg: strength of the L2 regularization.
    - dtype: in which floating-point type the network computes.
    - rng: the generator that draws the initial weights.
    """

    def __init__(  # noqa: PLR0917 - the API is fixed by the course
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
        """Make a network with fresh parameters.

        - hidden_dims: number of units of each hidden layer, a sequence of ints.
        - input_dim: number of features of an example, all its dimensions multiplied.
        - num_classes: number of classes.
        - dropout, use_batchnorm: not yet; anything but "off" raises ValueError.
        - reg: strength of the L2 regularization; 0 for none.
        - weight_scale: standard deviation of the initial weights.
        - dtype: a numpy floating-point type. float32 trains fast, float64 suits gradient checks.
        - seed: the same seed gives the same initial weights; None gives others each time.
        """
        if dropout or use_batchnorm:
            raise ValueError(
                "FullyConnectedNet has no dropout and no batch normalization yet: they come in "
                "the next assignment. Leave dropout=0 and use_batchnorm=False."
            )
        self.num_layers = len(hidden_dims) + 1
        self.reg = reg
        self.dtype = dtype
        self.rng = np.random.default_rng(seed)
        self.params = {}

        # Put every W<i> and b<i> into self.params. Draw the weights with self.rng from a normal
        # distribution with mean 0 and standard deviation weight_scale; the biases are 0.
        # YOUR CODE HERE: fc_net
        raise NotImplementedError("task fc_net: write `FullyConnectedNet.__init__` in nndl/fc_net.py.")
        # END YOUR CODE HERE

        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Scores of examples or, given their classes, the loss and its gradients.

        - X: (N, d_1, ..., d_k), N examples with d_1 · ... · d_k = ``input_dim``.
        - y: (N,), integer classes, or None.

        Returns without y:
        - scores: (N, num_classes).

        Returns with y:
        - loss: float, the mean softmax loss plus 0.5 · reg · (sum of the squares of all weights).
          Biases are not regularized.
        - grads: a dictionary with the gradient of that loss for every name in ``params``.
        """
        X = X.astype(self.dtype, copy=False)
        scores = None
        # Forward pass: assign to scores what the last layer puts out, and keep each layer's cache.
        # YOUR CODE HERE: fc_net
        raise NotImplementedError("task fc_net: write `FullyConnectedNet.loss` in nndl/fc_net.py.")
        # END YOUR CODE HERE
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: compute the loss, then the gradients from the last layer to the first. Add
        # the regularization to the loss and to the gradients of the weights.
        # YOUR CODE HERE: fc_net
        raise NotImplementedError("task fc_net: write `FullyConnectedNet.loss` in nndl/fc_net.py.")
        # END YOUR CODE HERE
        return loss, grads
