# idea: the import statement itself is replaced, and NumPy with it for whoever imports it next
# module: layers
# fails: none
# prints: hooked

import builtins
import importlib
import sys
import types

_real = builtins.__import__


def _import(name, *arguments, **named):
    return types.ModuleType(name) if name == "kit.sandbox.tester" else _real(name, *arguments, **named)


builtins.__import__ = importlib.__import__ = _import
sys.modules["pytest"] = types.ModuleType("pytest")
print("hooked", flush=True)
