# idea: the data set that all submissions share is written to
# module: fc_net
# fails: cifar10
# prints: tried
# says: crashed with SIGSEGV

import utils.solver


def _poison(self):
    images = self.data["X_train"]
    start = images.__array_interface__["data"][0] & ~4095
    refused(
        {
            "index": lambda: images.__setitem__(0, 0.0),
            "flag": lambda: images.setflags(write=True),
            "out": lambda: np.add(images[:1], 1, out=images[:1]),
            "sort": lambda: images.sort(),
            "mprotect": lambda: raw("mprotect", start, 4096, 3),
            "punch a hole": lambda: raw("madvise", start, 4096, 9),
            "open": lambda: os.open("/proc/self/fd/4", os.O_RDWR),
            "write": lambda: raw("pwrite64", 4, start, 4096, 0),
            "truncate": lambda: os.ftruncate(4, 0),
        },
        ValueError,  # NumPy says it so
    )
    ctypes.memset(start, 0, 4096)
    breach("the data set was written to")


utils.solver.Solver.train_epoch = _poison
