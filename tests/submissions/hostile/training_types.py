# idea: parameters of complex numbers, which have no order
# module: fc_net
# fails: cifar10
# says: must be an array

import utils.solver


def _complex(self):
    self.model.params = {k: v.astype(complex) for k, v in self.model.params.items()}


utils.solver.Solver.train_epoch = _complex
