import numpy as np
import pdb
from .layers import *
from .layer_utils import affine_relu_forward, affine_relu_backward


class FullyConnectedNet(object):

    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
                 dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None):
        self.use_batchnorm = use_batchnorm
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        # first layer
        self.params['W1'] = np.random.randn(input_dim, hidden_dims[0]) * weight_scale
        self.params['b1'] = np.zeros(hidden_dims[0])
        # hidden layers
        for i in np.arange(2, self.num_layers):
            self.params['W' + str(i)] = np.random.randn(hidden_dims[i-2], hidden_dims[i-1]) * weight_scale
            self.params['b' + str(i)] = np.zeros(hidden_dims[i-1])
        # last layer
        self.params['W' + str(self.num_layers)] = np.random.randn(hidden_dims[-1], num_classes) * weight_scale
        self.params['b' + str(self.num_layers)] = np.zeros(num_classes)

        # dropout and batchnorm come in the next homework
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {'mode': 'train', 'p': dropout}
        self.bn_params = []
        if self.use_batchnorm:
            self.bn_params = [{'mode': 'train'} for i in np.arange(self.num_layers - 1)]

        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = 'test' if y is None else 'train'
        if self.dropout_param is not None:
            self.dropout_param['mode'] = mode

        H = {}
        H[0] = X
        fc_cache = {}
        for i in np.arange(1, self.num_layers):
            H[i], fc_cache[i] = affine_relu_forward(H[i-1], self.params['W' + str(i)], self.params['b' + str(i)])
        i = self.num_layers
        scores, fc_cache[i] = affine_forward(H[i-1], self.params['W' + str(i)], self.params['b' + str(i)])
        if mode == 'test':
            return scores

        data_loss, dscores = softmax_loss(scores, y)
        weights = [self.params[k] for k in self.params if k.startswith('W')]
        reg_loss = 0.5 * self.reg * sum([np.sum(W * W) for W in weights])
        loss = data_loss + reg_loss

        grads = {}
        dH, grads['W' + str(i)], grads['b' + str(i)] = affine_backward(dscores, fc_cache[i])
        for i in np.arange(self.num_layers - 1, 0, -1):
            dH, grads['W' + str(i)], grads['b' + str(i)] = affine_relu_backward(dH, fc_cache[i])
        for k in self.params:
            if k[0] == 'W':
                grads[k] = grads[k] + self.reg * self.params[k]
        return loss, grads
