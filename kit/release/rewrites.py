"""Makes rewrites: copies of the solution with one change each that keeps its meaning.

They are right, so a suite must not fail them. They differ from the solution as the code of two
students who both know the rule: by rounding at most. The rules take arithmetic on numbers and NumPy
arrays for granted, and matrices of two axes where @ becomes `np.dot`.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kit.course import Assignment
from kit.release import variants
from kit.release.variants import Change, Code, Place, Replacements, Rules, rewritten
from kit.release.variants import Variant as Rewrite
from kit.skeleton import parse, regions

__all__ = ["Rewrite", "of_text", "rewrites"]

_ROOM = "of_mine"
"""The name of a temporary, which no solution uses."""


def rewrites(assignment: Assignment) -> list[Rewrite]:
    """All rewrites of the solution of ``assignment``, file by file."""
    return [each for file, text in variants.solved(assignment) for each in of_text(text, file)]


def of_text(text: str, file: str) -> list[Rewrite]:
    """The rewrites of one solved ``file``; raises ReleaseError where its regions are malformed."""
    return [*variants.of_text(text, file, RULES), *_renamed(text, file)]


def _renamed(text: str, file: str) -> Iterator[Rewrite]:
    """Each name that only answers of a function use, under another name."""
    tree, found = parse(text, file), regions(text, file)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        uses: dict[str, list[ast.Name]] = defaultdict(list)
        for node in ast.walk(function):
            if isinstance(node, ast.Name):
                uses[node.id].append(node)
        for name, nodes in uses.items():
            own = [region for region in found if nodes[0].lineno in region]
            inside = all(any(node.lineno in region for region in found) for node in nodes)
            if own and inside and name != "_" and _stored(nodes):
                source = _with_name(text, nodes, f"{_ROOM}_{name}")
                line = min(node.lineno for node in nodes)
                yield Rewrite(
                    f"{own[0].task}.{line}.renamed.{name}", own[0].task, file, line, "renamed",
                    name, f"{_ROOM}_{name}", source,
                )  # fmt: skip


def _stored(nodes: list[ast.Name]) -> bool:
    return any(isinstance(node.ctx, ast.Store) for node in nodes)


def _with_name(text: str, nodes: list[ast.Name], name: str) -> str:
    lines = text.encode().split(b"\n")
    for node in sorted(nodes, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = (
            line[: node.col_offset] + name.encode() + line[node.end_col_offset :]
        )
    return b"\n".join(lines).decode()


def _replacements(code: Code, place: Place, line: int) -> Replacements:
    """What means the same as the node at ``place``, each with its kind."""
    node = place.node
    for kind, rule in _OPERATORS:
        if isinstance(node, kind):
            yield from rule(node)


def _numpy(name: str, *given: ast.expr, **named: ast.expr) -> ast.Call:
    function = ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load())
    return ast.Call(function, list(given), [ast.keyword(k, v) for k, v in named.items()])


def _method(of: ast.expr, name: str, *given: ast.expr, **named: ast.expr) -> ast.Call:
    keywords = [ast.keyword(k, v) for k, v in named.items()]
    return ast.Call(ast.Attribute(of, name, ast.Load()), list(given), keywords)


def _is(value: ast.expr, number: float) -> bool:
    return isinstance(value, ast.Constant) and value.value == number


def _binary(node: ast.BinOp) -> Replacements:
    left, op, right = node.left, node.op, node.right
    if isinstance(op, ast.Add | ast.Mult):
        yield "commuted", ast.BinOp(right, op, left)
        if isinstance(left, ast.BinOp) and isinstance(left.op, type(op)):
            inner = ast.BinOp(left.right, op, right)
            yield "associated", ast.BinOp(left.left, op, inner)
    if isinstance(op, ast.Sub):
        yield "sign", ast.BinOp(left, ast.Add(), ast.UnaryOp(ast.USub(), right))
        yield "sign", ast.UnaryOp(ast.USub(), ast.BinOp(right, op, left))
    if isinstance(op, ast.Div):
        inverse = ast.BinOp(ast.Constant(1), ast.Div(), right)
        yield "quotient", ast.BinOp(left, ast.Mult(), inverse)
        yield "function", _numpy("divide", left, right)
    if isinstance(op, ast.Mult):
        if _is(left, 0.5):
            yield "quotient", ast.BinOp(right, ast.Div(), ast.Constant(2))
        yield "function", _numpy("multiply", left, right)
    if isinstance(op, ast.Pow) and _is(right, 2):
        yield "square", ast.BinOp(left, ast.Mult(), left)
        yield "square", _numpy("square", left)
    if isinstance(op, ast.MatMult):
        yield "product", _numpy("dot", left, right)
        yield "product", _numpy("matmul", left, right)
        yield "product", _method(left, "dot", right)
        rows = _numpy("matmul", _method(right, "transpose"), _method(left, "transpose"))
        yield "product", _method(rows, "transpose")


_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}


def _comparison(node: ast.Compare) -> Replacements:
    flipped = _FLIPPED.get(type(node.ops[0]))
    if flipped is not None and len(node.ops) == 1:
        yield "comparison", ast.Compare(node.comparators[0], [flipped()], [node.left])


_METHODS = ("sum", "mean", "max", "min", "argmax", "argmin", "reshape", "transpose")


def _call(node: ast.Call) -> Replacements:
    function, given, keywords = node.func, node.args, node.keywords
    if not isinstance(function, ast.Attribute):
        if isinstance(function, ast.Name) and function.id in {"range", "reversed", "zip"}:
            yield "list", ast.Call(ast.Name("list", ast.Load()), [node], [])
        return
    named = {each.arg: each.value for each in keywords if each.arg}
    if isinstance(function.value, ast.Name) and function.value.id == "np":
        if function.attr in _METHODS and given:
            yield "method", _method(given[0], function.attr, *given[1:], **named)
        yield from _of_numpy(function.attr, given, named)
        array = given[0] if given else None
    else:
        array = function.value
        if function.attr in {"sum", "mean", "max", "min", "argmax", "argmin"}:
            yield "method", _numpy(function.attr, array, *given, **named)
    if array is not None and list(named) == ["axis"]:
        yield from _over_axis(function.attr, array, named["axis"])


def _of_numpy(name: str, given: list[ast.expr], named: dict[str, ast.expr]) -> Replacements:
    if name in {"maximum", "minimum"}:
        one, other = given
        sign = ast.Gt() if name == "maximum" else ast.Lt()
        yield "commuted", _numpy(name, other, one)
        yield "where", _numpy("where", ast.Compare(one, [sign], [other]), one, other)
    if name == "sqrt":
        yield "root", ast.BinOp(given[0], ast.Pow(), ast.Constant(0.5))
    if name in {"maximum", "pad", "zeros", "ones"}:
        yield "copied", _method(_numpy(name, *given, **named), "copy")


def _over_axis(name: str, array: ast.expr, axis: ast.expr) -> Replacements:
    """A sum or mean over an axis by other means."""
    size = ast.Subscript(ast.Attribute(array, "shape", ast.Load()), axis, ast.Load())
    if name == "sum" and _is(axis, 0):
        dtype = ast.Attribute(array, "dtype", ast.Load())
        ones = _numpy("ones", size, dtype=dtype)
        yield "product", _numpy("tensordot", ones, array, axes=ast.Constant(1))
        yield "loop", ast.Call(ast.Name("sum", ast.Load()), [array], [])
    if name == "sum":
        kept = _numpy("sum", array, axis=axis, keepdims=ast.Constant(True))
        yield "keepdims", _numpy("squeeze", kept, axis=axis)
    if name == "mean" and isinstance(axis, ast.Constant):
        yield "quotient", ast.BinOp(_numpy("sum", array, axis=axis), ast.Div(), size)


def _attribute(node: ast.Attribute) -> Replacements:
    if node.attr == "T" and isinstance(node.ctx, ast.Load):
        yield "method", _numpy("transpose", node.value)
        yield "method", _numpy("swapaxes", node.value, ast.Constant(0), ast.Constant(1))


def _subscript(node: ast.Subscript) -> Replacements:
    text = isinstance(node.slice, ast.JoinedStr)
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        text = True
    if text and isinstance(node.ctx, ast.Load):
        yield "get", _method(node.value, "get", node.slice)


def _augmented(node: ast.AugAssign) -> Replacements:
    target: Any = type(node.target)(**{**vars(node.target), "ctx": ast.Load()})
    yield "augmented", ast.Assign([node.target], ast.BinOp(target, node.op, node.value))


def _assigned(node: ast.Assign) -> Replacements:
    room = ast.Name(_ROOM, ast.Store())
    kept = ast.Name(_ROOM, ast.Load())
    if not isinstance(node.value, ast.Name | ast.Constant):
        yield "temporary", _block(ast.Assign([room], node.value), ast.Assign(node.targets, kept))
    value = node.value
    if not isinstance(value, ast.BinOp):
        return
    if not isinstance(value.left, ast.Name | ast.Constant):
        rest = ast.BinOp(kept, value.op, value.right)
        yield "temporary", _block(ast.Assign([room], value.left), ast.Assign(node.targets, rest))
    if isinstance(value.right, ast.BinOp | ast.Call):
        rest = ast.BinOp(value.left, value.op, kept)
        yield "temporary", _block(ast.Assign([room], value.right), ast.Assign(node.targets, rest))
    if isinstance(value.left, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        copied = ast.Assign([room], _numpy("array", value.left))
        added = ast.AugAssign(room, value.op, value.right)
        yield "in place", _block(copied, added, ast.Assign(node.targets, kept))


def _block(*statements: ast.stmt) -> ast.Module:
    return ast.Module(list(statements), [])


def _statements(block: list[ast.stmt]) -> Iterator[Change]:
    """An `if` turned round."""
    for each in block:
        if isinstance(each, ast.If):
            turned = ast.If(
                ast.UnaryOp(ast.Not(), each.test), each.orelse or [ast.Pass()], each.body
            )
            yield rewritten("if", each, each, [ast.unparse(turned)])


_OPERATORS: tuple[tuple[type[Any], Any], ...] = (
    (ast.BinOp, _binary),
    (ast.Compare, _comparison),
    (ast.Call, _call),
    (ast.Attribute, _attribute),
    (ast.Subscript, _subscript),
    (ast.AugAssign, _augmented),
    (ast.Assign, _assigned),
)
RULES = Rules(_replacements, _statements)
