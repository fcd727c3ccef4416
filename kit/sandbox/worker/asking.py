"""Makes functions whose values the tester computes, to replace a student's earlier work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ask: list[Callable[[str, list[Any]], Any]] = []


def connect(ask: Callable[[str, list[Any]], Any]) -> None:
    """Use ``ask(name, arguments)`` to get the values."""
    _ask[:] = [ask]


def asked(name: str) -> Callable[..., Any]:
    """The function that the tester knows as ``name``; it takes positional arguments."""

    def function(*arguments: Any) -> Any:
        return _ask[0](name, list(arguments))

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    return function
