# idea: the solver is replaced by one that claims to have reached everything
# module: fc_net
# fails: cifar10
# says: `params` must be a dictionary

import utils.solver


def _boast(self):
    self.best_val_acc, self.val_acc_history = 1.0, [1.0]
    self.model.params = {}


utils.solver.Solver.train_epoch = _boast
