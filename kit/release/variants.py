"""Changes a solved file in one place at a time, in what a student writes: the machinery.

``mutants`` says which changes make a mistake, ``rewrites`` which keep the meaning.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from kit.course import Assignment, files_below
from kit.intake.submission import Submission
from kit.skeleton import Region, parse, regions

Replacements = Iterator[tuple[str, ast.AST]]
"""What may stand instead of a node, each with its kind."""


@dataclass(frozen=True)
class Variant:
    """The solution of ``task`` with one change in ``file``, whose whole text is ``source``.

    ``kind`` says what was changed (an operator, a name, ...). ``before`` and ``after`` are the
    changed code, which begins at ``line`` (counted from 1); lines keep their numbers.
    """

    id: str
    task: str
    file: str
    line: int
    kind: str
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class Rules:
    """What may be changed: a node at a place and line, and a block of statements."""

    replacements: Callable[[Code, Place, int], Replacements]
    statements: Callable[[list[ast.stmt]], Iterator[Change]]


def of_assignment(assignment: Assignment, rules: Rules) -> list[Variant]:
    """All variants of the solution of ``assignment``, in the order of its files and lines."""
    return [each for file, text in solved(assignment) for each in of_text(text, file, rules)]


def solved(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """The Python files of the solution, with their texts."""
    for file in files_below(assignment.solutions):
        if file.endswith(".py"):
            yield file, (assignment.solutions / file).read_text("utf-8")


def submission(assignment: Assignment, variant: Variant) -> Submission:
    """The solution with ``variant``, as if somebody had handed it in; named by the variant's id."""
    files = {path: assignment.written[path].read_bytes() for path in assignment.student_files}
    return Submission(variant.id, {**files, variant.file: variant.source.encode()})


def of_text(text: str, file: str, rules: Rules) -> Iterator[Variant]:
    """The variants of one solved ``file``; raises ReleaseError where its regions are malformed."""
    tree = parse(text, file)
    for number, region in enumerate(regions(text, file)):
        seen = {_code_of(text, region)}
        numbers: dict[tuple[int, str], int] = {}
        for change in _changes(tree, region, rules):
            source = change.carried_out(text)
            try:
                code = _code_of(source, regions(source, file)[number])
            except SyntaxError:
                continue
            if code in seen:
                continue
            seen.add(code)
            place = (change.first, change.kind)
            numbers[place] = numbers.get(place, 0) + 1
            name = f"{region.task}.{change.first}.{change.kind}.{numbers[place]}"
            yield Variant(
                name, region.task, file, change.first, change.kind,
                change.before, change.after, source,
            )  # fmt: skip


def _code_of(source: str, region: Region) -> str:
    """The code of a region as text that does not depend on how it is written."""
    lines = source.split("\n")[region.begin : region.end - 1]
    return ast.dump(ast.parse(dedent("\n".join(lines))))


@dataclass(frozen=True)
class Change:
    """New ``text`` for what begins at line ``first``, column ``left`` (in bytes), and its end."""

    kind: str
    first: int
    left: int
    last: int
    right: int
    before: str
    after: str
    text: str

    def carried_out(self, source: str) -> str:
        """``source`` with the change; the lines after it keep their numbers."""
        lines = source.encode().split(b"\n")
        begin, end = lines[self.first - 1][: self.left], lines[self.last - 1][self.right :]
        lost = self.last - self.first - self.text.count("\n")
        new = (begin + self.text.encode() + end).split(b"\n") + [b""] * lost
        return b"\n".join([*lines[: self.first - 1], *new, *lines[self.last :]]).decode()


@dataclass
class Place:
    """Where a node stands in its parent: in a field, or at a position of a field's list."""

    parent: ast.AST
    field: str
    position: int | None = None

    @property
    def node(self) -> Any:
        value = getattr(self.parent, self.field)
        return value if self.position is None else value[self.position]

    @node.setter
    def node(self, new: ast.AST) -> None:
        if self.position is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.position] = new

    def inside(self) -> Iterator[Place]:
        """This place and all below it."""
        yield self
        for parent in ast.walk(self.node):
            yield from _children(parent)


def _children(parent: ast.AST) -> Iterator[Place]:
    for field, value in ast.iter_fields(parent):
        if isinstance(value, ast.AST):
            yield Place(parent, field)
        elif isinstance(value, list):
            for position, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield Place(parent, field, position)


def _changes(tree: ast.Module, region: Region, rules: Rules) -> Iterator[Change]:
    """Every change in ``region``, from its first line to its last."""
    code = Code(tree, region)
    found: list[Change] = []
    for parent in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list):
                held = [at for at, each in enumerate(block) if each.lineno in region]
                for at in held:
                    found += _in_unit(code, rules, Place(parent, field, at))
                found += rules.statements([block[at] for at in held])
    yield from sorted(found, key=lambda change: change.first)


def _in_unit(code: Code, rules: Rules, place: Place) -> Iterator[Change]:
    """The changes within one statement: of all of it if it is simple, else of its header."""
    statement = place.node
    headers = [name for name in ("test", "iter") if hasattr(statement, name)]
    if hasattr(statement, "body") and not headers:
        return
    for unit in [Place(statement, name) for name in headers] or [place]:
        old = unit.node
        before = ast.unparse(old)
        for inner in unit.inside():
            node = inner.node
            for kind, new in rules.replacements(code, inner, statement.lineno):
                inner.node = new
                after = ast.unparse(ast.fix_missing_locations(unit.node))
                inner.node = node
                text = after.replace("\n", "\n" + " " * statement.col_offset)
                yield Change(
                    kind, old.lineno, old.col_offset, old.end_lineno, old.end_col_offset,
                    before, after, text,
                )  # fmt: skip


def rewritten(kind: str, one: ast.stmt, last: ast.stmt, texts: list[str]) -> Change:
    indent = "\n" + " " * one.col_offset
    text = "\n".join(texts).replace("\n", indent)
    before = ast.unparse(one) if one is last else f"{ast.unparse(one)}\n{ast.unparse(last)}"
    after = "\n".join(text for text in texts if text)
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    return Change(
        kind, one.lineno, one.col_offset, last.end_lineno, last.end_col_offset, before, after, text
    )


class Code:
    """What the code around a region holds that can be confused: names, keys, called functions."""

    def __init__(self, tree: ast.Module, region: Region) -> None:
        inside = [node for node in ast.walk(tree) if getattr(node, "lineno", 0) in region]
        functions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and node.lineno < region.begin <= (node.end_lineno or 0)
        ]
        function = max(functions, key=lambda node: node.lineno)
        self.functions = unique(
            node.func.id
            for node in inside
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if not hasattr(builtins, node.func.id)
        )
        self.keys = unique(
            node.slice.value
            for node in inside
            if isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        )
        self.prefixes = unique(
            node.values[0].value
            for node in inside
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
        )
        self.parameters = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
        self._assigned: dict[str, int] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                first = self._assigned.get(node.id, node.lineno)
                self._assigned[node.id] = min(first, node.lineno)
        self._used = {node.id for node in inside if isinstance(node, ast.Name)}

    def names(self, line: int) -> list[str]:
        """The names that hold a value before ``line``."""
        known = [
            name
            for name, first in sorted(self._assigned.items(), key=lambda item: item[1])
            if first < line
        ]
        names = unique([*self.parameters, *known])
        return [each for each in names if each in self._used and each not in {"self", "_"}]


def unique(values: Any) -> list[str]:
    return list(dict.fromkeys(values))
