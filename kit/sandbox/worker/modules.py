"""Imports a submission from memory, and only what was loaded before the confinement besides.

``SubmissionFinder`` stands first in line, so an installed package that happens to have the name of
a student's package is never graded in its place. Behind it nothing looks on the disk. Whatever else
the student's code imports gets a stand-in (``kit.sandbox.worker.absent``).
"""

from __future__ import annotations

import builtins
import importlib
import linecache
import pkgutil
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from types import ModuleType, TracebackType

import numpy

from kit.sandbox.worker.absent import Importer, use

PRELOADED = (
    "abc argparse array ast base64 bisect builtins calendar cmath codecs collections.abc colorsys "
    "concurrent.futures contextlib copy cProfile csv ctypes dataclasses datetime decimal difflib "
    "enum errno fractions functools gc getpass glob graphlib hashlib heapq html importlib inspect "
    "io itertools json keyword linecache locale logging math numbers operator os os.path pathlib "
    "pickle platform pprint pstats queue random re reprlib secrets shutil signal statistics string "
    "struct sys tempfile textwrap threading time timeit tokenize traceback tracemalloc types "
    "typing unicodedata unittest uuid warnings weakref zlib __future__"
).split()
"""The modules of the standard library that a student may use, as docs/students.md lists them."""
BEHIND = (
    "_strptime encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 encodings.utf_16 "
    "encodings.utf_8_sig"
).split()
"""What those load only when it is needed, which is then too late."""
NUMPY = (
    "numpy numpy.core numpy.fft numpy.lib numpy.lib.recfunctions numpy.lib.stride_tricks "
    "numpy.linalg numpy.ma numpy.matlib numpy.polynomial numpy.random numpy.testing numpy.typing"
).split()


def preload(packages: Iterable[str] = ()) -> None:
    """Load what a submission may import, since no file can be opened later.

    ``packages`` are the modules that the assignment allows besides; ModuleNotFoundError is raised
    where one of them is not installed. Some of all this warns that it is old: that is not a
    student's concern.
    """
    # `from numpy import *` asks for f2py, which nobody needs here and which takes as long as NumPy
    vars(numpy)["f2py"] = sys.modules["numpy.f2py"] = ModuleType("numpy.f2py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in [*PRELOADED, *BEHIND, *NUMPY, *packages]:
            importlib.import_module(name)
        core = sys.modules["numpy.core"]  # what NumPy 1 had there NumPy 2 still finds
        for module in pkgutil.iter_modules(core.__path__, "numpy.core."):
            importlib.import_module(module.name)


class SubmissionFinder(MetaPathFinder, Loader):
    """Finds modules among the sources that were sent: ``{"nndl/losses.py": b"..."}``."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.sources = sources
        self._folders = set()
        for name in sources:
            parts = name.split("/")[:-1]
            self._folders |= {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
        self._failed: dict[str, BaseException] = {}
        self._raised: dict[int, TracebackType | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of ``fullname`` where the submission has it."""
        stem = fullname.replace(".", "/")
        for name in (f"{stem}/__init__.py", f"{stem}.py"):
            if name in self.sources:
                return ModuleSpec(
                    fullname, self, origin=name, is_package=name.endswith("__init__.py")
                )
        if stem in self._folders:  # without __init__.py
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Compile and run the module's source; once only, also where it fails."""
        assert module.__spec__ is not None
        name = module.__spec__.name
        if name in self._failed:
            self.settle(self._failed[name])
            raise self._failed[name]
        try:
            self._run(module, module.__spec__.origin)
        except BaseException as error:
            self._failed[name] = error
            # the first module that it ends is the one to blame
            self._raised.setdefault(id(error), error.__traceback__)
            raise

    def _run(self, module: ModuleType, name: str | None) -> None:
        if name is None:
            return
        module.__file__ = name
        source = self.sources[name]
        code = compile(source, name, "exec", dont_inherit=True)
        lines = source.decode("utf-8", "replace").splitlines(keepends=True)
        linecache.cache[name] = (len(source), None, lines, name)
        exec(code, module.__dict__)  # noqa: S102 - running the submission is what this process is for

    def settle(self, error: BaseException) -> None:
        """Give ``error`` the traceback with which it came out of the module to blame, if any."""
        if id(error) in self._raised:
            error.__traceback__ = self._raised[id(error)]


class Imports:
    """Makes ``sources`` importable, before anything else of the same name.

    They are the files of a submission and those that we provide; ``packages`` are what the
    assignment allows besides NumPy. From then on nothing but what was preloaded can be imported.
    """

    def __init__(self, sources: Mapping[str, bytes], packages: Sequence[str] = ()) -> None:
        self._finder = SubmissionFinder(sources)
        self._importer = Importer(sources, packages)
        sys.meta_path[:] = [self._finder, BuiltinImporter, FrozenImporter]
        sys.path[:] = []
        builtins.__import__ = self._importer
        sys.breakpointhook = partial(use, self._importer.absent("breakpoint", "pdb"))

    def settle(self, error: BaseException) -> None:
        """Let an error that ended an import read the same, whichever way the module is reached."""
        self._finder.settle(error)

    def hint(self, error: BaseException) -> str:
        """What its imports have to do with a name that a file doesn't know; empty for others."""
        trace = error.__traceback__
        if type(error) is not NameError or trace is None:
            return ""
        while trace.tb_next is not None:
            trace = trace.tb_next
        return self._importer.hint(trace.tb_frame.f_code.co_filename)
