"""Asks whether two pieces of code answer alike, on many more inputs than the suites draw.

The calls that the checks make to the solution are recorded over several seeds. Each recorded call
is also made with changed inputs (``changed``): zeros, other signs, scales, dtypes and sizes, and
settings left out, zero or doubled. Only calls that the solution answers with finite numbers count,
and as the catalogue's right code does, if there is one. Kinks and ties, where a function has no
derivative, are not tried. Code runs in workers, as submissions do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.diagnosis import catalogue, explain
from kit.grading.suites import Suites
from kit.intake.submission import Submission, sources_of
from kit.sandbox.faults import StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.tester.transcript import Transcript

PLAIN_SEEDS, CHANGED_SEEDS = range(1000, 1010), range(1000, 1001)
"""The seeds whose calls are made again as they are, and those whose calls are also changed."""
AT_ONCE = 20
"""The most lists of calls in one message to a worker."""
SECONDS = 60.0
"""How long a worker may take for one message."""
CHANCES = 2
"""How often the solution is asked, each time with other random numbers."""
_NO_MISTAKES = b"MISTAKES = ()\n\n\ndef implementation(changes):\n    return {}\n"


@dataclass(frozen=True)
class Input:
    """The ``calls`` of one check with one seed, with the inputs ``changed`` in one way, or not."""

    check: str
    seed: int
    changed: str
    calls: list[dict[str, Any]]

    def __str__(self) -> str:
        name = self.check.rpartition("::")[2]
        return (
            f"the calls of {name} (seed {self.seed}){f', {self.changed}' if self.changed else ''}"
        )


class Probe:
    """The inputs of one task, and what the solution answers to them."""

    def __init__(
        self, assignment: Assignment, task: str, suites: Suites, parent: WarmParent
    ) -> None:
        self._assignment, self._task, self._parent = assignment, task, parent
        self._catalogue = catalogue.load(assignment)
        self._modules = {
            PurePosixPath(name).stem: ".".join(PurePosixPath(name).with_suffix("").parts)
            for name in (*assignment.student_files, *assignment.provided_modules)
        }
        files = {path: assignment.written[path].read_bytes() for path in assignment.student_files}
        self._solution = Submission("solution", files)
        self.inputs = self._promised(list(self._answered(list(self._recorded(suites)))))

    def _recorded(self, suites: Suites) -> Iterator[Input]:
        names = [check.name for check in suites.checks if check.task == self._task]
        for seed in PLAIN_SEEDS:
            transcript = Transcript([self._task], self._catalogue.opaque)
            sources = sources_of(self._assignment, self._solution)
            with closing(Session(sources, self._parent, transcript)) as session:
                suites.run(Student(session), seed, names)
            for check, calls in transcript.calls[self._task].items():
                yield Input(check, seed, "", calls)
                if seed in CHANGED_SEEDS:
                    for name, other in changed(calls):
                        yield Input(check, seed, name, other)

    def _answered(self, inputs: list[Input]) -> Iterator[Input]:
        """Those of ``inputs`` that the solution answers with finite numbers, with its answers."""
        for each, answers in zip(inputs, self._answers(self._solution, inputs), strict=True):
            if answers is not None and not any("raised" in call for call in answers):
                calls = [{**a, **b} for a, b in zip(each.calls, answers, strict=True)]
                if all(_finite(value) for call in calls for value in call["values"]):
                    yield Input(each.check, each.seed, each.changed, calls)

    def _promised(self, inputs: list[Input]) -> list[Input]:
        """Those of ``inputs`` on which the catalogue's right code agrees with the solution.

        Where they do not, what is right is nobody's promise.
        """
        if self._task not in self._catalogue.tasks.values():
            return inputs
        lists = [[{**call, "value": call["values"][0]} for call in each.calls] for each in inputs]
        agree = self._agree([], lists)
        return [each for each, same in zip(inputs, agree, strict=True) if same]

    def _answers(
        self, submission: Submission, inputs: Sequence[Input], chances: int = CHANCES
    ) -> Iterator[Any]:
        """The answers of a submission to each of the inputs; None where it gave none in time."""
        with self._asked(submission) as student:
            for at in range(0, len(inputs), AT_ONCE):
                some = inputs[at : at + AT_ONCE]
                try:
                    yield from student.answers.play(
                        [each.calls for each in some], self._modules, chances
                    )
                except StudentFault:
                    yield from [None] * len(some)

    def difference(self, submission: Submission) -> Input | None:
        """The first input to which the submission answers otherwise than the solution."""
        with self._asked(submission) as student:
            for at in range(0, len(self.inputs), AT_ONCE):
                some = self.inputs[at : at + AT_ONCE]
                try:
                    found: int | None = student.answers.compare(
                        [each.calls for each in some], self._modules
                    )
                except StudentFault:
                    return some[0]
                if found is not None:
                    return some[found]
        return None

    def contradiction(self, submission: Submission, mistakes: Sequence[str]) -> Input | None:
        """The first input to which a submission answers otherwise than the code with ``mistakes``.

        What comes after an exception of the submission is not compared.
        """
        given = self._answers(submission, self.inputs, chances=1)
        answered = [
            (each, _until_raised(each.calls, answers))
            for each, answers in zip(self.inputs, given, strict=True)
            if answers is not None
        ]
        agree = self._agree(mistakes, [calls for _, calls in answered])
        return next(
            (each for (each, _), same in zip(answered, agree, strict=True) if not same), None
        )

    def _agree(
        self, mistakes: Sequence[str], lists: Sequence[list[dict[str, Any]]]
    ) -> Iterator[bool]:
        """Whether the catalogue's code with ``mistakes`` answers each of the lists as recorded."""
        with self._asked(None) as student:
            for at in range(0, len(lists), AT_ONCE):
                some = list(lists[at : at + AT_ONCE])
                try:
                    yield from student.answers.agree(self._task, list(mistakes), some)
                except StudentFault:
                    yield from [False] * len(some)

    def _asked(self, submission: Submission | None) -> _Asked:
        sources: Mapping[str, bytes] = {
            "mistakes.py": self._catalogue.source or _NO_MISTAKES,
            "replay.py": Path(explain.__file__).with_name("replay.py").read_bytes(),
            "answers.py": Path(__file__).with_name("answers.py").read_bytes(),
            **self._catalogue.besides,
        }
        if submission is not None:
            sources = {**sources, **sources_of(self._assignment, submission)}
        return _Asked(Session(sources, self._parent))


class _Asked:
    """A context manager: a worker that is asked, within ``SECONDS`` for each message."""

    def __init__(self, session: Session) -> None:
        self._session = session
        session.call_seconds = SECONDS

    def __enter__(self) -> Student:
        return Student(self._session)

    def __exit__(self, *_: object) -> None:
        self._session.close()


def _until_raised(
    calls: list[dict[str, Any]], answers: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The calls with their answers, up to the first that raised."""
    found = []
    for call, answer in zip(calls, answers, strict=True):
        if "raised" in answer:
            break
        found.append({**call, "value": answer["values"][0]})
    return found


def changed(calls: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The ``calls`` with other inputs, and how they were changed."""
    for name, change in _ARRAYS.items():
        yield f"all arrays {name}", _with(calls, _each_array(change))
    for size in sorted(_sizes(calls)):
        for other in {1, size + 1} - {size}:
            yield f"{other} in place of {size} along each axis", _with(calls, _resized(size, other))
    for key in sorted(_keys(calls)):
        yield f"{key!r} left out", _with(calls, _without(key))
        for name, change in _SETTINGS.items():
            yield f"{key!r} {name}", _with(calls, _setting(key, change))
    for argument in sorted({name for call in calls for name in call["names"]}):
        for name, change in _SETTINGS.items():
            yield f"the argument {argument!r} {name}", _with_argument(calls, argument, change)


Change = Callable[[Any], Any]
_ARRAYS: dict[str, Change] = {
    "zero": np.zeros_like,
    "with the other sign": np.negative,
    "times 0.01": lambda x: x * x.dtype.type(0.01),
    "times 100": lambda x: x * x.dtype.type(100),
    "in float32": lambda x: x.astype(np.float32),
    "in float64": lambda x: x.astype(np.float64),
}
_SETTINGS: dict[str, Change] = {
    "zero": lambda value: type(value)(0),
    "one": lambda value: type(value)(1),
    "doubled": lambda value: value if isinstance(value, bool) else value * 2,
    "halved": lambda value: value / 2 if isinstance(value, float) else value,
    "one more": lambda value: value + 1 if type(value) is int else value,
}


def _with(calls: list[dict[str, Any]], change: Change) -> list[dict[str, Any]]:
    """The calls with ``change`` carried out on each given value."""
    return [{**call, "given": [_given(each, change) for each in call["given"]]} for call in calls]


def _given(given: list[Any], change: Change) -> list[Any]:
    return ["value", change(given[1])] if given[0] == "value" else given


def _with_argument(
    calls: list[dict[str, Any]], argument: str, change: Change
) -> list[dict[str, Any]]:
    made = []
    for call in calls:
        given = list(call["given"])
        if argument in call["names"]:
            at = len(given) - len(call["names"]) + call["names"].index(argument)
            given[at] = _given(given[at], lambda v: change(v) if _is_setting(v) else v)
        made.append({**call, "given": given})
    return made


def _is_setting(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _each(value: Any, change: Change) -> Any:
    """``value`` with ``change`` carried out on whatever is in its dicts, lists and tuples."""
    if isinstance(value, dict):
        return {key: _each(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each(item, change) for item in value)
    return change(value)


def _each_array(change: Change) -> Change:
    def of_array(value: Any) -> Any:
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return change(value) if floats else value

    return lambda value: _each(value, of_array)


def _resized(size: int, other: int) -> Change:
    """Every axis of length ``size``, and every such number, becomes ``other``."""

    def of_value(value: Any) -> Any:
        if type(value) is int and value == size:
            return other
        if isinstance(value, np.ndarray):
            for axis, length in enumerate(value.shape):
                if length == size:
                    value = np.take(value, np.arange(other) % size, axis=axis)
        return value

    return lambda value: _each(value, of_value)


def _without(key: str) -> Change:
    def of_value(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: of_value(item) for name, item in value.items() if name != key}
        return value

    return of_value


def _setting(key: str, change: Change) -> Change:
    def of_value(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        made = {name: of_value(item) for name, item in value.items()}
        if key in made and _is_setting(made[key]):
            made[key] = change(made[key])
        return made

    return of_value


def _values(calls: list[dict[str, Any]]) -> Iterator[Any]:
    """Every given value, and whatever is in those that hold others."""
    waiting = [each[1] for call in calls for each in call["given"] if each[0] == "value"]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value


def _sizes(calls: list[dict[str, Any]]) -> set[int]:
    arrays = (value for value in _values(calls) if isinstance(value, np.ndarray))
    return {length for array in arrays for length in array.shape if length > 0}


def _keys(calls: list[dict[str, Any]]) -> set[str]:
    """The keys of settings and of state; not those of numbered parameters, as ``W1``."""
    dicts = (value for value in _values(calls) if isinstance(value, dict))
    keys = {key for each in dicts for key in each if isinstance(key, str)}
    return {key for key in keys if not re.fullmatch(r"[A-Za-z]+\d+", key)}


def _finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    if isinstance(value, np.ndarray | np.generic | float) and np.asarray(value).dtype.kind == "f":
        return bool(np.isfinite(value).all())
    return True
