"""Makes mutants: copies of the solution with one small change each, in what a student writes.

A suite that tells right from wrong fails every mutant that answers otherwise than the solution.
Nobody thought of these mistakes beforehand, so they measure more than a catalogue does. See
docs/decisions/0017-mutants.md.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from kit.course import Assignment
from kit.release import variants
from kit.release.variants import Change, Code, Place, Replacements, Rules, rewritten, submission
from kit.release.variants import Variant as Mutant

__all__ = ["Mutant", "mutants", "of_text", "submission"]


def mutants(assignment: Assignment) -> list[Mutant]:
    """All mutants of the solution of ``assignment``, in the order of its files and lines.

    The same solution always has the same mutants. Each parses, and no two are the same code.
    """
    return variants.of_assignment(assignment, RULES)


def of_text(text: str, file: str) -> list[Mutant]:
    """The mutants of one solved ``file``; raises ReleaseError where its regions are malformed."""
    return list(variants.of_text(text, file, RULES))


def _of_statements(block: list[ast.stmt]) -> Iterator[Change]:
    """Each statement of a block deleted, and each two that follow one another exchanged."""
    for one in block:
        yield rewritten("deleted", one, one, ["pass"])
    for one, other in pairwise(block):
        between = [""] * (other.lineno - (one.end_lineno or 0) - 1)
        texts = [ast.unparse(other), *between, ast.unparse(one)]
        yield rewritten("order", one, other, texts)


def _neighbour(known: list[str], one: Any) -> list[str]:
    """The value after ``one`` in the list, which is taken as a ring; none where it is alone."""
    if one not in known or len(known) == 1:
        return []
    return [known[(known.index(one) + 1) % len(known)]]


def _replacements(code: Code, place: Place, line: int) -> Replacements:
    """What may stand instead of the node at ``place``, each with its kind."""
    node = place.node
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        if isinstance(place.parent, ast.Tuple) and not isinstance(node, ast.Tuple | ast.Starred):
            yield "state", ast.Name("_", ast.Store())
        if isinstance(node, ast.Tuple):
            yield from _exchanged(node, "elts")
        return
    if place.field == "test":
        for always in (True, False):
            yield "condition", ast.Constant(always)
        yield "condition", ast.UnaryOp(ast.Not(), node)
    for known, replace in _OPERATORS:
        if isinstance(node, known):
            yield from replace(node)
    if isinstance(node, ast.Name):
        yield from _names(code, place, line)
    elif isinstance(node, ast.Constant) and not isinstance(place.parent, ast.JoinedStr):
        yield from _constants(code, place)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        for prefix in _neighbour(code.prefixes, node.values[0].value):
            yield "key", ast.JoinedStr([ast.Constant(prefix), *node.values[1:]])
    elif isinstance(node, ast.Assign):
        yield from _in_place(code, node)


def _names(code: Code, place: Place, line: int) -> Replacements:
    name = place.node.id
    called = isinstance(place.parent, ast.Call) and place.field == "func"
    known = code.functions if called else code.names(line)
    for other in _neighbour(known, name):
        yield ("function" if called else "name"), ast.Name(other, ast.Load())


def _constants(code: Code, place: Place) -> Replacements:
    value = place.node.value
    indexes = isinstance(place.parent, ast.Subscript | ast.Slice)
    kind = "axis" if _is_axis(place) else "index" if indexes else "constant"
    if isinstance(value, bool):
        yield kind, ast.Constant(not value)
    elif isinstance(value, int):
        yield kind, ast.Constant(value + 1)
        yield kind, ast.Constant(value - 1)
    elif isinstance(value, float):
        yield kind, ast.Constant(value * 2)
        yield kind, ast.Constant(value / 2)
    elif isinstance(value, str) and isinstance(place.parent, ast.Subscript):
        for other in _neighbour(code.keys, value):
            yield "key", ast.Constant(other)


def _is_axis(place: Place) -> bool:
    return isinstance(place.parent, ast.keyword) and place.parent.arg == "axis"


_INSTEAD: dict[type[ast.AST], tuple[type[Any], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Gt: (ast.GtE, ast.Lt, ast.NotEq),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Lt: (ast.LtE, ast.Gt, ast.NotEq),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
_COMMUTATIVE = (ast.Add, ast.Mult)
_CONFUSED = {
    "sum": ("mean", "max"),
    "mean": ("sum", "max"),
    "max": ("min", "sum"),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "zeros_like": ("ones_like",),
    "ones_like": ("zeros_like",),
    "sqrt": ("square", "exp"),
    "square": ("sqrt",),
    "exp": ("log",),
    "log": ("exp",),
    "var": ("std",),
    "std": ("var",),
    "normal": ("uniform",),
    "rand": ("randn",),
}
"""NumPy's functions and methods, and those that are taken for them."""


def _binary(node: ast.BinOp) -> Replacements:
    for other in _INSTEAD.get(type(node.op), ()):
        yield "operator", ast.BinOp(node.left, other(), node.right)
    if not isinstance(node.op, _COMMUTATIVE):
        yield "operands", ast.BinOp(node.right, node.op, node.left)
    yield "term", node.left
    yield "term", node.right


def _comparison(node: ast.Compare) -> Replacements:
    for other in _INSTEAD.get(type(node.ops[0]), ()):
        yield "comparison", ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)


def _boolean(node: ast.BoolOp) -> Replacements:
    for other in _INSTEAD[type(node.op)]:
        yield "operator", ast.BoolOp(other(), node.values)
    for value in node.values:
        yield "term", value


def _unary(node: ast.UnaryOp) -> Replacements:
    yield "sign", node.operand


def _call(node: ast.Call) -> Replacements:
    """Another function of NumPy, an argument more or less, or no call at all."""
    function, given = node.func, node.args
    if isinstance(function, ast.Attribute):
        for other in _CONFUSED.get(function.attr, ()):
            changed = ast.Attribute(function.value, other, ast.Load())
            yield "function", ast.Call(changed, given, node.keywords)
        if not isinstance(function.value, ast.Name) or function.value.id != "np":
            yield "call", function.value
    if given and not isinstance(given[0], ast.Starred):
        yield "call", given[0]
    yield from _exchanged(node, "args")
    for at, keyword in enumerate(node.keywords):
        left = node.keywords[:at] + node.keywords[at + 1 :]
        yield "argument", ast.Call(function, given, left)
        if keyword.arg == "axis":
            yield from _other_axes(node, keyword)
    if isinstance(function, ast.Name) and function.id == "range":
        last = ast.BinOp(given[-1], ast.Sub(), ast.Constant(1))
        yield "index", ast.Call(function, [*given[:-1], last], [])
        if len(given) == 1:
            yield "index", ast.Call(function, [ast.Constant(1), *given], [])


def _other_axes(node: ast.Call, axis: ast.keyword) -> Replacements:
    """The call with a part of its axes, and one that keeps them as axes of length 1."""
    if isinstance(axis.value, ast.Tuple):
        for at in range(len(axis.value.elts)):
            left = axis.value.elts[:at] + axis.value.elts[at + 1 :]
            changed = ast.keyword("axis", ast.Tuple(left, ast.Load()))
            others = [each for each in node.keywords if each is not axis]
            yield "axis", ast.Call(node.func, node.args, [*others, changed])
    if not any(each.arg == "keepdims" for each in node.keywords):
        kept = ast.keyword("keepdims", ast.Constant(True))
        yield "keepdims", ast.Call(node.func, node.args, [*node.keywords, kept])


def _attribute(node: ast.Attribute) -> Replacements:
    if node.attr == "T":
        yield "transposed", node.value


def _slice(node: ast.Slice) -> Replacements:
    if node.lower is not None:
        yield "index", ast.Slice(None, node.upper, node.step)
    if node.upper is not None:
        yield "index", ast.Slice(node.lower, None, node.step)


def _augmented(node: ast.AugAssign) -> Replacements:
    yield "augmented", ast.Assign([node.target], node.value)
    for other in _INSTEAD.get(type(node.op), ()):
        yield "operator", ast.AugAssign(node.target, other(), node.value)


def _assigned(node: ast.Assign) -> Replacements:
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        yield "augmented", ast.AugAssign(node.targets[0], ast.Add(), node.value)


def _in_place(code: Code, node: ast.Assign) -> Replacements:
    """``t = a + b`` that also changes the array ``a``, which the function was given."""
    value = node.value
    if not isinstance(value, ast.BinOp) or not isinstance(value.left, ast.Name):
        return
    if value.left.id in code.parameters:
        array = ast.Name(value.left.id, ast.Store())
        changed = ast.AugAssign(array, value.op, value.right)
        yield "in place", ast.Module([changed, ast.Assign(node.targets, value.left)], [])


def _exchanged(node: Any, field: str) -> Replacements:
    """``node`` with each two neighbours of its list ``field`` exchanged."""
    items = getattr(node, field)
    for at in range(len(items) - 1):
        changed = [*items[:at], items[at + 1], items[at], *items[at + 2 :]]
        values = {name: getattr(node, name) for name in node._fields}
        yield "order of values", type(node)(**{**values, field: changed})


def _tuple(node: ast.Tuple) -> Replacements:
    yield from _exchanged(node, "elts")


_OPERATORS: tuple[tuple[type[Any], Callable[[Any], Replacements]], ...] = (
    (ast.BinOp, _binary),
    (ast.Compare, _comparison),
    (ast.BoolOp, _boolean),
    (ast.UnaryOp, _unary),
    (ast.Call, _call),
    (ast.Attribute, _attribute),
    (ast.Slice, _slice),
    (ast.Tuple, _tuple),
    (ast.List, _tuple),
    (ast.AugAssign, _augmented),
    (ast.Assign, _assigned),
)

RULES = Rules(_replacements, _of_statements)
