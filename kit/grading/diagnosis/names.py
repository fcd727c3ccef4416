"""Reads off the solution what students call the parts of an answer."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any


def names(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For each function or method in solved files, by its own name, what it takes and returns.

    ``parameters`` are names in order, without ``self``; those of ``__init__`` go by the name of the
    class. ``returns`` has the names of the returned values, once for each number of values:
    ``return loss, grads`` gives ``["loss", "grads"]``. A value that has no name is left out with
    the others beside it. ``from`` has, for each part of an answer (`out`, `config["v"]`,
    `grads`), the other parts that the solution computes it from. The skeletons that students fill
    in have the same signatures and the same last lines.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = _of(node, 0)
            elif isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        name = node.name if method.name == "__init__" else method.name
                        found[name] = _of(method, 1)
    return found


def _of(function: ast.FunctionDef, bound: int) -> dict[str, Any]:
    parameters = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    returns = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            listed = [each.id for each in values if isinstance(each, ast.Name)]
            if len(listed) == len(values):
                returns[len(values)] = listed
    return {
        "parameters": parameters[bound:],
        "returns": list(returns.values()),
        "from": _Flow(function, returns.values()).read(),
    }


Sources = dict[str, frozenset[str]]
"""By a name in a function, the parts of the answer that its value was computed from."""


class _Flow:
    """Reads which parts of an answer a function computes from which others.

    Parts are the returned names and the keys that are stored in a returned dict or in a parameter.
    Where a name is stored as it is, ``state["total"] = total``, it is that part. What a part
    is computed from in one branch alone does not count.
    """

    def __init__(self, function: ast.FunctionDef, returns: Iterable[Sequence[str]]) -> None:
        self._body = function.body
        self._dicts = {each.arg for each in function.args.args}
        self._dicts |= {name for listed in returns for name in listed}
        self._known = {name: name for listed in returns for name in listed}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                for target in node.targets:
                    if isinstance(target, ast.Subscript) and (name := self._name(target)):
                        self._known.setdefault(node.value.id, name)

    def read(self) -> dict[str, list[str]]:
        found = self._block(self._body, {})
        parts = {self._known.get(name, name) for name in found if self._is_part(name)}
        sources = {part: set[str]() for part in parts}
        for name, seen in found.items():
            if self._is_part(name):
                sources[self._known.get(name, name)] |= seen
        return {part: sorted(seen - {part}) for part, seen in sources.items()}

    def _is_part(self, name: str) -> bool:
        return name in self._known or name.endswith('"]') or name in self._dicts

    def _name(self, node: ast.AST) -> str:
        """How a value is called: a name, or a key of a dict that may be a part; else ""."""
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            key = node.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                return f'{node.value.id}["{key.value}"]' if node.value.id in self._dicts else ""
            return node.value.id
        return ""

    def _block(self, body: Sequence[ast.stmt], known: Sources) -> Sources:
        """What is known after the statements of ``body``."""
        for node in body:
            if isinstance(node, ast.Assign):
                self._assign(node.targets, node.value, known)
            elif isinstance(node, ast.AugAssign):
                self._assign([node.target], node, known)
            elif isinstance(node, ast.If):
                ways = [self._block(way, dict(known)) for way in (node.body, node.orelse)]
                for name in {*ways[0], *ways[1]}:
                    was = known.get(name)
                    new = [way[name] for way in ways if name in way and way[name] is not was]
                    known[name] = frozenset.intersection(*(new or [was or frozenset()]))
            elif isinstance(node, ast.For | ast.While | ast.With):
                self._block(node.body, known)
        return known

    def _assign(self, targets: Sequence[ast.expr], value: ast.AST, known: Sources) -> None:
        sources: set[str] = set()
        for each in ast.walk(value):
            name = self._name(each)
            if name in known:
                sources |= known[name]
                sources |= {self._known.get(name, name)} if self._is_part(name) else set()
        for target in targets:
            for each in target.elts if isinstance(target, ast.Tuple) else [target]:
                name = self._name(each)
                if name:
                    partly = isinstance(each, ast.Subscript) and not name.endswith('"]')
                    known[name] = frozenset(sources) | (
                        known.get(name, frozenset()) if partly else frozenset()
                    )
