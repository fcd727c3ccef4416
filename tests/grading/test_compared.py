"""Each call is compared with right code on the inputs that the submission's code got."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kit.checks.student import Student
from kit.grading.diagnosis.catalogue import Catalogue
from kit.grading.diagnosis.explain import first_wrong, session_of
from kit.grading.diagnosis.names import names
from kit.sandbox.faults import StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.transcript import Transcript

SOLUTION = """
def step(w, config):
    return w, config

def both(x, state):
    return dx, dw

def drawn(x, seed):
    return out

def keep(x, state):
    pass
"""
CATALOGUE = """
import numpy as np
MISTAKES = ()

def step(w, config):
    config["v"] = config.get("v", 0) + w
    return w - config["v"], config

def both(x, state):
    state["mean"] = x.mean()
    return 2 * x, 3 * x

def drawn(x, seed):
    return x * np.random.default_rng(seed).random(x.shape)

def keep(x, state):
    state["x"] = x

def implementation(changes):
    return {"work.keep": keep, "work.step": step, "work.both": both, "work.drawn": drawn}
"""
X = np.arange(1.0, 13.0)
NAMES = names([SOLUTION])


class Placed:
    """Stands for a value in the worker."""

    type_name = "dict"

    def __init__(self) -> None:
        self.handle = self


@pytest.fixture(scope="module")
def compare(warm_parent: WarmParent) -> Iterator[Any]:
    """``compare(calls, doubted)``: the parts of the answers to the calls of a check.

    A call is (function, arguments, answer), or (placed, what was seen there).
    """
    session = session_of(Catalogue(CATALOGUE.encode()), warm_parent)

    def compared(*calls: tuple[Any, ...], doubted: tuple[str, ...] = ()) -> Any:
        transcript = Transcript(["step", "both", "drawn", "keep"])
        transcript.begin(next(each for each, *_ in calls if isinstance(each, str)), "test_it")
        for target, *rest in calls:
            if isinstance(target, Placed):
                kind, given = ("fetch", []) if target in seen else ("place", rest)
                note = transcript.note(kind, target, "", given, [])
                transcript.answered(note, target if kind == "place" else rest[0], 0)
                seen.add(target)
                continue
            given, answer = rest
            note = transcript.note("call", "nndl.work", target, given, [])
            if isinstance(answer, StudentFault):
                transcript.failed(note, answer)
            else:
                transcript.answered(note, answer, 0)
        found = Student(session).compared.table(dict(transcript.calls.popitem()[1]), NAMES, doubted)
        return found["test_it"]

    seen: set[Placed] = set()
    yield compared
    session.close()


def test_the_parts_have_the_names_of_the_solution(compare) -> None:
    (parts,) = compare(("both", [X, {}], (2 * X, 4 * X)))
    assert parts == {"dx": True, "dw": False}


def test_a_step_is_judged_by_the_state_that_it_got(compare) -> None:
    """Wrong state in the first answer does not make the second one wrong."""
    first = ("step", [X, {"rate": 1}], (-X + X, {"rate": 1, "v": X + 1}))
    second = ("step", [X, {"rate": 1, "v": X + 1}], (-X - 1, {"rate": 1, "v": 2 * X + 1}))
    one, two = compare(first, second)
    assert one == {"w": True, 'config["v"]': False}
    assert two == {"w": True, 'config["v"]': True}


def test_what_is_only_passed_on_is_a_part_if_it_was_changed(compare) -> None:
    (parts,) = compare(("step", [X, {"rate": 1}], (X - X, {"rate": 2, "v": X})))
    assert parts == {"w": True, 'config["rate"]': False, 'config["v"]': True}


def test_what_a_call_leaves_in_a_placed_dict_is_a_part(compare) -> None:
    state = Placed()
    place, call, look, *_ = compare(
        (state, {}), ("both", [X, state], (2 * X, 3 * X)), (state, {"mean": 0.0})
    )
    assert (place, look) == ({}, {})
    assert call == {"dx": True, "dw": True, 'state["mean"], afterwards': False}


def test_what_is_drawn_is_neither_right_nor_wrong(compare) -> None:
    """Also what a seed determines: right code may draw by another generator."""
    assert compare(("drawn", [X, 3], X)) == [{"out": None}]
    assert compare(("drawn", [X, None], X)) == [{"out": None}]
    assert compare(("drawn", [X, 3], X[:2])) == [{"out": False}]


def test_an_exception_of_right_code_too_is_no_part(compare) -> None:
    fault = StudentFault("", {"type": "TypeError", "message": "", "trace": []})
    assert compare(("both", [X, {}], fault)) == [{"an exception": False}]
    assert compare(("both", ["x", {}], fault)) == [{}]
    assert compare(("both", ["x", {}], X)) == [{"": None}]


def test_an_answer_made_of_that_of_a_failed_task_is_not_judged(compare) -> None:
    start, other = X + 1, ("step", [X, {}], (X + 1, {"v": X}))
    other[2][0][:] = start
    calls = (("both", [X, {}], (2 * X, 3 * X)), other, ("both", [other[2][0], {}], (X, X)))
    assert compare(*calls)[2] == {"dx": False, "dw": False}
    assert compare(*calls, doubted=("step",))[2] == {"": None}


def test_nothing_in_return_is_no_part(compare) -> None:
    place, call, *_ = compare(
        (state := Placed(), {}), ("keep", [X, state], None), (state, {"x": X})
    )
    assert (place, call) == ({}, {'state["x"], afterwards': True})


def test_another_dtype_is_neither_right_nor_wrong(compare) -> None:
    x = X.astype(np.float32)
    (parts,) = compare(("both", [x, {}], (2 * X, 3 * x)))
    assert parts == {"dx": None, "dw": True}


def test_the_first_wrong_call_is_found() -> None:
    found = {"a": [{"x": True}], "b": [{}, {"x": None}, {"x": True, "y": False}, {"x": False}]}
    assert first_wrong(found, ["a", "b"]) == ("b", 2)
    assert first_wrong(found, ["a"]) == ("", -1)
