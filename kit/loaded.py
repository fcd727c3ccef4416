"""Loads what each process that grades needs, once, in the process from which they are forked."""

import gc
from importlib import import_module

gc.disable()  # what is loaded stays: to search it for garbage, again and again, takes time
for name in ("importlib.metadata", "numpy.random", "kit.grading", "kit.pool"):
    import_module(name)
gc.freeze()
gc.enable()
