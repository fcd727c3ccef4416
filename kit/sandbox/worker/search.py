"""Looks for functions in a submission's texts by syntax alone, without running them.

This module is sent to a worker of its own, like a submission, because crafted text can make a
parser take all time and memory, or crash. It needs only the standard library.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Named = tuple[int, int, Scope]
"""The distance of a name, the number of its text, and the function or class itself."""

CLOSE = 0.87
"""How alike two names must be to be near: `acuracy` is near `accuracy`;
`mean_loss` is not near `loss`."""
_SHELL = re.compile(r"(\s*)(?:[%!?]|\w+\s*=\s*[%!]|[\w.]+\?+\s*$)")
"""A line that IPython can read and Python can't."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def find(
    wanted: Sequence[Mapping[str, Any]],
    texts: Sequence[Any],
    cells: int,
    given: Sequence[str],
) -> dict[str, Any]:
    """Search ``texts`` for the unwritten functions and classes in ``wanted``.

    A text is an array of bytes; the last ``cells`` texts are notebook cells. Each entry of
    ``wanted`` has a ``name``, the number of its own text ``home`` (or None), and the bounds
    ``least`` and ``most`` of its number of arguments (or None). ``given`` are the assignment's own
    names, which never count as near. Returns ``found``: the number of the ``wanted`` entry, the
    ``text``, and the ``name`` and ``line`` there. Also returns ``code``: the imports, functions and
    classes of a text, by its number. The code of all cells is under the number of the first cell.
    """
    first = len(texts) - cells
    parsed = [_parsed(text.tobytes(), number >= first) for number, text in enumerate(texts)]
    ours = {_plain(name) for name in given}
    found, used = [], set()
    for number, each in enumerate(wanted):
        home = each["home"]
        if home is not None and _is_written(parsed[home], each["name"]):
            continue
        best = _best(each, parsed, first, ours)
        if best is not None:
            _, text, node = best
            found.append({"wanted": number, "text": text, "name": node.name, "line": node.lineno})
            used.add(min(text, first))
    return {"found": found, "code": {str(text): _code(parsed, text, first) for text in used}}


def _parsed(text: bytes, is_cell: bool) -> ast.Module | None:
    """The syntax tree of ``text``; None if it can't be parsed."""
    for source in (text, _without_shell(text)) if is_cell else (text,):
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _without_shell(cell: bytes) -> str:
    lines = cell.decode("utf-8", "replace").splitlines()
    if lines and lines[0].startswith("%%"):
        lines[0] = ""
    return "\n".join(f"{shell[1]}pass" if (shell := _SHELL.match(line)) else line for line in lines)


def _scopes(module: ast.Module | None) -> list[Scope]:
    return [] if module is None else [node for node in module.body if isinstance(node, Scope)]


def _is_written(module: ast.Module | None, name: str) -> bool:
    """Whether ``name`` is more than a stub.

    A module that can't be parsed counts as written. So does a name that is assigned or imported.
    """
    if module is None:
        return True
    own = [node for node in _scopes(module) if node.name == name]
    if own:
        return not _is_stub(own[-1])
    lines = [node for node in module.body if not isinstance(node, Scope)]
    names = {
        each.id
        for node in lines
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    imported = {
        alias.asname or alias.name
        for node in lines
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return name in names | imported


def _is_stub(scope: Scope) -> bool:
    """Whether there is nothing in it, or something that still says that it is not implemented."""
    if any(isinstance(node, ast.Raise) and _says_so(node.exc) for node in ast.walk(scope)):
        return True
    return all(
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in scope.body
    )


def _says_so(raised: ast.expr | None) -> bool:
    kind = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(kind, ast.Name) and kind.id == "NotImplementedError"


def _best(
    wanted: Mapping[str, Any],
    parsed: Sequence[ast.Module | None],
    first: int,
    ours: set[str],
) -> Named | None:
    """The most likely match: the nearest name, then the first text.

    Of two matches in the same text the last one wins. In a notebook the last of all cells wins,
    because the last definition counts there.
    """
    found: list[Named] = []
    for number, module in enumerate(parsed):
        for scope in _scopes(module):
            off = _off(wanted, scope, ours)
            if (
                off is None
                or _is_stub(scope)
                or (number == wanted["home"] and scope.name == wanted["name"])
            ):
                continue
            found.append((off, number, scope))

    def order(each: Named) -> tuple[int, ...]:
        off, number, scope = each
        return off, min(number, first), -number, -scope.lineno

    return min(found, key=order, default=None)


def _off(wanted: Mapping[str, Any], scope: Scope, ours: set[str]) -> int | None:
    """The distance of a name, from 0; None if it is another name, or the assignment's own."""
    name = wanted["name"]
    if scope.name == name:
        return 0
    if _plain(scope.name) == _plain(name):
        return 1
    if _plain(scope.name) in ours or not _takes_as_much(scope, wanted["least"], wanted["most"]):
        return None
    if _holds(_words(scope.name), _plain(name)):
        return 2
    alike = SequenceMatcher(None, _plain(scope.name), _plain(name), autojunk=False).ratio()
    return 3 if alike >= CLOSE else None


def _takes_as_much(scope: Scope, least: int | None, most: int | None) -> bool:
    """Whether ``scope`` can be called with the number of arguments that is wanted."""
    if isinstance(scope, ast.ClassDef) or least is None or most is None:
        return isinstance(scope, ast.ClassDef) or least is None
    own = len(scope.args.posonlyargs) + len(scope.args.args)
    needed = own - len(scope.args.defaults)
    return needed <= most and (own >= least or scope.args.vararg is not None)


def _plain(name: str) -> str:
    return name[:200].replace("_", "").lower()


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name[:200])]


def _holds(words: Sequence[str], name: str) -> bool:
    """Whether consecutive ``words``, joined, are ``name``."""
    ends = range(len(words) + 1)
    return any("".join(words[begin:end]) == name for begin in ends for end in ends[begin:])


def _code(parsed: Sequence[ast.Module | None], number: int, first: int) -> str:
    modules = parsed[number:] if number == first else [parsed[number]]
    body = [node for module in modules for node in _kept(module)]
    try:
        return ast.unparse(ast.Module(body=body, type_ignores=[]))
    except RecursionError:
        return ""


def _kept(module: ast.Module | None) -> Iterator[ast.stmt]:
    """The parts of a module that a function may need: imports, functions, classes, constants."""
    body: Iterable[ast.stmt] = [] if module is None else module.body
    for node in body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if (isinstance(node, ast.Import | ast.ImportFrom | Scope) and not future) or constant:
            yield node
