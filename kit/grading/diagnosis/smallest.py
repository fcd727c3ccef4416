"""Finds for each failed task the smallest inputs at which a submission goes wrong.

The search runs in the worker of the replay (``shrinker``); this module carries its scenes to a new
worker with the submission, and the answers back. See docs/decisions/0019-smallest-example.md.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol

from kit.checks.student import Student, module_names
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.diagnosis.explain import Calls, is_open, is_written
from kit.grading.verdicts import Explanation
from kit.limits import MIB
from kit.results import SmallExample, printable
from kit.sandbox import wire
from kit.sandbox.faults import KitFault, StudentFault
from kit.sandbox.tester.calls import Item, Later
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.tester.transcript import plain

ROOM = wire.Header(tree=512 * 1024, block=4 * MIB, files=0)
"""What the answers of one exchange may take. Those of honest code take a hundredth of it."""
MOST_LINE = 1200
"""The most characters of a line."""
NUMBERS = frozenset(
    {*range(100), *(n / 10 for n in range(1000))}
    | {digit * 10.0**power for power in range(-8, 3) for digit in (1, 2, 5)}
    | {0.9, 0.99, 0.999}
)
"""The numbers that an example's inputs may have. None of them is drawn."""


class Run(Protocol):
    """Gives, for a task, the submission in workers: in one that has only searched, or in new ones.

    If the task builds on wrong ones, there are two new ones: one has right functions for those.
    """

    def __call__(self, task: str, *, anew: bool) -> AbstractContextManager[Sequence[Session]]:
        """The sessions of these workers."""


class Searched(NamedTuple):
    """Where an example is looked for: ``replay`` is a session with the ``catalogue``."""

    replay: Session
    parent: WarmParent
    catalogue: Catalogue
    run: Run


class Stopped(Exception):
    """The submission's code broke off the search, or used what it may use."""


@dataclass
class Budget:
    """The calls that are left for the examples of one submission."""

    calls: int


def smallest(
    searched: Searched,
    failed: Mapping[str, Sequence[str]],
    calls: Mapping[str, Calls],
    explained: Mapping[str, Explanation],
) -> dict[str, SmallExample]:
    """The examples of ``failed`` tasks that known mistakes don't explain.

    A task without one is left out, as are those whose code is not written.

    The verdicts are final before any of this begins, and nothing here changes them: whatever goes
    wrong, there is no example.
    """
    found: dict[str, SmallExample] = {}
    parent, catalogue = searched.parent, searched.catalogue
    budget = Budget(parent.limits.example_calls)
    known = set(catalogue.tasks.values())
    wanted = [
        task
        for task in failed
        if task in known and is_open(task, failed, explained) and is_written(calls.get(task, {}))
    ]
    with Student(searched.replay).deadline(parent.limits.diagnosis_seconds):
        for task in wanted:
            try:
                example = _search(searched, task, calls[task], failed[task], budget)
            except Stopped:
                break
            except KitFault:  # a loss here doesn't undo the verdicts
                with suppress(KitFault):
                    parent.renew(final=parent.final)
                break
            except (StudentFault, wire.WireError):  # too large to send or to compare
                continue
            if example is not None and is_plain(
                example, _words(catalogue.source, *catalogue.besides.values())
            ):
                found[task] = example
    return found


def _search(
    searched: Searched, task: str, calls: Calls, failed: Sequence[str], budget: Budget
) -> SmallExample | None:
    shrinker = Student(searched.replay).shrinker
    step = shrinker.begin(calls, [name for name in failed if name in calls])
    while "example" not in step:
        scenes = step["try"]
        budget.calls -= sum(map(len, scenes))
        if budget.calls < 0:
            raise Stopped
        outcomes = []
        with searched.run(task, anew=step["anew"]) as sessions:
            for session in sessions:
                session.begin(ROOM)
                outcomes += carried_out(Student(session), scenes)
                names = module_names(session.sources)
        step = shrinker.go_on(outcomes)
    return None if step["example"] is None else _lines(step["example"], names)


def _lines(example: Mapping[str, Any], modules: Mapping[str, str]) -> SmallExample:
    """The example; ``modules`` are the full names of the submission's modules."""
    names = defaultdict(list)
    for module, _, name in (each.partition(".") for each in example["functions"]):
        names[modules[module]].append(name)
    imports = [f"from {module} import {', '.join(each)}" for module, each in names.items()]
    said = "raises" if example["raises"] else "gives"
    return SmallExample(
        inputs="; ".join([*imports, *filter(None, [example["inputs"]])]),
        gives=_one_line(f"{example['call']}  # {said} {example['gives']}"),
        right=_one_line(f"# right: {example['right']}"),
    )


def _one_line(text: str) -> str:
    return printable(text, MOST_LINE).replace("\n", " ").replace("\t", " ")


# -- the submission's side -------------------------------------------------------------------------


def carried_out(student: Student, scenes: Sequence[Sequence[Any]]) -> list[list[dict[str, Any]]]:
    """What became of each call of each scene, all made together.

    Raises Stopped if a call gave no answer: the code did not return, ended its process, or answered
    more than fits into ROOM.
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
    value, hidden = later.value, call["hidden"]
    if hidden is not None and isinstance(value, tuple) and len(value) > hidden:
        value = (*value[:hidden], None, *value[hidden + 1 :])
    return {"value": plain(value)}


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


@cache
def _words(*texts: bytes) -> frozenset[str]:
    """The words of the catalogue's files."""
    return frozenset(word for text in texts for word in re.findall(r"\w+", text.decode()))
