"""Takes the functions of a task out of a hand-in's text, without what only its author would write.

This module is sent to a worker of its own, because crafted text can make a parser take all time and
memory, or crash. It needs only the standard library, and runs nothing of the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
"""A word of a name: `old_w2` has old, w and 2."""
NUMBER, TEXT = "NUMBER", "TEXT"
"""Stand for a number and a text that may name somebody."""
_DIGITS = 4
"""A number of more digits may be somebody's."""
_LONGEST = 8000
"""The most characters of one function."""
_HOPS = 2
"""Over so many imports and other names a function is followed."""
_HELPERS = 6
"""The most functions of the student's own that are shown with the task's."""


def words(name: str) -> list[str]:
    """The words of which a name or a text is made, in lower case."""
    return [word.lower() for word in WORD.findall(name)]


def take(
    files: Mapping[str, Any],
    wanted: Sequence[tuple[str, str]],
    ours: Collection[str],
    known: str,
) -> list[str]:
    """The texts of the ``wanted`` functions, each given by its file and qualified name.

    ``files`` are arrays of bytes by name. After the functions come those of the student's own that
    they call; ``ours`` are the names that students are asked to write, which are not among these.
    Comments, docstrings and prints are left out. A text or a number stays if the words in it are
    ``known`` (separated by spaces).
    """
    vocabulary = frozenset(known.split())
    modules = {name: _parsed(text.tobytes()) for name, text in files.items()}
    found: dict[int, Scope] = {}
    for file, name in wanted:
        node = _defined(modules, file, name.split("."))
        if node is not None:
            found[id(node)] = node
    wanted_ones = list(found.values())
    for node in wanted_ones:
        for helper in _helpers(node, modules, ours):
            if len(found) < len(wanted_ones) + _HELPERS:
                found[id(helper)] = helper
    return [_told(node, vocabulary) for node in found.values()]


def _parsed(text: bytes) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _defined(modules: Mapping[str, ast.Module], file: str, path: list[str]) -> Scope | None:
    """What the dotted name ``path`` means in ``file``, else in any other file that has it."""
    for name in [file, *(each for each in modules if each != file)]:
        bound = _bound(modules, modules.get(name), path[0])
        if bound is not None:
            node: ast.AST | None = bound
            for part in path[1:]:
                inside = [each for each in _scopes(bound) if each.name == part]
                node = inside[-1] if inside else None
            return node if isinstance(node, Scope) else None
    return None


def _bound(
    modules: Mapping[str, ast.Module], module: ast.Module | None, name: str, hops: int = _HOPS
) -> ast.AST | None:
    """What ``name`` is at the end of ``module``; None if it is nothing there.

    It is a function or a class, by whatever other name, or else the statement that gives it a value
    that can't be told from the text.
    """
    found: ast.AST | None = None
    for node in [] if module is None else _statements(module):
        if _gives(node, name):
            found = node
        elif isinstance(node, ast.ImportFrom) and hops:
            real = [each.name for each in node.names if (each.asname or each.name) == name]
            others = [each for each in modules.values() if real and each is not module]
            known = [_bound(modules, each, real[0], hops - 1) for each in others]
            found = next((each for each in known if each is not None), found)
    if isinstance(found, ast.Assign) and isinstance(found.value, ast.Name) and hops:
        known_as = found.value.id
        return _bound(modules, module, known_as, hops - 1) if known_as != name else found
    return found


def _gives(node: ast.stmt, name: str) -> bool:
    """Whether a statement defines ``name`` or gives it a value."""
    if isinstance(node, Scope):
        return node.name == name
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(each, ast.Name) and each.id == name for each in targets)


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements of ``node``, also those below an if or a try, but not those of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler) and not isinstance(child, Scope):
            yield from _statements(child)


def _scopes(node: ast.AST) -> Iterator[Scope]:
    """The functions and classes that ``node`` defines."""
    yield from (each for each in _statements(node) if isinstance(each, Scope))


def _helpers(
    node: Scope, modules: Mapping[str, ast.Module], ours: Collection[str]
) -> Iterator[Scope]:
    """The student's own functions that ``node`` names, and those that these name."""
    outer = [each for module in modules.values() for each in _scopes(module)]
    methods = [each for kind in outer if isinstance(kind, ast.ClassDef) for each in _scopes(kind)]
    by_name = {each.name: each for each in [*methods, *outer] if each.name not in ours}
    waiting, seen = [node], {id(node)}
    while waiting:
        for each in ast.walk(waiting.pop(0)):
            name = getattr(each, "id", getattr(each, "attr", None))
            helper = by_name.get(name) if isinstance(name, str) else None
            if helper is not None and id(helper) not in seen:
                seen.add(id(helper))
                waiting.append(helper)
                yield helper


def _told(node: Scope, known: frozenset[str]) -> str:
    text = ast.unparse(ast.fix_missing_locations(_Nameless(known).visit(node)))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n..."


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


class _Nameless(ast.NodeTransformer):
    """Leaves out docstrings and prints, and texts and numbers that may name somebody."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, Scope | ast.For | ast.While | ast.If | ast.With) and not node.body:
            node.body = [ast.Pass()]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        value = node.value
        prints = isinstance(value, ast.Call) and ast.unparse(value.func) in {"print", "pprint"}
        if isinstance(value, ast.Constant | ast.JoinedStr) or prints:
            return None
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        if not all(self._is_plain(each.value) for each in node.values if _is_text(each)):
            return ast.Name(TEXT)
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                each.value = self.visit(each.value)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value = node.value
        if isinstance(value, bytes):
            return ast.Name(TEXT)
        if isinstance(value, str):
            return node if self._is_plain(value) else ast.Name(TEXT)
        if isinstance(value, int | float | complex) and not isinstance(value, bool):
            digits = re.sub(r"e.*|\D", "", repr(value)).strip("0")
            if len(digits) > _DIGITS and repr(value) not in self._known:
                return ast.Name(NUMBER)
        return node

    def _is_plain(self, text: Any) -> bool:
        return all(word in self._known or len(word) == 1 for word in words(str(text)))
