"""Where no known mistake explains a task, one sentence tells right from wrong, or there is none."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kit.course import Assignment
from kit.grading.diagnosis import explain
from kit.grading.diagnosis.names import names
from kit.grading.grader import Grader
from kit.results import TaskResult
from tests.support.course import submission, write_course

pytestmark = pytest.mark.usefixtures("warm")

STEP = '''
def double(w, g, config=None):
    """A step along a running mean of g."""
    config = {} if config is None else config
    rate = config.get("rate", 0.1)
    v = 0.5 * config.get("v", np.zeros_like(w)) + g
    next_w = w - rate * v
    config["v"] = v
    return next_w, config
'''
LAYER = '''
def remember(x, state):
    """Both gradients of a layer that keeps the mean of x."""
    dx = 2 * x
    db = x.sum(axis=0)
    state["mean"] = x.mean()
    return dx, db
'''
SOLUTION = f"import numpy as np\n{STEP}\n{LAYER}"
SUITE = '''\
import numpy as np
import pytest


def check(student, expect, rng, config, names, count=2, shape=(2, 3), dtype=float, where=""):
    w = rng.normal(size=shape).astype(dtype)
    v = config.get("v", 0) if config else 0
    rate = config.get("rate", 0.1) if config else 0.1
    for _ in range(count):
        g = rng.normal(size=shape).astype(dtype)
        next_w, config = expect.pair(student.work.double(w, g, config), "double", ("w", "config"))
        v = 0.5 * v + g
        if "next_w" in names:
            expect.close(next_w, w - rate * v, "next_w", rtol=1e-4, where=where)
        if "v" in names:
            expect.close(expect.entry(config, "v"), v, "v", rtol=1e-4)
        w = w - rate * v


@pytest.mark.task("double", points=1)
def test_step(student, expect, rng):
    """The step."""
    for shape in ((4,), (2, 3), (2, 3, 2)):
        config = {"rate": 0.3, "v": rng.normal(size=shape)}
        check(student, expect, rng, config, ["next_w"], 1, shape)


@pytest.mark.task("double", points=1)
def test_state(student, expect, rng):
    """The state."""
    check(student, expect, rng, {"rate": 0.3, "v": rng.normal(size=(2, 3))}, ["v"], 1)


@pytest.mark.task("double", points=1)
def test_steps(student, expect, rng):
    """Steps from nothing."""
    check(student, expect, rng, {"rate": 0.3}, ["next_w"], 2)


@pytest.mark.task("double", points=1)
def test_defaults(student, expect, rng):
    """The defaults."""
    check(student, expect, rng, {}, ["next_w"], 1)
    check(student, expect, rng, None, ["next_w"], 1)


@pytest.mark.task("double", points=1)
def test_float32(student, expect, rng):
    """The step in float32."""
    for v in (np.zeros((2, 3)), rng.normal(size=(2, 3))):
        config = {"rate": 0.3, "v": v.astype(np.float32)}
        check(student, expect, rng, config, ["next_w"], 1, dtype=np.float32)


@pytest.mark.task("remember", points=1)
def test_dx(student, expect, rng):
    """dx = 2 x"""
    x = rng.normal(size=(4, 3))
    dx, _ = expect.pair(student.work.remember(x, {}), "remember", ("dx", "db"))
    expect.close(dx, 2 * x, "dx")


@pytest.mark.task("remember", points=1)
def test_db(student, expect, rng):
    """db = sum of x"""
    x = rng.normal(size=(4, 3))
    _, db = expect.pair(student.work.remember(x, {}), "remember", ("dx", "db"))
    expect.close(db, x.sum(axis=0), "db")


@pytest.mark.task("remember", points=1)
def test_mean(student, expect, rng):
    """The mean is kept."""
    x, state = rng.normal(size=(4, 3)), student.place({})
    student.work.remember(x, state)
    expect.close(expect.entry(state.fetch(), "mean"), x.mean(), "mean")
'''
MISTAKES = f"""\
import numpy as np

from kit.checks.mistakes import Mistake

STATE = frozenset({{"v", "mean"}})
MISTAKES = (
    Mistake("ascent", "double", {{"sign": 1}}, "You go up."),
    Mistake("mean", "remember", {{"mean": 1}}, "You divide by N."),
)
{STEP.replace("def double", "def _double")}
{LAYER.replace("def remember", "def _remember")}

def implementation(changes):
    def double(w, g, config=None):
        next_w, config = _double(w, g, config)
        return (2 * w - next_w if "sign" in changes else next_w), config

    def remember(x, state):
        dx, db = _remember(x, state)
        return dx, db / len(x) if "mean" in changes else db

    return {{"work.double": double, "work.remember": remember}}
"""
V = '`config["v"]`'


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    folder = tmp_path_factory.mktemp("course")
    return write_course(folder, SUITE, solution=SOLUTION, mistakes=MISTAKES)


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course) as ready:
        yield ready


@pytest.fixture
def graded(grader: Grader) -> Callable[..., TaskResult]:
    """``graded(old, new, ...)``: the task whose code is changed so."""

    def grade(*changes: str) -> TaskResult:
        work = SOLUTION
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert old in work
            work = work.replace(old, new)
        result = grader.grade(submission(work), seed=3)
        assert result.status == "graded", result.message
        task = "double" if changes[0] in STEP else "remember"
        (found,) = (each for each in result.tasks if each.id == task)
        assert found.status == "failed"
        return found

    return grade


class TestSentence:
    def test_the_parts_that_are_right_and_the_one_that_is_wrong(self, graded) -> None:
        task = graded("x.sum(axis=0)", "x.max(axis=0)")
        assert task.diagnosis is None
        assert task.narrowed == (
            'In all 3 calls `dx` and `state["mean"]` are right; only `db` is wrong each time.'
        )

    def test_what_a_call_leaves_in_its_argument(self, graded) -> None:
        task = graded("= x.mean()", "= x.max()")
        assert task.narrowed == (
            'In all 3 calls `dx` and `db` are right; only `state["mean"]` is wrong each time.'
        )

    def test_the_first_to_be_wrong_of_what_is_computed_from_it(self, graded) -> None:
        task = graded("+ g\n", "+ 2 * g\n")
        assert task.narrowed == (
            f"{V} is wrong, and so is `next_w`, which can be computed from it: look at {V} first."
        )

    def test_a_state_that_is_zero_or_missing(self, graded) -> None:
        """The step after one that stored a wrong state is judged by that state."""
        task = graded("v = 0.5 *", "v = 0.7 *")
        assert task.narrowed == (
            f"In the 4 calls where {V} is 0 all is right; in those where {V} is not 0 only {V} is "
            f"wrong, and so is `next_w`, which can be computed from it: look at {V} first."
        )

    def test_a_setting_that_is_missing(self, graded) -> None:
        task = graded('get("rate", 0.1)', 'get("rate", 0.2)')
        assert task.narrowed == (
            'In the 8 calls where `config["rate"]` is there all is right; in those where '
            '`config["rate"]` is missing only `next_w` is wrong.'
        )

    def test_a_number_of_dimensions(self, graded) -> None:
        task = graded("- rate * v", "- rate * v * (1 + (w.ndim > 2))")
        assert task.narrowed == (
            "In the 9 calls where `w` has one or two dimensions all is right; in those where `w` "
            "has three dimensions only `next_w` is wrong."
        )

    def test_a_dtype(self, graded) -> None:
        task = graded("- rate * v", "- rate * v * (1 + (w.dtype == np.float32))")
        assert task.narrowed == (
            "In the 8 calls where `w` is float64 all is right; in those where `w` is float32 only "
            "`next_w` is wrong."
        )

    def test_a_call_that_goes_on_from_another(self, graded) -> None:
        task = graded(
            "next_w = w -", 'config["n"] = n = 1 + config.get("n", 0)\n    next_w = n * w -'
        )
        assert task.narrowed == (
            "In the 9 calls that go on from no earlier one all is right; in those that go on from "
            "an earlier one only `next_w` is wrong."
        )

    def test_an_exception(self, graded) -> None:
        task = graded('config.get("rate", 0.1)', 'config["rate"]')
        assert task.narrowed == (
            'In the 8 calls where `config["rate"]` is there all is right; in those where '
            '`config["rate"]` is missing `double` raises an exception.'
        )


class TestSilence:
    def test_a_diagnosis_of_all_is_enough(self, graded) -> None:
        task = graded("w - rate * v", "w + rate * v")
        assert task.diagnosis is not None
        assert task.narrowed is None

    def test_where_a_diagnosis_explains_some_checks_there_is_a_sentence(self, graded) -> None:
        """The step goes up, and in float32 a little further."""
        task = graded("w - rate * v", "w + rate * v * (1 + (w.dtype == np.float32))")
        assert task.diagnosis is not None
        assert task.narrowed == f"In all 5 calls {V} is right; only `next_w` is wrong each time."

    def test_where_nothing_is_right_nothing_is_said(self, graded) -> None:
        task = graded("dx = 2 * x", "dx = x", "x.sum(axis=0)", "x", "x.mean()", "x.max()")
        assert task.narrowed is None

    def test_where_each_failed_check_raised_nothing_is_said(self, graded) -> None:
        assert graded("    rate =", "    raise ValueError\n    rate =").narrowed is None

    @pytest.mark.parametrize(
        "answer",
        [
            "None",
            "object(), object()",
            "{(1, 2): 3}, {None: 1}",
            "'x' * 5000, [1, [2]]",
            "np.zeros((0, 3)), {'v': object()}",
            "np.array(['a']), {'v': 'a'}",
            "float('nan') * w, {'v': np.ma.masked}",
            "np.ones(10**6), {'v': np.ones((1, 10**6))}",
            "10**400, {'v': 10**400}",
        ],
    )
    def test_an_odd_answer_costs_nothing(self, graded, answer: str) -> None:
        task = graded("return next_w, config", f"return {answer}")
        assert task.score == 0

    def test_no_word_of_a_submission_is_repeated(self, graded) -> None:
        task = graded("next_w = w -", 'config["ada_l"] = 1\n    next_w = w + 1 -')
        assert "ada_l" not in (task.narrowed or "")

    def test_inputs_are_not_given_away(self, graded) -> None:
        """Neither the numbers of a setting nor those of an array."""
        task = graded("- rate * v", "- rate * v * (1 + (rate > 0.2))")
        assert "0.3" not in (task.narrowed or "")


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """``say(rows, said)``: the sentence on calls (check, parts, inputs) of a function ``f``."""
    known = ModuleType("mistakes")
    vars(known).update(MISTAKES=(), STATE=frozenset())
    monkeypatch.setitem(sys.modules, "mistakes", known)
    monkeypatch.syspath_prepend(str(Path(explain.__file__).parent))
    for name in ("replay", "circumstances", "differences", "compared", "narrow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    narrow = importlib.import_module("narrow")
    loaded = {"f": {"from": {"dx": ["dw"], "dw": []}}}

    def sentence(rows: Any, **said: str) -> str:
        made = [
            narrow.Row(check, number, "f", narrow._by_layer(parts), dict(*inputs))
            for number, (check, parts, *inputs) in enumerate(rows)
        ]
        found = narrow.find(made, list(said), said, loaded)
        return "" if found is None else narrow.sentence(found, made)

    yield sentence
    for name in ("replay", "circumstances", "differences", "compared", "narrow"):
        sys.modules.pop(name, None)


class TestRules:
    """When a sentence would not be sure, it is not said."""

    RIGHT, WRONG = {"dx": True, "dw": True}, {"dx": False, "dw": True}

    def test_a_part_that_alone_is_wrong_in_a_failed_check_is_wrong(self, say) -> None:
        assert say([("a", self.WRONG)], a="") == (
            "In the one call `dw` is right; only `dx` is wrong each time."
        )

    def test_of_two_wrong_parts_the_message_must_name_one(self, say) -> None:
        rows = [("a", {"dx": False, "dw": False, "db": True})]
        assert say(rows, a="") == ""
        assert say(rows, a="`dx` is wrong; the largest difference is 1.") == (
            "In the one call `db` is right; `dx` is wrong each time."
        )

    def test_a_check_that_passed_with_nothing_right_in_it_accepts_it(self, say) -> None:
        assert say([("a", self.WRONG), ("b", {"dx": False})], a="") == ""

    def test_a_failed_check_with_all_right_has_a_reason_that_nobody_sees(self, say) -> None:
        assert say([("a", self.WRONG), ("b", self.RIGHT)], a="", b="") == ""

    def test_what_is_wrong_without_the_other_does_not_come_from_it(self, say) -> None:
        both = ("a", {"dx": False, "dw": False})
        named = {"a": "`dx` is wrong", "b": "`dw` is wrong"}
        first = "`dw` is wrong, and so is `dx`, which can be computed from it: look at `dw` first."
        assert say([both, ("b", both[1])], **named) == first
        assert say([both, ("b", both[1]), ("c", self.WRONG)], c="", **named) == ""

    def test_what_is_drawn_is_not_counted(self, say) -> None:
        rows = [("a", self.WRONG), ("a", self.WRONG), ("b", {"dx": None, "dw": True})]
        assert say(rows, a="") == (
            "In all 2 calls that can be compared `dw` is right; only `dx` is wrong each time."
        )

    def test_circumstances_that_come_together_are_named_together_or_not_at_all(self, say) -> None:
        def calls(*inputs: tuple[str, str]) -> list[tuple[Any, ...]]:
            return [
                ("a", {"dx": right}, dict.fromkeys(inputs, right)) for right in (True, True, False)
            ]

        p, q, r = ("zero", "p"), ("zero", "q"), ("one", "r")
        assert say(calls(p), a="") == (
            "In the 2 calls where `p` is 0 all is right; in those where `p` is not 0 only `dx` is "
            "wrong."
        )
        assert "where `p` and `q` are 0 all is right" in say(calls(p, q), a="")
        assert "where `p` is 0 and where `r` is 1 all is right" in say(calls(p, r), a="")
        assert say(calls(p, r, ("has", "s")), a="") == ""
        assert say(calls(p)[1:], a="") == ""  # one right call may be so by chance

    def test_a_key_that_is_missing_says_nothing_of_what_is_computed_from_it(self, say) -> None:
        both = {"dx": False, "dw": False}
        named = {"a": "`dx` is wrong", "b": "`dw` is wrong"}
        assert say([("a", both), ("b", both)], **named) != ""
        assert say([("a", both | {"a key": True}), ("b", both)], **named) == ""

    def test_numbers_alone_make_no_layers(self, say) -> None:
        rows = [("a", {"dx": True, 'config["beta1"]': False, 'config["beta2"]': True})]
        assert say(rows, a="") == (
            'In the one call `dx` and `config["beta2"]` are right; only `config["beta1"]` is wrong '
            "each time."
        )

    def test_layers_count_from_the_last(self, say) -> None:
        right = {'grads["W2"]': True, 'grads["b2"]': True, 'grads["b1"]': True}
        rows = [("a", right | {'grads["W1"]': False}), ("b", right | {'grads["W1"]': True})]
        assert say(rows, a="") == (
            'In all 2 calls `grads["W…"]` of the last layer and `grads["b…"]` are right; only '
            '`grads["W…"]` of the layers before the last is wrong, in 1 of 2 calls.'
        )


class TestNames:
    def test_what_a_part_is_computed_from(self) -> None:
        assert names([SOLUTION])["double"] == {
            "parameters": ["w", "g", "config"],
            "returns": [["next_w", "config"]],
            "from": {"config": [], "next_w": ["config", 'config["v"]'], 'config["v"]': ["config"]},
        }

    def test_what_only_one_branch_uses_does_not_count(self) -> None:
        text = """
def f(x, state):
    mean = state.get("mean")
    if x > 0:
        out = x
        mean = x
    else:
        out = x - mean
    state["mean"] = mean
    return out
"""
        assert names([text])["f"]["from"]["out"] == []

    def test_methods_and_what_makes_an_object(self) -> None:
        text = """
class Net:
    def __init__(self, sizes, reg=0):
        pass

    def loss(self, X, y=None):
        if y is None:
            return scores
        return loss, grads, 1
"""
        found = names([text])
        assert found["Net"]["parameters"] == ["sizes", "reg"]
        assert found["loss"]["returns"] == [["scores"]]
