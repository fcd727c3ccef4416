import pdb
import numpy as np

'''
hw4: update rules
'''

def sgd(w, dw, config=None):
	if config is None: config = {}
	config.setdefault('learning_rate', 1e-2)
	w -= config['learning_rate'] * dw
	return w, config

def sgd_momentum(w, dw, config=None):
	if config is None: config = {}
	config.setdefault('learning_rate', 1e-2); config.setdefault('momentum', 0.9)
	config.setdefault('velocity', np.zeros_like(w))
	mu = config['momentum']
	# YOUR CODE HERE
	config['velocity'] = mu*config['velocity'] - config['learning_rate']*dw
	next_w = w + config['velocity']
	# END YOUR CODE HERE
	return next_w, config

def sgd_nesterov_momentum(w, dw, config=None):
	if config is None: config = {}
	config.setdefault('learning_rate', 1e-2); config.setdefault('momentum', 0.9)
	config.setdefault('velocity', np.zeros_like(w))
	mu = config['momentum']
	# YOUR CODE HERE
	old = config['velocity']
	new = mu*old - config['learning_rate']*dw
	config['velocity'] = new
	next_w = w + (1 + mu)*new - mu*old
	# END YOUR CODE HERE
	return next_w, config

def rmsprop(w, dw, config=None):
	if config is None: config = {}
	config.setdefault('learning_rate', 1e-2); config.setdefault('decay_rate', 0.99)
	config.setdefault('epsilon', 1e-8); config.setdefault('a', np.zeros_like(w))
	# YOUR CODE HERE
	beta = config['decay_rate']
	config['a'] = beta*config['a'] + (1 - beta)*dw*dw
	next_w = w - config['learning_rate']*dw/(config['a']**0.5 + config['epsilon'])
	# END YOUR CODE HERE
	return next_w, config

def adam(w, dw, config=None):
	if config is None: config = {}
	config.setdefault('learning_rate', 1e-3); config.setdefault('epsilon', 1e-8)
	config.setdefault('beta1', 0.9); config.setdefault('beta2', 0.999)
	config.setdefault('v', np.zeros_like(w)); config.setdefault('a', np.zeros_like(w))
	config.setdefault('t', 0)
	# YOUR CODE HERE
	b1, b2 = config['beta1'], config['beta2']
	config['v'] = b1*config['v'] + (1 - b1)*dw
	config['a'] = b2*config['a'] + (1 - b2)*dw**2
	next_w = w - config['learning_rate']*config['v']/(config['a']**0.5 + config['epsilon'])
	# END YOUR CODE HERE
	return next_w, config
