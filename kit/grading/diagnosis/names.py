"""Reads off the solution what students call the parts of an answer."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any


def names(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For each function or method in solved files, by its own name, what it takes and returns.

    ``parameters`` are names in order, without ``self``; those of ``__init__`` go by the name of the
    class. ``returns`` has the names of the returned values, once for each number of values:
    ``return loss, grads`` gives ``["loss", "grads"]``. A value that has no name is left out with
    the others beside it. The skeletons that students fill in have the same signatures and the same
    last lines.
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
    return {"parameters": parameters[bound:], "returns": list(returns.values())}
