"""Locks the sentences about known mistakes, so that only who made one can read it in the notebook.

An assignment may give students ``utils/feedback.py``, whose ``KNOWN`` is the file of such
sentences. Each mistake is made on the documented call of its task (``kit.checks.documented``), and
its sentence is locked with the wrong numbers that come out. So the release tells nobody what the
mistakes are, and tells a student who made one which it was. The file leaves out what the documented
inputs can't tell apart: a mistake that gives the right numbers there, and numbers that another
mistake, or two others together, give as well.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from kit.checks import documented
from kit.checks.documented import Documented
from kit.course import Assignment, CourseError, of_course
from kit.grading.diagnosis import catalogue
from kit.provided import load_beside

FEEDBACK = "utils/feedback.py"


class Seal:
    """What locks the sentences of an assignment, whose given files lie in the folder ``given``.

    ``feedback`` is its utils/feedback.py: ``key_of(task, values)``, ``tag_of(key)`` and
    ``mixed(key, text)`` are the lock. ``mistakes`` is its catalogue. Raises CourseError where one
    of them, or documented.json, can't be used.
    """

    def __init__(self, assignment: Assignment, given: Path) -> None:
        self.feedback: Any = load_beside(given, "utils.feedback")
        self.mistakes: Any = catalogue.module(assignment)
        self.calls: dict[str, Documented] = {}
        path = assignment.suites / "documented.json"
        with of_course(path, "used"):
            functions = self.mistakes.implementation({})
            for task, entry in documented.entries(path).items():
                self.calls[task] = documented.case(entry)
                if self.calls[task].function not in functions:
                    raise CourseError(
                        f"{path.name}: mistakes.py has no function {self.calls[task].function!r}."
                    )
        self._entries = documented.entries(path)

    def function(self, task: str, changes: Mapping[str, Any]) -> Callable[..., Any]:
        """The function that the documented call of ``task`` calls, with ``changes``."""
        found: Callable[..., Any] = self.mistakes.implementation(changes)[self.calls[task].function]
        return found

    def key(self, task: str, changes: Mapping[str, Any]) -> bytes | None:
        """The key to what ``changes`` make of the documented call; None unless wrong numbers."""
        call = documented.case(self._entries[task])  # made anew, for it may be changed in place
        try:
            with np.errstate(all="ignore"):
                returned = self.function(task, changes)(**call.inputs)
            values = call.values(returned, call.inputs)
            found = {name: np.asarray(value, np.float64) for name, value in values.items()}
        except (ValueError, TypeError, LookupError):  # the traceback says enough
            return None
        if call.is_right(found):
            return None
        key: bytes = self.feedback.key_of(task, found)
        return key

    def sealed(self) -> dict[str, bytes]:
        """The key of each mistake that the documented inputs can tell, by the mistake's id."""
        told: dict[str, bytes] = {}
        variants = getattr(self.mistakes, "VARIANTS", {})
        for task in self.calls:
            of_task = [
                mistake
                for mistake in self.mistakes.MISTAKES
                if mistake.task == task and mistake.id not in variants and not mistake.chance
            ]
            alone = {mistake.id: self.key(task, mistake.changes) for mistake in of_task}
            shared = Counter(alone.values())
            together: dict[bytes | None, list[set[str]]] = {}
            for pair in combinations(of_task, 2):
                if not set.intersection(*(set(mistake.changes) for mistake in pair)):
                    both = self.key(task, pair[0].changes | pair[1].changes)
                    together.setdefault(both, []).append({mistake.id for mistake in pair})
            told |= {
                mistake: own
                for mistake, own in alone.items()
                if own is not None
                and shared[own] == 1
                and all(mistake in pair for pair in together.get(own, []))
            }
        return told

    def known(self) -> str:
        """The text of the file of sentences."""
        texts = {mistake.id: mistake.text for mistake in self.mistakes.MISTAKES}
        locked = {
            self.feedback.tag_of(own): self.feedback.mixed(own, texts[name].encode())
            for name, own in self.sealed().items()
        }
        entries = {tag: base64.b64encode(text).decode() for tag, text in locked.items()}
        return json.dumps(entries, indent=0, sort_keys=True) + "\n"


def write(assignment: Assignment, release: Path) -> None:
    """Write the file of sentences into ``release``, if what is given there can read one.

    Raises CourseError where that file, or the catalogue, can't be used.
    """
    path = assignment.suites / "mistakes.py"
    if not (release / FEEDBACK).is_file() or not path.is_file():
        return
    seal = Seal(assignment, release)
    with of_course(path, "used"):
        known = seal.known()
    (release / FEEDBACK).with_name(seal.feedback.KNOWN.name).write_text(
        known, encoding="utf-8", newline="\n"
    )
