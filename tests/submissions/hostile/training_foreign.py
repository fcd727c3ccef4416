# idea: the parameters are views of memory that isn't theirs: the training images
# module: fc_net
# fails: cifar10
# says: After 5 epochs

import utils.solver


def _foreign(self):
    images = self.data["X_train"].reshape(-1)
    for name, value in self.model.params.items():
        self.model.params[name] = images[: value.size].reshape(value.shape)


utils.solver.Solver.train_epoch = _foreign
