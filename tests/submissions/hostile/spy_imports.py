# idea: the tester's own modules, the suites and the oracle are imported
# fails: none
# prints: tried

import importlib
import sys

_NAMES = "kit.sandbox.tester kit.checks.expect kit.grading.grader kit.checks.plugin kit.course oracle conftest test_optim "
_NAMES += "pytest _pytest.config documented nbgrader kit.results sqlite3"
sys.path[:] = [ROOT, f"{ROOT}/autograder/optimization", f"{ROOT}/solutions/optimization"]
refused(
    {name: lambda name=name: importlib.import_module(name) for name in _NAMES.split()},
    ImportError,
)
if any(name.startswith(("kit.sandbox.tester", "pytest")) for name in sys.modules):
    breach("the tester is loaded here")
