"""Two hand-ins answer alike if each answer is the same, to the tolerance of a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kit.checks.student import Student
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.diagnosis.explain import session_of
from kit.learn.probe import NO_CATALOGUE, WORKERS
from kit.sandbox.faults import StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.transcript import Transcript

CATALOGUE = b"""
import numpy as np

STATE = frozenset({"v"})
DRAWN = frozenset({"params"})
MISTAKES = []


def implementation(changes):
    def step(w, config):
        config["v"] = config.get("v", 0) + w
        return w - config["v"], config

    def draw(x, seed=None):
        return x * (np.random.default_rng(seed).random(x.shape) < 0.5), x.sum()

    class Net:
        def __init__(self):
            self.params = {"w": np.random.normal(size=40)}

    def seeded(x):
        return draw(x, 5)

    return {"work.Net": Net, "work.step": step, "work.draw": draw, "work.seeded": seeded}
"""
X = np.arange(1.0, 41.0)


class Made:
    """Stands for an object in a worker."""

    handle = "it"


class Ask:
    """Asks a worker that holds the catalogue and our own modules."""

    def __init__(self, student: Student) -> None:
        self.student = student

    def prepared(self, *answers: Any, function: str = "step") -> dict[str, Any]:
        """What is compared of code that answers the calls of a check so."""
        transcript = Transcript(["step", "draw", "seeded"])
        transcript.begin(function, "test_it")
        for answer in answers:
            given = [X, {}] if function == "step" else [X]
            note = transcript.note("call", "nndl.work", function, given, [])
            if isinstance(answer, StudentFault):
                transcript.failed(note, answer)
            else:
                transcript.answered(note, answer, 0)
        made: dict[str, Any] = self.student.alike.prepare(transcript.calls[function])
        return made

    def net(self, params: Any) -> Any:
        """What is compared of a net whose attribute ``params`` is read."""
        transcript = Transcript(["net"])
        transcript.begin("net", "test_it")
        made = Made()
        transcript.answered(transcript.note("call", "nndl.work", "Net", [], []), made, 0)
        transcript.answered(transcript.note("get", made.handle, "params", [], []), params, 0)
        return self.student.alike.prepare(transcript.calls["net"])["answers"]

    def alike(self, first: Any, second: Any, function: str = "step") -> bool:
        """Whether code that answers so, and code that answers so, come into one group."""
        one, other = (self.prepared(each, function=function) for each in (first, second))
        same: bool = self.student.alike.same(one["answers"], other["answers"])
        return same and one["signature"] == other["signature"]


@pytest.fixture(scope="module")
def ask(warm_parent: WarmParent) -> Iterator[Ask]:
    ours = {path.name: path.read_bytes() for path in WORKERS}
    session = session_of(Catalogue(CATALOGUE), warm_parent, ours)
    yield Ask(Student(session))
    session.close()


def raised(kind: str, message: str) -> StudentFault:
    return StudentFault("It raised.", {"type": kind, "message": message, "trace": []})


def test_rounding_does_not_part_them(ask: Ask) -> None:
    assert ask.alike((X, {"v": X}), (X * (1 + 1e-12), {"v": X + 1e-12}))
    assert not ask.alike((X, {"v": X}), (X * (1 + 1e-5), {"v": X}))
    assert not ask.alike((X, {"v": X}), (X, {"v": -X}))


def test_not_a_number_is_the_same_as_itself(ask: Ask) -> None:
    assert ask.alike((X * np.nan, {"v": X}), (X * np.nan, {"v": X}))


def test_a_tuple_may_be_a_list_but_not_another_shape(ask: Ask) -> None:
    assert ask.alike((X, {"v": X}), [X, {"v": X}])
    assert not ask.alike((X, {"v": X}), (X[None], {"v": X}))
    assert not ask.alike((X, {"v": X}), X)
    assert not ask.alike((X, {"v": X}), (None, {"v": X}))


def test_what_somebody_keeps_for_other_purposes_does_not_part_them(ask: Ask) -> None:
    assert ask.alike((X, {"v": X, "mine": 1}), (X, {"v": X, "other": X}))


def test_a_missing_entry_does(ask: Ask) -> None:
    assert not ask.alike((X, {"v": X}), (X, {}))


def test_exceptions_are_compared_by_their_reason(ask: Ask) -> None:
    first = raised("ValueError", "shapes (2,3) and (4,5) not aligned: 3 (dim 1) != 4 (dim 0)")
    second = raised(
        "ValueError",
        "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
        "(n?,k),(k,m?)->(n?,m?) (size 4 is different from 3)",
    )
    assert ask.alike(first, second)
    assert not ask.alike(first, raised("ValueError", "another reason"))
    assert not ask.alike(first, (X, {"v": X}))


@pytest.mark.parametrize("function", ["draw", "seeded"])
def test_what_right_code_draws_is_compared_by_its_spread(ask: Ask, function: str) -> None:
    """Also if a seed is given, for which generator it seeds is the student's choice."""
    draws = [X * (np.random.default_rng(seed).random(X.shape) < 0.5) for seed in (1, 2)]
    assert ask.alike((draws[0], 1.0), (draws[1], 1.0), function)
    assert not ask.alike((draws[0], 1.0), (draws[1] * 9, 1.0), function)
    assert not ask.alike((draws[0], 1.0), (draws[1], 2.0), function)


def test_an_attribute_that_holds_draws_is_compared_by_its_spread(ask: Ask) -> None:
    first, second = ({"w": np.random.default_rng(seed).normal(size=40)} for seed in (1, 2))
    assert ask.student.alike.same(ask.net(first), ask.net(second))
    assert not ask.student.alike.same(ask.net(first), ask.net({"w": second["w"] * 9}))


def test_without_a_catalogue_all_is_compared(warm_parent: WarmParent) -> None:
    ours = {path.name: path.read_bytes() for path in WORKERS}
    session = session_of(Catalogue(NO_CATALOGUE), warm_parent, ours)
    ask = Ask(Student(session))
    try:
        assert ask.alike((X, {"v": X}), (X, {"v": X}))
        assert not ask.alike((X, {"v": X, "mine": 1}), (X, {"v": X}))
    finally:
        session.close()
