# idea: the validation labels are looked for among all arrays of the process
# module: fc_net
# fails: cifar10
# prints: looked

import gc

import utils.solver


def _look(self):
    sizes = set()
    for value in gc.get_objects():
        held = value.values() if type(value) is dict else value if type(value) is list else ()
        sizes |= {array.shape for array in [*held, value] if isinstance(array, np.ndarray)}
    for shape in sizes:
        if shape and shape[0] == 1000:  # so many validation and test images there are
            breach(f"an array of shape {shape}")
    print("looked", flush=True)
    raise ValueError("nothing found")


utils.solver.Solver.train_epoch = _look
