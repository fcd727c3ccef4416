"""Batch normalization: a layer that gives each feature of a batch mean 0 and variance 1.

N is the number of examples in the batch, D the number of features of one example. Results have the
dtype of x: float32 in, float32 out.

Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
internal covariate shift", ICML 2015, algorithms 1 and 2.
"""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """Output of a batch normalization layer.

    In train mode each feature is normalized by the mean and the variance of this batch, and these
    two are added to running averages. In test mode the running averages take their place, so the
    output of an example does not depend on the others in its batch.

        train:  μ = mean of x over the batch,  σ² = mean of (x - μ)² over the batch
                running_mean ← m running_mean + (1 - m) μ
                running_var  ← m running_var  + (1 - m) σ²
        test:   μ = running_mean,  σ² = running_var; neither is changed

        x̂ = (x - μ) / √(σ² + ε)
        out = gamma x̂ + beta

    σ² is divided by N, not by N - 1, for the output and for the running average. ε stands inside
    the square root: it is added to σ², not to the root. m is the share of the *old* average.

    - x: (N, D), a batch.
    - gamma: (D,), the scale of each feature.
    - beta: (D,), the shift of each feature.
    - bn_param: a dictionary, which is changed in place:
      - mode: "train" or "test"; required.
      - eps: ε, a small float that keeps the division finite; default 1e-5.
      - momentum: m, a float from 0 to 1; default 0.9.
      - running_mean, running_var: (D,), the running averages; both start at zero. After a call in
        train mode bn_param holds the new ones, of the dtype of x. What is stored there goes into
        the next call.

    Returns:
    - out: (N, D).
    - cache: in train mode whatever `batchnorm_backward` needs; in test mode anything.

    Raises ValueError for another mode. x, gamma and beta are not changed.
    """
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        # Normalize by this batch: assign the output to out, what the backward pass needs to cache,
        # and the new averages to running_mean and running_var.
        # YOUR CODE HERE: batchnorm_forward
        raise NotImplementedError("Copy your nndl/batchnorm.py of the homework batchnorm over this file.")
        # END YOUR CODE HERE
    elif mode == "test":
        # Normalize by the running averages: assign the output to out.
        # YOUR CODE HERE: batchnorm_forward
        raise NotImplementedError("Copy your nndl/batchnorm.py of the homework batchnorm over this file.")
        # END YOUR CODE HERE
    else:
        raise ValueError(f'bn_param["mode"] must be "train" or "test", it is {mode!r}.')

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """Gradients of a batch normalization layer in train mode.

    μ and σ² depend on x as well: a change of one example moves the whole batch. So dx has three
    parts, one by way of x - μ, one by way of μ and one by way of σ².

    - dout: (N, D), gradient with respect to the layer's output.
    - cache: from `batchnorm_forward`.

    Returns:
    - dx: (N, D).
    - dgamma: (D,).
    - dbeta: (D,).
    """
    dx, dgamma, dbeta = None, None, None
    # Compute dx, dgamma and dbeta. Draw the graph of the forward pass first and go backwards
    # through it, or work the formula out on paper. Leave dout as it is.
    # YOUR CODE HERE: batchnorm_backward
    raise NotImplementedError("Copy your nndl/batchnorm.py of the homework batchnorm over this file.")
    # END YOUR CODE HERE
    return dx, dgamma, dbeta
