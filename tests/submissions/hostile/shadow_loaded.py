# idea: the modules that the worker itself uses are replaced among the loaded ones
# fails: none
# prints: replaced

import sys
import types

for _name in ("kit.sandbox.wire", "kit.sandbox.worker.serve", "kit.sandbox.worker.modules", "json", "socket", "struct"):
    sys.modules[_name] = types.ModuleType(_name)
print("replaced", flush=True)
