"""What a student's module may import, and what becomes of an import that can't be had."""

from __future__ import annotations

import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kit import provided
from kit.checks.student import Student
from kit.course import Assignment, CourseError
from kit.grading.grader import Grader
from kit.sandbox.faults import StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.worker import modules
from tests.support.course import ROOT, submission, write_course
from tests.support.processes import PATIENCE
from tests.support.results import task_of

Make = Callable[..., Student]

STRAY = [
    "import pdb",
    "from ftplib import B_CRLF",
    "from numpy.core.arrayprint import dtype_is_implied",
    "from numpy.core.umath_tests import inner1d",
    "from numpy.lib.arraysetops import isin, no_such_name",
    "from numpy import NaN, float_",
    "from collections import Iterable",
    "from builtins import range, object",
    "from future_builtins import zip",
    "from __future__ import print_function",
    "from past.builtins import xrange",
    "import regex, fsspec, pyrsistent, imageio, six",
    "import matplotlib.pyplot as plt",
    "import torch.nn.functional as F",
    "from torch import nn",
    "from scipy.special import *",
    "import xml.etree.ElementTree as ET",
    "import numpy.lib.nothing.at_all",
    "from nndl.conv_layers import *",
    "from .fast_layers import conv_forward",
    "from . import conv_layers",
    "if True:\n    import tkinter",
    "def g():\n    import cupy\ng()",
    "class A:\n    from PIL import Image",
]
GUARDED = [
    "try:\n    import cupy as found\nexcept ImportError:\n    found = 'other'",
    "try:\n    from pdb import Pdb as found\nexcept (NameError, ModuleNotFoundError):\n"
    "    found = 'other'",
    "try:\n    from numpy import NaN as found\nexcept Exception:\n    found = 'other'",
    "try:\n    import torch.nn as found\nexcept:\n    found = 'other'",
    "try:\n    import nndl.missing as found\nexcept ImportError:\n    found = 'other'",
    "from contextlib import suppress\nfound = 'other'\nwith suppress(ImportError):\n"
    "    import torch as found",
    "found = 'other'\ntry:\n    if found:\n        import torch as found\nexcept ImportError: pass",
]
USES = {
    "called": "x()",
    "subscripted": "x[0]",
    "iterated": "list(x)",
    "unpacked": "a, b = x",
    "compared": "x == 1",
    "ordered": "1 < x",
    "added": "1 + x",
    "multiplied by an array": "np.ones(2) * x",
    "divided in place": "y = np.ones(2); y /= x",
    "made an array": "np.array(x)",
    "put into an array": "np.array([1.0, x])",
    "measured": "len(x)",
    "taken as a condition": "1 if x else 0",
    "formatted": "f'{x:.2f}'",
    "printed": "print(x)",
    "a class to be an instance of": "isinstance(1, x)",
    "a base class": "type('A', (object,), {}); exec('class A(x): pass', {'x': x})",
    "a decorator": "exec('@x\\ndef g(): pass', {'x': x})",
    "entered": "exec('with x: pass', {'x': x})",
    "given a value": "x.seed = 1",
    "given an item": "x['a'] = 1",
    "returned": "return x",
    "returned among others": "return 1, {'a': x}",
    "its version printed": "print(x.__version__)",
    "as an index": "[1, 2][x]",
    "as a number": "float(x)",
    "a key": "{x: 1}",
}


def fault_of(student: Student, function: str = "f", module: str = "work") -> StudentFault:
    with pytest.raises(StudentFault) as caught:
        getattr(getattr(student, module), function)()
    return caught.value


class TestStandIns:
    """An import costs nothing; what it names fails when it is used, and not before."""

    @pytest.mark.parametrize("line", STRAY)
    def test_a_stray_import_costs_nothing(self, student: Make, line: str) -> None:
        assert student(f"{line}\ndef f(): return 1").work.f() == 1

    def test_every_module_of_the_standard_library_can_be_imported(self, student: Make) -> None:
        # Debian builds private modules such as _elementtree into Python, and they import others
        private = {name for name in sys.stdlib_module_names if name.startswith("_")}
        names = sorted(sys.stdlib_module_names - private | {"__future__"})
        lines = "\n".join(f"import {name}" for name in names)
        work = student(
            f"{lines}\ndef f():\n"
            f"    return [n for n in {names} if type(globals()[n]) is types.ModuleType]"
        )
        real = set(work.work.f())
        assert {name.partition(".")[0] for name in modules.PRELOADED} <= real
        assert {"pdb", "tkinter", "sqlite3", "multiprocessing", "asyncio"} & real == set()

    def test_every_module_of_numpy_can_be_imported(self, student: Make) -> None:
        names = [found.name for found in pkgutil.walk_packages(np.__path__, "numpy.", str)]
        names = [name for name in names if all(part.isidentifier() for part in name.split("."))]
        assert len(names) > 100
        lines = "\n".join(f"import {name}\nfrom {name} import anything" for name in names)
        assert student(f"{lines}\ndef f(): return 1").work.f() == 1

    @pytest.mark.parametrize(
        "line",
        [
            "import math, random, copy, time, os, sys, json, pickle, cProfile, unittest",
            "from numpy.core.fromnumeric import mean, shape\nfrom numpy.core.numeric import zeros",
            "import numpy.linalg as la\nfrom numpy.lib.recfunctions import append_fields",
            "from collections.abc import Iterable\nfrom builtins import range",
            "from concurrent.futures import Future",
        ],
    )
    def test_what_can_be_had_is_no_stand_in(self, student: Make, line: str) -> None:
        work = student(f"{line}\ndef f(): return [type(x).__name__ for x in globals().values()]")
        assert "Absent" not in work.work.f()

    @pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
    @pytest.mark.parametrize("line", ["import torch as x", "from pdb import x"])
    def test_every_use_is_told_in_one_sentence(self, student: Make, line: str, use: str) -> None:
        work = student(f"{line}\nimport numpy as np\ndef f():\n    {use}")
        fault = fault_of(work)
        assert fault.error is not None
        assert fault.error["type"] == "ModuleNotFoundError"
        assert "can't be used while your code is graded" in str(fault)
        if "return" not in use:
            assert "(nndl/work.py, line 4)" in str(fault) or "<string>" in str(fault)

    @pytest.mark.parametrize(
        ("line", "use", "sentence"),
        [
            (
                "import torch.nn as nn",
                "nn.Linear(3, 4)",
                "Your `f` raised ModuleNotFoundError: 'torch.nn.Linear' can't be used while your "
                "code is graded: only NumPy and the standard library are available. Write this "
                "line without it. (nndl/work.py, line 2)",
            ),
            (
                "import pdb",
                "pdb.set_trace()",
                "does not load 'pdb' for grading. Write this line without",
            ),
            ("", "breakpoint()", "does not load 'pdb' for grading. Write this line without it."),
            ("from numpy import NaN", "NaN + 1", f"numpy {np.__version__} has no such name"),
            ("from collections import Iterable", "Iterable()", "'collections.Iterable' can't be"),
            (
                "from nndl.conv_layers import conv",
                "conv(1)",
                "'nndl.conv_layers.conv' can't be used while your code is graded: "
                "nndl/conv_layers.py was not handed in, or not read. (nndl/work.py",
            ),
            ("from work import g", "g()", "import 'nndl.work', not 'work'."),
            (
                "from scipy.special import *",
                "expit(0)",
                "name 'expit' is not defined. If it is one of 'scipy.special': only NumPy and",
            ),
        ],
    )
    def test_the_sentence_says_what_to_do(
        self, student: Make, line: str, use: str, sentence: str
    ) -> None:
        assert sentence in str(fault_of(student(f"{line}\ndef f(): {use}")))

    def test_a_use_at_import_is_told_as_well(self, student: Make) -> None:
        for text in ("@x.jit\ndef f(): pass", "class A(x.Module): pass", "x.use('Agg')"):
            fault = fault_of(student(f"import numpy as np\nimport numba as x\n{text}"))
            assert "can't be used" in str(fault)
            assert "(nndl/work.py, line 3)" in str(fault)

    def test_an_annotation_is_no_use(self, student: Make) -> None:
        work = student(
            "import torch\ndef f(x: torch.Tensor = None, y: int = 1) -> torch.Tensor: return y"
        )
        assert work.work.f() == 1

    @pytest.mark.parametrize("text", GUARDED)
    def test_a_guarded_import_takes_its_other_way(self, student: Make, text: str) -> None:
        assert student(f"{text}\ndef f(): return found").work.f() == "other"

    def test_a_guard_holds_whatever_was_imported_before(self, student: Make) -> None:
        work = student(f"import cupy\n{GUARDED[0]}\ndef f(): return found")
        assert work.work.f() == "other"

    def test_the_other_way_may_be_absent_too(self, student: Make) -> None:
        text = "try:\n    import cupy as np\nexcept ImportError:\n    import jax.numpy as np"
        work = student(f"{text}\ndef f(): return 1\ndef g(): return np.zeros(3)")
        assert work.work.f() == 1
        assert "'jax.numpy.zeros'" in str(fault_of(work, "g"))

    def test_a_function_in_a_guard_is_not_guarded(self, student: Make) -> None:
        work = student("try:\n    def f():\n        import torch\n        return 1\nexcept: pass")
        assert work.work.f() == 1

    def test_what_a_file_does_not_define_stays_an_error(self, student: Make) -> None:
        work = student("from nndl.other import nothing\ndef f(): return 1", other="x = 1")
        assert "cannot import name 'nothing' from 'nndl.other'" in str(fault_of(work))

    def test_nothing_is_loaded_from_the_disk(self) -> None:
        """Not even where nothing forbids to open files, as in this process."""
        program = (
            "import sys\nfrom kit.sandbox.worker import modules\nmodules.preload()\n"
            "modules.Imports({'w.py': b'import pdb, json.tool, xml.dom'})\nimport w\n"
            "print({'pdb', 'json.tool', 'xml.dom'} & set(sys.modules))\n"
        )
        run = subprocess.run(
            [sys.executable, "-I", "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        assert run.stdout == "set()\n"


class TestFailures:
    """A module that can't be imported is run once, and says the same each time."""

    BROKEN = "print('ran')\nimport numpy as np\nx = np.zros(3)\ndef f(): pass\ndef g(): pass"

    def test_the_module_is_run_once(self, warm_parent: WarmParent) -> None:
        session = Session({"nndl/work.py": self.BROKEN.encode()}, warm_parent)
        for name in "fgfg":
            fault_of(Student(session), name)
        session.close()
        assert bytes(session.output) == b"ran\n"

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            (BROKEN, "AttributeError"),
            ("def f(:", "SyntaxError"),
            ("def g():\n    return 1 / 0\ng()", "ZeroDivisionError"),
            ("import sys\nsys.exit()", "SystemExit"),
            ("raise ImportError('no')", "ImportError"),
        ],
    )
    def test_every_way_to_it_says_the_same(self, student: Make, text: str, kind: str) -> None:
        others = {
            "middle": "from nndl.work import *\ndef f(): return 1",
            "top": "def f():\n    from nndl.middle import f\n    return f()",
        }
        work = student(text, **others)
        found = [fault_of(work, "f", each).error for each in ["top", "work", "middle"] * 2]
        assert found[0] is not None
        assert found[0]["type"] == kind
        assert found == [found[0]] * len(found)
        assert {frame["file"] for frame in found[0]["trace"]} == {"nndl/work.py"}

    def test_another_module_is_not_concerned(self, student: Make) -> None:
        work = student(self.BROKEN, other="def f(): return 1")
        fault_of(work)
        assert work.other.f() == 1


class TestPackages:
    """What an assignment allows besides NumPy is loaded beforehand."""

    USES_YAML = "import yaml\ndef double(x): return yaml.safe_load('2') * x\n"

    @pytest.fixture
    def course(self, tmp_path: Path) -> Callable[..., Assignment]:
        def make(packages: object) -> Assignment:
            assignment = write_course(tmp_path)
            document = json.loads(assignment.notebook.read_text())
            document["metadata"] = {"kit": {"packages": packages}}
            assignment.notebook.write_text(json.dumps(document))
            return assignment

        return make

    def test_an_allowed_package_can_be_used(self, course: Callable[..., Assignment]) -> None:
        with Grader(course(["yaml"])) as grader:
            task = task_of(grader.grade(submission(self.USES_YAML)).as_dict(), "double")
        assert task["status"] == "passed"

    def test_another_assignment_does_not_allow_it(self, grader: Grader) -> None:
        task = task_of(grader.grade(submission(self.USES_YAML)).as_dict(), "double")
        assert "'yaml.safe_load' can't be used" in task["checks"][0]["message"]

    def test_the_sentence_names_what_is_allowed(self, course: Callable[..., Assignment]) -> None:
        with Grader(course(["yaml"])) as grader:
            result = grader.grade(
                submission("import torch\ndef double(x): return torch.ones(1)")
            ).as_dict()
        message = task_of(result, "double")["checks"][0]["message"]
        assert "only NumPy, yaml and the standard library are available" in message

    def test_a_package_that_is_not_installed_is_a_fault_of_the_course(
        self, course: Callable[..., Assignment]
    ) -> None:
        with pytest.raises(CourseError, match=r"lets submissions import no_such\.package"):
            Grader(course(["no_such.package"]))

    @pytest.mark.parametrize("packages", ["scipy", [1], ["a b"], {"scipy": 1}, [""]])
    def test_a_list_that_is_none_is_refused(
        self, course: Callable[..., Assignment], packages: object
    ) -> None:
        with pytest.raises(CourseError, match="must be a list of modules"):
            _ = course(packages).packages


class TestDocumentation:
    def test_students_are_told_what_is_there(self) -> None:
        text = " ".join((ROOT / "docs/students.md").read_text().split())
        listed = re.search(r"These modules of the standard library are there: (.*?)\.", text)
        assert listed
        names = {name.partition(".")[0] for name in modules.PRELOADED}
        assert re.findall(r"`(\w+)`", listed[1]) == sorted(names, key=str.lower)


@pytest.mark.parametrize("name", ["optimization", "batchnorm", "cnn"])
def test_whatever_is_given_can_be_imported_where_it_is_graded(
    warm_parent: WarmParent, name: str
) -> None:
    """Students import it in their files, for a try, and forget it there."""
    assignment = Assignment(ROOT, name)
    given = {each: provided.content(assignment, each) for each in assignment.provided_modules}
    packages = [each for each in given if "/" in each]  # not nbgrader's settings
    names = [each.removesuffix(".py").replace("/", ".") for each in packages]
    lines = "".join(f"import {each}\n" for each in names if not each.endswith("__init__"))
    session = Session({**given, "work.py": f"{lines}def f(): return 1\n".encode()}, warm_parent)
    assert Student(session).work.f() == 1
    session.close()
