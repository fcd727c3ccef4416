"""The network of this assignment: fully connected, with batch normalization and dropout."""

import numpy as np
from nndl.batchnorm_utils import affine_batchnorm_relu_backward, affine_batchnorm_relu_forward
from nndl.dropout import dropout_backward, dropout_forward
from nndl.layer_utils import affine_relu_backward, affine_relu_forward
from nndl.layers import affine_backward, affine_forward, softmax_loss


class FullyConnectedNet:
    """A fully connected network with ReLU units and a softmax loss.

        (affine, [batch normalization], relu, [dropout]) repeated L - 1 times, affine, softmax

    What stands in brackets is there only where it is asked for. L, the number of layers, is
    ``len(hidden_dims) + 1``; the network is trained by a `Solver`, which reads and replaces
    ``params``.

    Attributes:
    - params: a dictionary of arrays of ``dtype``: for layer i = 1 ... L the weights ``"W<i>"`` of
      shape (inputs, units) and the biases ``"b<i>"`` of shape (units,); with batch normalization
      also, for i = 1 ... L - 1, ``"gamma<i>"`` and ``"beta<i>"`` of shape (units,).
    - num_layers: L.
    - use_batchnorm, use_dropout: whether there is batch normalization, and dropout.
    - bn_params: a list of L - 1 dictionaries for `batchnorm_forward`, that of layer i at position
      i - 1; each layer has its own running averages. Empty without batch normalization.
    - dropout_param: a dictionary for `dropout_forward`, the same for all layers.
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
        - dropout: probability with which a dropout layer drops an element, 0 <= dropout < 1. With
          0 there are no dropout layers.
        - use_batchnorm: whether there is batch normalization.
        - reg: strength of the L2 regularization; 0 for none.
        - weight_scale: standard deviation of the initial weights.
        - dtype: a numpy floating-point type. float32 trains fast, float64 suits gradient checks.
        - seed: the same seed gives the same initial weights; None gives others each time. A seed
          goes to the dropout layers as well: every call of `loss` then drops the same elements.
          That suits gradient checks. To train with dropout, leave it None.
        """
        self.num_layers = len(hidden_dims) + 1
        self.use_batchnorm = use_batchnorm
        self.use_dropout = dropout > 0
        self.reg = reg
        self.dtype = dtype
        self.rng = np.random.default_rng(seed)
        self.params = {}

        # Put every W<i> and b<i> into self.params, and with batch normalization every gamma<i> and
        # beta<i>. Draw the weights with self.rng from a normal distribution with mean 0 and
        # standard deviation weight_scale. The biases and beta are 0, gamma is 1.
        # YOUR CODE HERE: fc_net
        widths = [input_dim, *hidden_dims, num_classes]
        for layer in range(1, self.num_layers + 1):
            units = widths[layer]
            shape = (widths[layer - 1], units)
            self.params[f"W{layer}"] = self.rng.normal(scale=weight_scale, size=shape)
            self.params[f"b{layer}"] = np.zeros(units)
            if use_batchnorm and layer < self.num_layers:
                self.params[f"gamma{layer}"] = np.ones(units)
                self.params[f"beta{layer}"] = np.zeros(units)
        # END YOUR CODE HERE

        self.bn_params = []
        if self.use_batchnorm:
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        self.dropout_param = {"mode": "train", "p": dropout}
        if seed is not None:
            self.dropout_param["seed"] = seed

        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Scores of examples or, given their classes, the loss and its gradients.

        Without y the layers work in test mode, with y in train mode.

        - X: (N, d_1, ..., d_k), N examples with d_1 · ... · d_k = ``input_dim``.
        - y: (N,), integer classes, or None.

        Returns without y:
        - scores: (N, num_classes).

        Returns with y:
        - loss: float, the mean softmax loss plus 0.5 · reg · (sum of the squares of all weights).
          Biases, gamma and beta are not regularized.
        - grads: a dictionary with the gradient of that loss for every name in ``params``.
        """
        X = X.astype(self.dtype, copy=False)
        mode = "test" if y is None else "train"
        for layer_param in (*self.bn_params, self.dropout_param):
            layer_param["mode"] = mode

        scores = None
        # Forward pass: assign to scores what the last layer puts out, and keep each layer's cache.
        # YOUR CODE HERE: fc_net
        caches, dropout_caches = {}, {}
        hidden = X
        for layer in range(1, self.num_layers):
            weights, biases = self.params[f"W{layer}"], self.params[f"b{layer}"]
            if self.use_batchnorm:
                hidden, caches[layer] = affine_batchnorm_relu_forward(
                    hidden,
                    weights,
                    biases,
                    self.params[f"gamma{layer}"],
                    self.params[f"beta{layer}"],
                    self.bn_params[layer - 1],
                )
            else:
                hidden, caches[layer] = affine_relu_forward(hidden, weights, biases)
            if self.use_dropout:
                hidden, dropout_caches[layer] = dropout_forward(hidden, self.dropout_param)
        last = self.num_layers
        scores, caches[last] = affine_forward(
            hidden, self.params[f"W{last}"], self.params[f"b{last}"]
        )
        # END YOUR CODE HERE
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: compute the loss, then the gradients from the last layer to the first. Add
        # the regularization to the loss and to the gradients of the weights.
        # YOUR CODE HERE: fc_net
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches[last])
        for layer in reversed(range(1, last)):
            if self.use_dropout:
                dout = dropout_backward(dout, dropout_caches[layer])
            if self.use_batchnorm:
                dout, dw, db, dgamma, dbeta = affine_batchnorm_relu_backward(dout, caches[layer])
                grads[f"gamma{layer}"], grads[f"beta{layer}"] = dgamma, dbeta
            else:
                dout, dw, db = affine_relu_backward(dout, caches[layer])
            grads[f"W{layer}"], grads[f"b{layer}"] = dw, db
        if self.reg > 0:
            for layer in range(1, last + 1):
                weights = self.params[f"W{layer}"]
                loss += 0.5 * self.reg * float(np.sum(weights**2))
                grads[f"W{layer}"] += self.reg * weights
        # END YOUR CODE HERE
        return loss, grads
