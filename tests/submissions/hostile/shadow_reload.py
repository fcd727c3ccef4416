# idea: the wire is loaded anew, and the start-up files of Python are asked for
# fails: none
# prints: tried

import importlib
import sys

refused(
    {
        "wire": lambda: importlib.reload(sys.modules["kit.sandbox.wire"]),
        "serve": lambda: importlib.reload(sys.modules["kit.sandbox.worker.serve"]),
        "numpy": lambda: importlib.reload(np.linalg),
        "sitecustomize": lambda: importlib.import_module("sitecustomize"),
    },
    ImportError,
)
