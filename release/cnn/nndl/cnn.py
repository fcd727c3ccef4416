"""The network of this assignment: one convolutional layer, and two fully connected ones."""

import numpy as np
from nndl.batchnorm import batchnorm_backward, batchnorm_forward
from nndl.conv_layer_utils import (
    conv_batchnorm_relu_pool_backward,
    conv_batchnorm_relu_pool_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from nndl.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
)


class ThreeLayerConvNet:
    """A convolutional network for images.

        conv, relu, 2 x 2 max pooling, affine, relu, affine, softmax

    With batch normalization, there is one before each ReLU:

        conv, spatial batchnorm, relu, 2 x 2 max pooling, affine, batchnorm, relu, affine, softmax

    The convolution has stride 1, and as much padding as keeps height and width. The pooling halves
    both. A `Solver` trains the network: it reads and replaces ``params``.

    Attributes:
    - params: a dictionary of arrays of ``dtype``, for images of C channels, height H and width W:
      - "W1": (num_filters, C, filter_size, filter_size), "b1": (num_filters,).
      - "W2": (num_filters · H/2 · W/2, hidden_dim), "b2": (hidden_dim,).
      - "W3": (hidden_dim, num_classes), "b3": (num_classes,).
      - with batch normalization also "gamma1", "beta1": (num_filters,), and "gamma2", "beta2":
        (hidden_dim,).
    - bn_params: with batch normalization, the ``bn_param`` of its two layers in order; else empty.
    - conv_param, pool_param: the settings of the convolution and the pooling.
    - reg: strength of the L2 regularization.
    - dtype: in which floating-point type the network computes.
    - rng: the generator that draws the initial weights.
    """

    def __init__(  # noqa: PLR0917 - the API is fixed by the course
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
        use_batchnorm=False,
        seed=None,
    ):
        """Make a network with fresh parameters.

        - input_dim: (C, H, W) of an image, H and W even.
        - num_filters: number of filters of the convolution.
        - filter_size: their height and width, an odd number.
        - hidden_dim: number of units of the hidden layer.
        - num_classes: number of classes.
        - weight_scale: standard deviation of the initial weights.
        - reg: strength of the L2 regularization; 0 for none.
        - dtype: a numpy floating-point type. float32 trains fast, float64 suits gradient checks.
        - use_batchnorm: whether there is batch normalization.
        - seed: the same seed gives the same initial weights; None gives others each time.
        """
        self.use_batchnorm = use_batchnorm
        self.reg = reg
        self.dtype = dtype
        self.rng = np.random.default_rng(seed)
        self.conv_param = {"stride": 1, "pad": (filter_size - 1) // 2}
        self.pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        self.bn_params = [{"mode": "train"}, {"mode": "train"}] if use_batchnorm else []
        self.params = {}

        # Put every parameter that the text above names into self.params. Draw the weights with
        # self.rng from a normal distribution with mean 0 and standard deviation weight_scale; the
        # biases are 0, every gamma is 1 and every beta is 0.
        # YOUR CODE HERE: conv_net
        raise NotImplementedError("task conv_net: write `ThreeLayerConvNet.__init__` in nndl/cnn.py.")
        # END YOUR CODE HERE

        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Scores of images or, given their classes, the loss and its gradients.

        - X: (N, C, H, W), images.
        - y: (N,), integer classes, or None.

        Returns without y, where batch normalization is in mode "test":
        - scores: (N, num_classes).

        Returns with y, where batch normalization is in mode "train":
        - loss: float, the mean softmax loss plus 0.5 · reg · (sum of the squares of W1, W2 and W3).
          Biases, gammas and betas are not regularized.
        - grads: a dictionary with the gradient of that loss for every name in ``params``.
        """
        X = X.astype(self.dtype, copy=False)
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        scores = None
        # Forward pass: assign to scores what the last layer puts out, and keep each layer's cache.
        # nndl/conv_layer_utils.py has the convolution, ReLU and pooling as one layer.
        # YOUR CODE HERE: conv_net
        raise NotImplementedError("task conv_net: write `ThreeLayerConvNet.loss` in nndl/cnn.py.")
        # END YOUR CODE HERE
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: compute the loss, then the gradients from the last layer to the first. Add
        # the regularization to the loss and to the gradients of the weights.
        # YOUR CODE HERE: conv_net
        raise NotImplementedError("task conv_net: write `ThreeLayerConvNet.loss` in nndl/cnn.py.")
        # END YOUR CODE HERE
        return loss, grads
