"""Lets a word of a hand-in's code stay only if it can't tell who wrote the code."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
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


def course_words(assignment: Assignment) -> frozenset[str]:
    """Words that are nobody's own: of the course's files, of Python and NumPy, and customary ones.

    The numbers in the files of the course are among them.
    """
    texts = [
        read_text(path)
        for each in (assignment, *assignment.chain)
        for path in (*each.written.values(), *each.given.values(), each.suites / "mistakes.py")
        if path.suffix == ".py" and path.is_file()
    ]
    places = (builtins, math, np, np.random, np.linalg, np.ndarray, str, dict, list, float)
    texts += [CUSTOMARY, *keyword.kwlist, *(name for place in places for name in dir(place))]
    numbers = (number for text in texts for number in _NUMBER.findall(text))
    return frozenset(numbers) | {word for text in texts for word in words(text)}


class Nameless:
    """Writes texts without words that could name a student.

    A word stays if it is one letter or one of the ``course``, or if USED_BY of the ``hand_ins`` use
    it (the texts of each) and it is no part of the name of a student. A name that has any other
    word is replaced as a whole.
    """

    def __init__(
        self,
        course: frozenset[str],
        students: Iterable[str],
        hand_ins: Iterable[Sequence[str]],
    ) -> None:
        self._course = course
        parts = {word for student in students for word in words(student)} - course
        self._long = tuple(part for part in parts if len(part) >= _LONG)
        used = Counter(
            word for texts in hand_ins for word in {w for text in texts for w in words(text)}
        )
        self._common = {word for word, by in used.items() if by >= USED_BY} - parts

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
        if any(part in name.lower() for part in self._long):
            return all(word in self._course for word in words(name))
        return all(self._is_known(word) for word in words(name))

    def _is_known(self, word: str) -> bool:
        return len(word) == 1 or word in self._course or word in self._common
