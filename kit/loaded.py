"""Loads what each process that grades needs, once, in the process from which they are forked."""

import gc

gc.disable()  # what is loaded stays: to search it for garbage, again and again, takes time

import importlib.metadata  # noqa: E402, F401

import numpy.random  # noqa: E402, F401

import kit.grading  # noqa: E402
import kit.pool  # noqa: E402, F401

gc.freeze()
gc.enable()
