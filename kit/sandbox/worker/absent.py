"""Stands in for modules that can't be imported in a worker, so that an import alone costs nothing.

Editors insert imports, and starter files carry imports that nobody uses. Such an import gets a
stand-in. The stand-in fails when it is used, with a sentence that says what to do. If the student's
code is prepared for a failure (``try: import x`` ... ``except ImportError:``), the import fails.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from types import FrameType, SimpleNamespace
from typing import Any, NoReturn

_USES = (
    "call getitem setitem delitem setattr delattr iter next reversed len contains bool hash "
    "eq ne lt le gt ge neg pos abs invert int float complex index round trunc floor ceil "
    "str repr format bytes fspath array enter exit aenter aexit aiter anext await "
    "instancecheck subclasscheck mro_entries"
).split()
_OPERATORS = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and or xor".split()
_GUARDS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Absent:
    """Stands for the missing module or name ``name``; ``reason`` says why it is missing.

    An attribute of a stand-in is a stand-in, too; every other use raises ModuleNotFoundError.
    """

    __slots__ = ("_name", "_reason")
    __all__ = ()
    _name: str
    _reason: str

    def __init__(self, name: str, reason: str) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_reason", reason)

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__") and name != "__version__":  # Python itself asks for it
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}", self._reason)


def use(absent: Absent, *_: Any, **__: Any) -> NoReturn:
    """Raise the error for any use of ``absent``."""
    raise ModuleNotFoundError(
        f"{absent._name!r} can't be used while your code is graded: {absent._reason}"
    )


for _use in [*_USES, *(side + name for name in _OPERATORS for side in ("", "r", "i"))]:
    setattr(Absent, f"__{_use}__", use)


class Importer:
    """Replaces ``__import__``: imports as usual, and gives a stand-in if that fails.

    Only imports in ``sources``, the files of the submission, get stand-ins. ``packages`` are the
    modules that the assignment allows besides NumPy.
    """

    def __init__(self, sources: Mapping[str, bytes], packages: Sequence[str] = ()) -> None:
        self._import = builtins.__import__
        self._sources = sources
        self._packages = packages
        self._guarded: dict[str, set[int]] = {}
        self._starred: dict[str, str] = {}

    def __call__(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """The module for ``import name`` or, with ``fromlist``, for ``from name import ...``."""
        frame, names = sys._getframe(1), fromlist or ()
        try:
            module = self._import(name, globals, locals, names, level)
        except ModuleNotFoundError as error:
            full, missing = _full(name, globals, level), error.name or ""
            if not f"{full}.".startswith(f"{missing}.") or not self._is_open(frame):
                raise
            if names:
                if "*" in names:
                    self._starred[frame.f_code.co_filename] = full
                return self.absent(full, missing)
            return self._top(missing)
        if names and frame.f_code.co_filename in self._sources:
            return self._completed(module, names, frame)
        return module

    def hint(self, file: str) -> str:
        """The possible source of a name that ``file`` doesn't define; empty if there is none."""
        name = self._starred.get(file)
        return f"If it is one of {name!r}: {self._reason(name)}" if name else ""

    def absent(self, name: str, missing: str) -> Absent:
        """A stand-in for ``name``, because ``missing`` can't be imported."""
        return Absent(name, self._reason(missing))

    def _top(self, missing: str) -> Any:
        """The top-level package for ``import a.b.c``, with a stand-in for ``missing`` inside."""
        package, _, last = missing.rpartition(".")
        if not package:
            return self.absent(missing, missing)
        setattr(sys.modules[package], last, self.absent(missing, missing))
        return sys.modules[missing.partition(".")[0]]

    def _completed(self, module: Any, names: Sequence[str], frame: FrameType) -> Any:
        """``module``, or if it lacks some of ``names``, a namespace with all of them.

        A name that a file of the submission does not define stays an ordinary Python error.
        """
        full = {each: f"{module.__name__}.{each}" for each in names if each != "*"}
        absent = {
            each: self.absent(name, name)
            for each, name in full.items()
            if name not in sys.modules and not hasattr(module, each)
        }
        is_file = getattr(module, "__file__", None) in self._sources
        if not absent or (is_file and not hasattr(module, "__path__")) or not self._is_open(frame):
            return module
        held = {each: getattr(module, each, sys.modules.get(full[each])) for each in full}
        return SimpleNamespace(**held | absent)

    def _is_open(self, frame: FrameType) -> bool:
        """Whether ``frame`` is in a line of the submission that handles no failing import."""
        file = frame.f_code.co_filename
        if file not in self._sources:
            return False
        if file not in self._guarded:
            source = self._sources[file]
            may_guard = b"try" in source or b"suppress" in source  # parsing takes a while
            self._guarded[file] = set(_guarded_lines(ast.parse(source))) if may_guard else set()
        return frame.f_lineno not in self._guarded[file]

    def _reason(self, missing: str) -> str:
        """A sentence that says why ``missing`` can't be imported and what to do."""
        top, _, inner = missing.partition(".")
        if inner and any(file.startswith(f"{top}/") for file in self._sources):
            return f"{missing.replace('.', '/')}.py was not handed in, or not read."
        owner = "Python {}.{}.{}".format(*sys.version_info)
        if top not in sys.stdlib_module_names:
            owner = f"{top} {getattr(sys.modules.get(top), '__version__', '')}".strip()
        if inner and top in sys.modules:
            return (
                f"{owner} has no such name, or does not load it for grading. Write this line "
                "without it."
            )
        if top in sys.stdlib_module_names:
            return f"{owner} does not load {top!r} for grading. Write this line without it."
        for file in self._sources:
            if PurePosixPath(file).stem == top:
                return f"import {file[:-3].replace('/', '.')!r}, not {top!r}."
        there = ", ".join(["NumPy", *self._packages])
        return f"only {there} and the standard library are available. Write this line without it."


def _full(name: str, globals: Mapping[str, Any] | None, level: int) -> str:
    """The absolute name of an imported module, which may be given relative to a package."""
    package = (globals or {}).get("__package__") or ""
    return importlib.util.resolve_name("." * level + name, package) if level else name


def _guarded_lines(node: ast.AST, guarded: bool = False) -> Iterator[int]:
    """The lines of those imports below ``node`` whose failure the surrounding code catches."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from range(node.lineno, (node.end_lineno or node.lineno) + 1) if guarded else ()
        return
    body: list[ast.stmt] = []
    if isinstance(node, ast.Try | ast.TryStar):
        body = node.body if any(_catches(each.type) for each in node.handlers) else []
    elif isinstance(node, ast.With):
        body = node.body if any(_suppresses(each.context_expr) for each in node.items) else []
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        guarded = False  # code around a definition does not guard its body
    for child in ast.iter_child_nodes(node):
        yield from _guarded_lines(child, guarded or child in body)


def _catches(kind: ast.expr | None) -> bool:
    """Whether ``except kind`` catches a failing import."""
    if isinstance(kind, ast.Tuple):
        return any(_catches(each) for each in kind.elts)
    return kind is None or ast.unparse(kind).rpartition(".")[2] in _GUARDS


def _suppresses(context: ast.expr) -> bool:
    return (
        isinstance(context, ast.Call)
        and ast.unparse(context.func).endswith("suppress")
        and any(_catches(each) for each in context.args)
    )
