# idea: numbers that are slow to compute with, so that the tester's own forward pass takes long
# module: fc_net
# fails: cifar10
# says: After 5 epochs

import utils.solver


def _subnormal(self):
    for value in self.model.params.values():
        value[...] = 1e-40


utils.solver.Solver.train_epoch = _subnormal
