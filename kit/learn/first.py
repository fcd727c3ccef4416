"""Says which answer of a check is the first that is not right, and which part of it."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MOST = 4
"""So many parts are named."""


def sentence(calls: Sequence[Mapping[str, Any]], parts: Sequence[Mapping[str, bool | None]]) -> str:
    """A sentence on the first wrong one of ``calls``; empty if nothing is known.

    ``parts`` say of each call which parts of its answer are right (``kit.grading.diagnosis``). What
    an exception says is left out, because its author wrote it.
    """
    own = [
        at for at, (call, of) in enumerate(zip(calls, parts, strict=True)) if of or _raises(call)
    ]
    for number, at in enumerate(own, start=1):
        what, of = calls[at]["attribute"], parts[at]
        which = f"Answer {number} of {len(own)}, of `{what}`," if number > 1 else f"`{what}`"
        if _raises(calls[at]):
            return f"{which} raises {_kind(calls[at]['raised'])}."
        wrong = [name for name, right in of.items() if right is False]
        if wrong:
            right = [name for name, is_right in of.items() if is_right]
            rest = f"; {_listed(right)} right" if right else ""
            return f"{which} is wrong{_named(wrong)}{rest}."
    if own and all(right for at in own for right in parts[at].values()):
        return "All values are right. It fails for something else, such as a type."
    return ""


def _raises(call: Mapping[str, Any]) -> bool:
    return bool(call.get("raised"))


def _kind(raised: str) -> str:
    """The type of an exception, if it is Python's own."""
    name = raised.partition(":")[0]
    known = getattr(builtins, name, None)
    is_known = isinstance(known, type) and issubclass(known, BaseException)
    return f"`{name}`" if is_known else "an exception of its own"


def _named(parts: Sequence[str]) -> str:
    return f" in {_listed(parts, verb=False)}" if any(parts) else ""


def _listed(parts: Iterable[str], *, verb: bool = True) -> str:
    names = [f"`{each}`" for each in parts if each]
    more = [f"{len(names) - _MOST} more"] if len(names) > _MOST else []
    said = [*names[:_MOST], *more]
    joined = ", ".join(said[:-1]) + " and " * (len(said) > 1) + said[-1]
    return f"{joined} {'is' if len(names) == 1 else 'are'}" if verb else joined
