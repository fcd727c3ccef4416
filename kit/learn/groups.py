"""Puts together the hand-ins whose code gives the same answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from kit.learn import probe
from kit.learn.nameless import Nameless
from kit.learn.probe import Seen, Settings
from kit.sandbox.faults import KitFault

EXAMPLES = 2
_COMPARED = 20
"""So many different texts of a group are compared to choose the examples."""


@dataclass(frozen=True)
class Answers:
    """What ``grouped`` needs of one hand-in."""

    signature: str
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Hand-ins that answer alike, without their names.

    ``size`` is their number, and ``first`` stands for all of them. ``examples`` are the functions
    of one or two of them, and ``texts`` is how many different ones there are.
    """

    task: str
    size: int
    first: Seen
    examples: tuple[tuple[str, ...], ...]
    texts: int


def grouped(settings: Settings, answers: Sequence[Answers]) -> list[list[int]]:
    """The places in ``answers`` (of one task) of those that are the same; runs in a tester.

    Each is compared with the first of a group, in a worker that runs nobody's code.
    """
    prober = probe.kept(settings)
    prober.parent.renew(final=True)
    by_form: dict[str, list[list[int]]] = defaultdict(list)
    with closing(prober.workers()) as session:
        for place, each in enumerate(answers):
            for group in by_form[each.signature]:
                first = answers[group[0]].answers
                if prober.asked(session, "alike", "same", first, each.answers):
                    group.append(place)
                    break
            else:
                by_form[each.signature].append([place])
    if prober.parent.lost is not None:
        raise KitFault(prober.parent.lost)
    return [group for some in by_form.values() for group in some]


def made(members: Sequence[Seen], nameless: Nameless) -> Group:
    """The group of ``members``, which answer alike."""
    told = {tuple(nameless.written(each.functions)) for each in members if each.functions}
    texts = sorted(told, key=lambda text: (sum(map(len, text)), text))
    first = min(members, key=lambda each: (-len(each.nearest), str(each.nearest)))
    return Group(first.task, len(members), first, _examples(texts), len(texts))


def _examples(texts: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The shortest text, and the one that is least like it."""
    if len(texts) < EXAMPLES:
        return tuple(texts)
    short, *others = texts[:_COMPARED]
    matcher = SequenceMatcher(b="\n".join(short).splitlines(), autojunk=False)

    def alike(text: tuple[str, ...]) -> tuple[float, tuple[str, ...]]:
        matcher.set_seq1("\n".join(text).splitlines())
        return matcher.ratio(), text

    return short, min(others, key=alike)


def in_order(groups: Sequence[Group], tasks: Sequence[str]) -> list[Group]:
    """``groups`` by size, then by the notebook's tasks, then by their answers; never by names."""
    return sorted(
        groups,
        key=lambda g: (-g.size, tasks.index(g.task), g.first.failed, g.first.signature, g.examples),
    )
