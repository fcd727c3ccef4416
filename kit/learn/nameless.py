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
_LONG = 4
"""A part of a name of so many letters is looked for within words, too."""
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"\d[\d.e+-]*")


def course_words(assignment: Assignment) -> frozenset[str]:
    """The words in the files of the course, of Python and of NumPy, and the numbers there."""
    texts = [
        read_text(path)
        for each in (assignment, *assignment.chain)
        for path in (*each.written.values(), *each.given.values(), each.suites / "mistakes.py")
        if path.suffix == ".py" and path.is_file()
    ]
    places = (builtins, math, np, np.random, np.linalg, np.ndarray, str, dict, list, float)
    texts += [*keyword.kwlist, *(name for place in places for name in dir(place))]
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
