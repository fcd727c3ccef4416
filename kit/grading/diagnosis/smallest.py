"""Finds for each failed task the smallest inputs at which a submission goes wrong.

The search runs in the worker of the replay (``shrinker``); this module carries its scenes to a new
worker with the submission, and the answers back. See docs/decisions/0019-smallest-example.md.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.checks.student import Student
from kit.grading.diagnosis.catalogue import Catalogue
from kit.results import SmallExample, printable
from kit.sandbox.faults import KitFault, StudentFault
from kit.sandbox.tester.calls import Item, Later
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.tester.transcript import plain
from kit.sandbox.wire import WireError

Calls = dict[str, list[dict[str, Any]]]
Run = Callable[[str, bool, float], AbstractContextManager[Session]]
"""Gives, for a task, the submission in a worker that takes so many seconds at most: one for the
search, or anew."""
SEARCH = {
    f"{name}.py": Path(__file__).with_name(f"{name}.py").read_bytes()
    for name in ("compare", "scenes", "shrinker", "lines")
}
"""The modules of the search, by their names in a worker."""
MOST_VALUES = 2000
"""The most numbers and items of one answer that are looked at."""
MOST_LINE = 1200
"""The most characters of a line."""
NUMBERS = frozenset(
    {*range(100), *(n / 10 for n in range(1000))}
    | {digit * 10.0**power for power in range(-8, 3) for digit in (1, 2, 5)}
    | {0.9, 0.99, 0.999}
)
"""The numbers that an example's inputs may have. None of them is drawn."""


class Stopped(Exception):
    """The submission's code broke off the search, or used what it may use."""


@dataclass
class Budget:
    """What is left for the examples of one submission: calls, and seconds for all of them."""

    calls: int
    seconds: float


def smallest(
    catalogue: Catalogue,
    parent: WarmParent,
    failed: Mapping[str, Sequence[str]],
    calls: Mapping[str, Calls],
    run: Run,
) -> dict[str, SmallExample]:
    """The examples of ``failed`` tasks; a task without one is left out.

    The verdicts are final before any of this begins, and
    nothing here changes them: whatever goes wrong, there is no example.
    """
    found: dict[str, SmallExample] = {}
    budget = Budget(parent.limits.example_calls, parent.limits.example_seconds)
    known = set(catalogue.tasks.values())
    wanted = [task for task in failed if task in known and calls.get(task)]
    if not wanted:
        return found
    from kit.grading.diagnosis.explain import REPLAY

    sources = {
        "mistakes.py": catalogue.source,
        "replay.py": REPLAY.read_bytes(),
        **SEARCH,
        **catalogue.besides,
    }
    with closing(Session(sources, parent)) as session:
        replay = Student(session)
        for task in wanted:
            try:
                example = _search(replay, task, calls[task], failed[task], run, budget)
            except (Stopped, KitFault) as e:
                DEBUG(task, e)
                break
            except (StudentFault, WireError) as e:  # too large to compare
                DEBUG(task, e, getattr(e, "error", None))
                continue
            if example is not None and is_plain(example, _words(catalogue)):
                found[task] = example
            elif example is not None: DEBUG(task, "not plain", example)
    return found


def DEBUG(*x):
    pass


def _search(
    replay: Student,
    task: str,
    calls: Calls,
    failed: Sequence[str],
    run: Run,
    budget: Budget,
) -> SmallExample | None:
    step = replay.shrinker.begin(calls, [name for name in failed if name in calls])
    while "example" not in step:
        scenes = step["try"]
        budget.calls -= sum(map(len, scenes))
        if budget.calls < 0:
            raise Stopped
        with run(task, step["anew"], budget.seconds) as session:
            student = Student(session)
            before = session.seconds_left
            outcomes = carried_out(student, scenes)
            budget.seconds -= before - session.seconds_left
        step = replay.shrinker.go_on(outcomes)
    return None if step["example"] is None else _lines(step["example"], student)


def _lines(example: Mapping[str, Any], student: Student) -> SmallExample:
    names = defaultdict(list)
    for module, _, name in (each.partition(".") for each in example["functions"]):
        names[student.module_name(module)].append(name)
    imports = [f"from {module} import {', '.join(each)}" for module, each in names.items()]
    said = "raises" if example["raises"] else "gives"
    return SmallExample(
        inputs="; ".join([*imports, *filter(None, [example["inputs"]])]),
        gives=_one_line(f"{example['call']}  # {said} {example['gives']}"),
        right=_one_line(f"# right: {example['right']}"),
    )


def _one_line(text: str) -> str:
    return printable(" ".join(text.split("\n")), MOST_LINE).replace("\n", " ").replace("\t", " ")


# -- the submission's side -------------------------------------------------------------------------


def carried_out(student: Student, scenes: Sequence[Sequence[Any]]) -> list[list[dict[str, Any]]]:
    """What became of each call of each scene, all made together.

    Raises Stopped if a call gave no answer, because the code did not return or ended its process.
    """
    with student.together():
        made = [_made(student, calls) for calls in scenes]
    return [
        [_outcome(call, later) for call, later in zip(calls, laters, strict=True)]
        for calls, laters in zip(scenes, made, strict=True)
    ]


def _made(student: Student, calls: Sequence[Mapping[str, Any]]) -> list[Later]:
    laters: list[Any] = []
    for call in calls:
        given = [_given(each, laters) for each in call["given"]]
        positional = len(given) - len(call["names"])
        named = dict(zip(call["names"], given[positional:], strict=True))
        if call["kind"] == "place":
            laters.append(student.place(given[0]))
        elif call["function"]:
            module, _, name = call["function"].partition(".")
            function = getattr(getattr(student, module), name)
            laters.append(function(*given[:positional], **named))
        else:
            owner = laters[call["object"]]
            if call["kind"] == "fetch":
                laters.append(owner.fetch())
            elif call["kind"] == "get":
                laters.append(owner.get(call["attribute"]))
            elif call["kind"] == "set":
                laters.append(owner.set(call["attribute"], given[0]))
            else:
                laters.append(getattr(owner, call["attribute"])(*given[:positional], **named))
    return laters


def _given(argument: Sequence[Any], laters: Sequence[Later]) -> Any:
    kind, *rest = argument
    if kind == "value":
        return rest[0]
    return laters[rest[0]] if kind == "object" else Item(laters[rest[0]], rest[1])


def _outcome(call: Mapping[str, Any], later: Later) -> dict[str, Any]:
    if later.answer is not None and later.answer.fault is not None:
        fault = later.answer.fault
        if fault.error is None:
            raise Stopped
        return {"raised": f"{fault.error['type']}: {fault.error['message']}"}
    value, hidden = plain(later.value), call["hidden"]
    if hidden is not None and isinstance(value, tuple) and len(value) > hidden:
        value = (*value[:hidden], None, *value[hidden + 1 :])
    return {"value": value} if _size(value) <= MOST_VALUES else {"raised": ""}


def _size(value: Any) -> int:
    """How many numbers and items a value has; whole branches count where it is more than enough."""
    if isinstance(value, np.ndarray):
        return value.size + 1
    if isinstance(value, str | bytes):
        return len(value)
    items = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list | tuple):
        return 1
    size = 1 + sum(len(key) for key in value if isinstance(key, str)) if isinstance(value, dict) else 1
    for item in items:
        size += _size(item)
        if size > MOST_VALUES:
            break
    return size


# -- what may be shown -----------------------------------------------------------------------------


def is_plain(example: SmallExample, words: frozenset[str]) -> bool:
    """Whether the lines have no number and no word that could come from the grading run.

    Every number of the inputs is a common one, and every text a word of the catalogue.
    """
    try:
        nodes = list(ast.walk(ast.parse("\n".join([example.inputs, example.gives]))))
    except (SyntaxError, ValueError, RecursionError):
        return False
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return all(
        _is_known(value, words) if isinstance(value, str) else value is None or value in NUMBERS
        for value in values
    )


def _is_known(text: str, words: frozenset[str]) -> bool:
    """Whether ``text`` is a word of the catalogue, or one with a small number, such as W2."""
    return text in words or (re.sub(r"[0-9]{1,2}$", "", text) in words)


def _words(catalogue: Catalogue) -> frozenset[str]:
    """The words of the catalogue's text."""
    texts = [catalogue.source, *catalogue.besides.values()]
    return frozenset(word for text in texts for word in re.findall(r"\w+", text.decode()))
