"""Imports a submission from memory; other modules must be loaded before the confinement.

``SubmissionFinder`` comes first, so an installed package with the name of a student's package is
never graded in its place. No finder after it reads the disk. Any other import of the student's code
gets a stand-in (``kit.sandbox.worker.absent``).
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
"""Modules that the modules above load only when needed, which would be too late."""
NUMPY = (
    "numpy numpy.core numpy.fft numpy.lib numpy.lib.recfunctions numpy.lib.stride_tricks "
    "numpy.linalg numpy.ma numpy.matlib numpy.polynomial numpy.random numpy.testing numpy.typing"
).split()


def preload(packages: Iterable[str] = ()) -> None:
    """Load every module that a submission may import, because no file can be opened later.

    ``packages`` are further modules that the assignment allows; raises ModuleNotFoundError if one
    of them is not installed. Deprecation warnings of these modules are hidden, because they don't
    concern students.
    """
    # `from numpy import *` imports f2py, which nobody needs here, and which loads as long as NumPy
    vars(numpy)["f2py"] = sys.modules["numpy.f2py"] = ModuleType("numpy.f2py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in [*PRELOADED, *BEHIND, *NUMPY, *packages]:
            importlib.import_module(name)
        core = sys.modules["numpy.core"]  # NumPy 2 still offers NumPy 1's modules there
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
        """The spec of ``fullname``; None if the submission doesn't have it."""
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
        """Compile and run the module's source, only once, even if it fails."""
        assert module.__spec__ is not None
        name = module.__spec__.name
        if name in self._failed:
            self.settle(self._failed[name])
            raise self._failed[name]
        try:
            self._run(module, module.__spec__.origin)
        except BaseException as error:
            self._failed[name] = error
            # the first module that the error ends is to blame
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
        """Reset the traceback of ``error`` to the one from the module to blame, if any."""
        if id(error) in self._raised:
            error.__traceback__ = self._raised[id(error)]


class Imports:
    """Makes ``sources`` importable, before anything else of the same name.

    ``sources`` are the files of a submission and the provided files. ``packages`` are the modules
    that the assignment allows besides NumPy. From then on, only ``sources`` and preloaded modules
    can be imported.
    """

    def __init__(self, sources: Mapping[str, bytes], packages: Sequence[str] = ()) -> None:
        self._finder = SubmissionFinder(sources)
        self._importer = Importer(sources, packages)
        sys.meta_path[:] = [self._finder, BuiltinImporter, FrozenImporter]
        sys.path[:] = []
        builtins.__import__ = self._importer
        sys.breakpointhook = partial(use, self._importer.absent("breakpoint", "pdb"))

    def settle(self, error: BaseException) -> None:
        """Give an error that ended an import the same traceback on every way to the module."""
        self._finder.settle(error)

    def hint(self, error: BaseException) -> str:
        """A sentence on imports that may explain a NameError; empty for any other error."""
        trace = error.__traceback__
        if type(error) is not NameError or trace is None:
            return ""
        while trace.tb_next is not None:
            trace = trace.tb_next
        return self._importer.hint(trace.tb_frame.f_code.co_filename)
