"""Imports a submission from memory, and only what was loaded before the confinement besides.

``SubmissionFinder`` stands first in line, so an installed package that happens to have the name of
a student's package is never graded in its place. ``StrayFinder`` stands last: a top-level import of
a package that isn't here (editors insert such lines) yields a stand-in that fails when it is used,
so that it costs only what needs it.
"""

from __future__ import annotations

import ast
import importlib
import linecache
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

import numpy

PRELOADED = (
    "abc argparse array ast base64 bisect builtins calendar cmath codecs collections.abc colorsys "
    "contextlib copy csv ctypes dataclasses datetime decimal difflib enum fractions functools gc "
    "getpass glob hashlib heapq html importlib inspect io itertools json keyword linecache locale "
    "logging math numbers operator os os.path pathlib pickle platform pprint queue random re "
    "reprlib secrets shutil signal statistics string struct sys tempfile textwrap threading time "
    "timeit tokenize traceback types typing unicodedata unittest uuid warnings weakref zlib "
    "encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 encodings.utf_16 "
    "encodings.utf_8_sig __future__ "
    "numpy numpy.fft numpy.lib.stride_tricks numpy.linalg numpy.ma numpy.matlib numpy.polynomial "
    "numpy.random numpy.testing numpy.typing"
).split()
"""What a submission may import: loaded in the warm parent, since no file can be opened later."""


def preload() -> None:
    """Load all of PRELOADED (some of it warns that it is old: that is not a student's concern)."""
    # `from numpy import *` asks for f2py, which nobody needs here and which takes as long as NumPy
    vars(numpy)["f2py"] = sys.modules["numpy.f2py"] = ModuleType("numpy.f2py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            importlib.import_module(name)


class Absent:
    """What a name from a missing package stands for: any use says which package is missing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _use(self, *_: Any, **__: Any) -> NoReturn:
        raise ModuleNotFoundError(
            f"{self._name!r} was imported, but that package is not available when your code is "
            "graded: only NumPy and the standard library are."
        )

    __call__ = __getitem__ = __iter__ = __len__ = __bool__ = __add__ = __enter__ = _use

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")


class SubmissionFinder(MetaPathFinder, Loader):
    """Finds modules among the sources that were sent: ``{"nndl/optim.py": b"..."}``."""

    def __init__(self, sources: Mapping[str, bytes], stray: StrayFinder) -> None:
        self.sources = sources
        self.stray = stray

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of ``fullname`` where the submission has it."""
        stem = fullname.replace(".", "/")
        for name in (f"{stem}/__init__.py", f"{stem}.py"):
            if name in self.sources:
                return self._spec(fullname, name, name.endswith("__init__.py"))
        if any(name.startswith(f"{stem}/") for name in self.sources):
            return self._spec(fullname, "", is_package=True)
        return None

    def _spec(self, fullname: str, name: str, is_package: bool) -> ModuleSpec:
        return ModuleSpec(fullname, self, origin=name, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Compile and run the module's source."""
        assert module.__spec__ is not None
        name = module.__spec__.origin or ""
        if not name:  # a folder without __init__.py
            return
        module.__file__ = name
        source = self.sources[name]
        code = compile(source, name, "exec", dont_inherit=True)
        self.stray.unread.append(source)
        lines = source.decode("utf-8", "replace").splitlines(keepends=True)
        linecache.cache[name] = (len(source), None, lines, name)
        exec(code, module.__dict__)  # noqa: S102 - running the submission is what this process is for


class StrayFinder(MetaPathFinder, Loader):
    """Gives an empty stand-in for packages that a module imports at its top level, unguarded."""

    def __init__(self) -> None:
        self.unread: list[bytes] = []
        """Sources of loaded modules whose imports are not in ``names`` yet: few need it."""
        self.names: set[str] = set()

    def _read(self, source: bytes) -> None:
        """Remember what ``source`` imports outside of any ``try``, function or class."""
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import):
                self.names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                self.names.add(node.module.partition(".")[0])

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A stand-in for ``fullname`` if one of the modules wants it and nobody has it."""
        top = fullname.partition(".")[0]
        if top in sys.stdlib_module_names or top in _SHIPPED:
            return None
        while self.unread:
            self._read(self.unread.pop())
        if top not in self.names:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        """Let every name of the stand-in be an Absent."""
        name = module.__name__

        def absent(attribute: str) -> Absent:
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            return Absent(f"{name}.{attribute}")

        module.__dict__["__getattr__"] = absent
        module.__dict__["__all__"] = []


_SHIPPED = {"numpy", "kit"}


def install(sources: Mapping[str, bytes]) -> None:
    """Make ``sources`` importable, before anything else of the same name."""
    stray = StrayFinder()
    sys.meta_path[:] = [SubmissionFinder(sources, stray), *sys.meta_path, stray]
    sys.path[:] = []
