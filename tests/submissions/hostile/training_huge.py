# idea: parameters of other precisions, some as large as they can be
# module: fc_net
# fails: cifar10
# says: After 5 epochs

import utils.solver


def _huge(self):
    params = self.model.params
    params["b1"] = np.full(params["b1"].shape, np.finfo(float).max)
    params["W3"] = np.full(params["W3"].shape, 65504.0, np.float16)


utils.solver.Solver.train_epoch = _huge
