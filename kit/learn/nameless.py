"""Lets a word of a hand-in's code stay only if it can't tell who wrote the code."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from kit.course import Assignment, read_text
from kit.learn.functions import words

USED_BY = 3
"""A word that so many hand-ins use is nobody's own."""
CUSTOMARY = """
abs acc add after all alpha ave avg back batch before beta bias biases buf cnt coef coeff col cols
config copy corr corrected correction cost cur curr current decay default delta den denom
denominator dim dims dist drop drv end eps epsilon err error examples fac factor feat features first
flat flattened fwd gamma grad gradient gradients grads hat height idx ind index init inner input
inputs inv keep kernel lam last layer layers learning left len loc log loss lr mask mat max mean
mini minus moment moving mu new next nom norm normalized num number numerator numer nxt
old one ones opt orig original out outer output outputs padded param params part pow power pre pred
prev previous prob probs prod ptr rate ratio raw reg res reshaped result ret rho right root row rows
running sample samples scale scaled score scores second seed shape shaped shift sigma sign size sq
sqr sqrt square squared start state std step stride sub sum temp term tau theta time timestep tmp
total train transposed update updated upd use val value values var variance vec vel velocity vhat
wd weight weights width window with without zero zeros
"""
"""The words of formulas and programs that everybody uses."""
_LONG = 4
"""A part of a name of so many letters is looked for within words, too."""
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"\d[\d.e+-]*")


@dataclass(frozen=True)
class Course:
    """What is nobody's own: ``words``, with the numbers among them, and whole ``names``."""

    words: frozenset[str]
    names: frozenset[str]


def of_course(assignment: Assignment) -> Course:
    """The words and names in the files of the course, of Python and NumPy, and customary words."""
    texts = [
        read_text(path)
        for each in (assignment, *assignment.chain)
        for path in (*each.written.values(), *each.given.values(), each.suites / "mistakes.py")
        if path.suffix == ".py" and path.is_file()
    ]
    places = (builtins, math, np, np.random, np.linalg, np.ndarray, str, dict, list, float)
    texts += [*keyword.kwlist, *(name for place in places for name in dir(place))]
    numbers = (number for text in texts for number in _NUMBER.findall(text))
    customary = CUSTOMARY.split()
    return Course(
        frozenset([*customary, *numbers, *(word for text in texts for word in words(text))]),
        frozenset(name for text in texts for name in _NAME.findall(text)),
    )


class Nameless:
    """Writes texts without words that could name a student.

    A name stays if each word in it is one letter, or of the ``course``, or used by USED_BY of the
    ``hand_ins`` (the texts of each). If part of the name of a student is in it, it stays only if
    the whole name is the course's.
    """

    def __init__(
        self, course: Course, students: Iterable[str], hand_ins: Iterable[Sequence[str]]
    ) -> None:
        self._course = course
        self._parts = {part for each in students for part in words(each) if len(part) > 1}
        self._long = tuple(part for part in self._parts if len(part) >= _LONG)
        used = Counter(
            word for texts in hand_ins for word in {w for text in texts for w in words(text)}
        )
        self._known = course.words | {word for word, by in used.items() if by >= USED_BY}

    def written(self, texts: Sequence[str]) -> list[str]:
        """``texts`` with `name1`, `name2`, ... in place of names that may tell who wrote them."""
        numbers = count(1)
        instead: dict[str, str] = {}

        def said(found: re.Match[str]) -> str:
            name = found[0]
            if not self._stays(name) and name not in instead:
                instead[name] = f"name{next(numbers)}"
            return instead.get(name, name)

        return [_NAME.sub(said, text) for text in texts]

    def _stays(self, name: str) -> bool:
        if name in self._course.names:
            return True
        own = words(name)
        if not self._parts.isdisjoint(own) or any(part in name.lower() for part in self._long):
            return False
        return all(len(word) == 1 or word in self._known for word in own)
