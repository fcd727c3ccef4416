"""The comparisons of the suites. A failure says what was expected, what came, and where.

Every method takes a value that came from a worker. It accepts the value, or it raises CheckFailure
with the sentence that the student reads. So no odd reply reaches a suite's own arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kit.sandbox.describe import describe
from kit.sandbox.faults import CheckFailure, StudentFault

_NUMERIC = (np.ndarray, np.number, int, float)


class Expect:
    """The value of the fixture ``expect``."""

    @staticmethod
    def that(condition: object, message: str) -> None:
        """Fail with ``message`` unless ``condition`` holds."""
        if not condition:
            raise CheckFailure(message)

    @staticmethod
    def one_of(*ways: Callable[[], None]) -> None:
        """Pass if one of the ``ways`` to be right accepts. If none does, the first one says why."""
        failures: list[CheckFailure | StudentFault] = []
        for way in ways:
            try:
                way()
            except (CheckFailure, StudentFault) as failure:
                failures.append(failure.with_traceback(None))  # a reference to this list
            else:
                return
        raise failures[0]

    @staticmethod
    def array(value: Any, name: str) -> np.ndarray:
        """Return ``value`` if it is an array of numbers, of any shape and dtype."""
        if not isinstance(value, np.ndarray):
            raise CheckFailure(f"`{name}` must be an array, it is {describe(value)}.")
        return value

    @staticmethod
    def pair(reply: Any, function: str, names: Sequence[str], where: str = "") -> tuple[Any, ...]:
        """Return ``reply`` as a tuple of the values ``names``, which ``function`` must return."""
        if not isinstance(reply, tuple | list) or len(reply) != len(names):
            place = f" {where}" if where else ""
            raise CheckFailure(
                f"`{function}` must return {', '.join(names)}{place}; "
                f"it returned {describe(reply)}."
            )
        return tuple(reply)

    @staticmethod
    def entry(mapping: Any, key: str, where: str = "") -> Any:
        """Return the value under ``key`` of a dict."""
        place = f" {where}" if where else ""
        if not isinstance(mapping, dict):
            raise CheckFailure(f"Expected a dict with {key!r}{place}, got {describe(mapping)}.")
        if key not in mapping:
            held = ", ".join(repr(name) for name in sorted(mapping)[:12]) or "nothing"
            raise CheckFailure(f"There is no {key!r} in the dict{place}; it holds {held}.")
        return mapping[key]

    @staticmethod
    def close(
        got: Any,
        expected: Any,
        name: str,
        *,
        rtol: float = 1e-7,
        atol: float = 1e-9,
        where: str = "",
        start: Any = None,
    ) -> None:
        """Every element of ``got`` is within ``atol + rtol * |expected|`` of ``expected``.

        ``got`` must have the shape of ``expected`` and hold finite real numbers (NaN never passes);
        its dtype is free. Messages call it ``name``.

        - ``rtol``, ``atol``: the relative and the absolute tolerance. A remark on a wrong ``got``
          ("it has the opposite sign") holds within the same tolerance.
        - ``where``: the case, which messages put after the name: ``"for x of shape (2, 3)"``.
        - ``start``: an array from which ``got`` is one step away. Remarks are then about the step
          ("the step is 2 times as large as it must be").
        """
        place = f" {where}" if where else ""
        right = np.asarray(expected, dtype=np.float64)
        shape = got.shape if isinstance(got, np.ndarray) else ()
        if not isinstance(got, _NUMERIC) or isinstance(got, bool) or (shape and not right.shape):
            kind = "an array" if right.shape else "a number"
            raise CheckFailure(f"`{name}`{place} must be {kind}, it is {describe(got)}.")
        if shape != right.shape:
            turned = " It is transposed." if shape == right.shape[::-1] else ""
            raise CheckFailure(
                f"`{name}`{place} must have shape {right.shape}, it has {shape}.{turned}",
                str(right.shape),
                str(shape),
            )
        values = np.asarray(got, dtype=np.float64)
        with np.errstate(all="ignore"):  # values that are not finite are refused below
            error = np.abs(values - right)
        if np.logical_and.reduce(error <= atol + rtol * np.abs(right), axis=None):
            return
        finite = np.isfinite(values)
        if not finite.all():
            index = _index(np.argwhere(~finite)[0])
            raise CheckFailure(
                f"`{name}`{place} holds {values[~finite][0]}{index}, which is no finite number.",
                _number(right[~finite][0]),
                _number(values[~finite][0]),
            )
        worst = np.unravel_index(int(np.argmax(error)), error.shape)
        raise CheckFailure(
            f"`{name}`{place} is wrong; the largest difference is {error[worst]:.3g}"
            f"{_index(worst)}.{likeness(values, right, rtol, atol, start)}",
            _number(right[worst]),
            _number(values[worst]),
        )

    @staticmethod
    def all_of(parts: Mapping[str, Callable[[], None]]) -> None:
        """Pass if every one of the named ``parts`` accepts.

        If some don't, the first of them says why, and the names of the right parts follow.
        """
        wrong: list[CheckFailure] = []
        right: list[str] = []
        for name, part in parts.items():
            try:
                part()
            except CheckFailure as failure:
                wrong.append(failure.with_traceback(None))  # a reference to this list
            else:
                right.append(f"`{name}`")
        if wrong:
            first = wrong[0]
            others = f" Right there: {', '.join(right)}." if right else ""
            raise CheckFailure(f"{first}{others}", first.expected, first.got)


def likeness(
    got: np.ndarray, right: np.ndarray, rtol: float, atol: float, start: Any = None
) -> str:
    """A sentence that says in which simple way ``got`` differs from ``right``; "" if in none.

    Both are finite float64 arrays of the same shape. ``start``, if given, is subtracted from both.
    """
    with np.errstate(all="ignore"):  # huge numbers overflow, and then resemble nothing
        return _likeness(got, right, rtol, atol, start)


def _likeness(got: np.ndarray, right: np.ndarray, rtol: float, atol: float, start: Any) -> str:
    what = "It"
    if isinstance(start, np.ndarray) and start.shape == right.shape:
        got, right, what = got - start, right - start, "The step"
    if not right.any():
        return ""

    def close(values: np.ndarray) -> bool:
        return bool((np.abs(values - right) <= atol + rtol * np.abs(right)).all())

    if not got.any():
        return f" {what} is zero everywhere."
    if close(-got):
        return f" {what} has the opposite sign."
    factor = float((got * right).sum() / (right * right).sum())
    if factor and close(got / factor):
        digits = f"{factor:.4g}"
        if digits != "1":
            return f" {what} is {digits} times as large as it must be."
        return f" {what} differs by a factor of {factor:.8g}." if f"{factor:.8g}" != "1" else ""
    if right.size > 1 and close(got - (shift := float((got - right).mean()))):
        return f" {what} is off by the same number everywhere, {shift:.4g}."
    if right.ndim == 2 and right.shape[0] == right.shape[1] and close(got.T):
        return f" {what} is transposed."
    return ""


def _index(index: Any) -> str:
    where = [int(i) for i in index]
    return f" at {where}" if where else ""


def _number(value: Any) -> str:
    return f"{float(value):.10g}"
