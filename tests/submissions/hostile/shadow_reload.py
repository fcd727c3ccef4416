# idea: the wire is loaded anew, and the start-up files of Python are asked for
# fails: none
# prints: tried

import importlib
import sys
from functools import partial

FILES = {"sitecustomize", "usercustomize"}

refused(
    {
        "wire": lambda: importlib.reload(sys.modules["kit.sandbox.wire"]),
        "serve": lambda: importlib.reload(sys.modules["kit.sandbox.worker.serve"]),
        "numpy": lambda: importlib.reload(np.linalg),
        # Debian's Python has loaded one of its own
        **{name: partial(importlib.import_module, name) for name in FILES - sys.modules.keys()},
    },
    ImportError,
)
