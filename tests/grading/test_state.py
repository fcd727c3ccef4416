"""State in dicts and objects, and chance: a mistake that shows in them is named like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.release.coverage import measure
from tests.support.course import submission, write_course
from tests.support.results import task_of

pytestmark = pytest.mark.usefixtures("warm")

SOLUTION = '''\
"""What a student writes."""

import numpy as np


def double(x, state):
    """x without the running mean, which is kept in ``state``."""
    # YOUR CODE HERE: double
    mean = 0.5 * state.get("mean", 0) + 0.5 * x.mean(axis=0)
    state["mean"] = mean
    return x - mean
    # END YOUR CODE HERE


class Net:
    """Has state of its own."""

    def __init__(self, size):
        # YOUR CODE HERE: double
        self.params = {"w": np.random.default_rng().normal(size=(size, size))}
        self.states = [{"mean": np.zeros(size)} for _ in range(2)]
        # END YOUR CODE HERE

    def step(self, x):
        """Keep the running means of x and of 2 x."""
        # YOUR CODE HERE: double
        for factor, state in enumerate(self.states, start=1):
            double(factor * x, state)
        # END YOUR CODE HERE


def remember(x, keep, seed=None):
    """x where it is kept, else 0."""
    # YOUR CODE HERE: remember
    return x * (np.random.default_rng(seed).random(x.shape) < keep) / keep
    # END YOUR CODE HERE
'''
SUITE = '''\
import numpy as np
import pytest


@pytest.mark.task("double", points=2)
def test_value(student, expect, rng):
    """x - mean"""
    x, state = rng.normal(size=(4, 3)), student.place({})
    expect.close(student.work.double(x, state), x - x.mean(axis=0) / 2, "double(x)")


@pytest.mark.task("double", points=2)
def test_net(student, expect, rng):
    """The net keeps a running mean for each factor."""
    x = rng.normal(size=(4, 3))
    net = student.work.Net(3)
    expect.that(set(net.get("params")) == {"w"}, "`params` holds w.")
    net.step(x)
    for factor, state in enumerate(net.get("states"), start=1):
        expect.close(expect.entry(state, "mean"), factor * x.mean(axis=0) / 2, "mean")


@pytest.mark.task("remember", points=1)
def test_share(student, expect, rng):
    """Entries are kept with the probability keep, and scaled by 1/keep."""
    x = rng.uniform(1, 2, size=(40, 50))
    out = expect.array(student.work.remember(x, 0.5), "out")
    expect.close(np.mean(out), 1.5, "mean of out", atol=0.3)


@pytest.mark.task("remember", points=1)
def test_seed(student, expect, rng):
    """The same seed keeps the same entries, and keep=1 all of them."""
    x = rng.uniform(1, 2, size=(40, 50))
    expect.close(student.work.remember(x, 1.0), x, "out with keep=1")
    one, other = (student.work.remember(x, 0.5, seed=3) for _ in range(2))
    expect.close(one, other, "out")
'''
MISTAKES = """\
import numpy as np

from kit.checks.mistakes import Switches

SWITCHES = Switches(
    {
        "double": {"kept": True, "sign": -1, "first": 0.5, "states": 2},
        "remember": {"scaled": True, "seeded": True},
    }
)
STATE = frozenset({"mean"})
DRAWN = frozenset({"params"})
MISTAKES = (
    *SWITCHES.mistakes(
        "double",
        ("added", {"sign": 1}, "You add the mean."),
        ("added_and_lost", {"sign": 1, "kept": False}, "You add the mean and forget it."),
        ("lost", {"kept": False}, "You forget the mean."),
        ("shared", {"states": 1}, "You keep one state where there are two."),
    ),
    *SWITCHES.mistakes(
        "remember",
        ("unscaled", {"scaled": False}, "You don't scale."),
        ("unseeded", {"seeded": False}, "You don't use the seed."),
        chance=True,
    ),
)


def implementation(changes):
    on = SWITCHES.on(changes)

    def double(x, state):
        mean = 0.5 * state.get("mean", 0) + 0.5 * x.mean(axis=0)
        if on["double"]["kept"]:
            state["mean"] = mean
        return x + on["double"]["sign"] * mean

    class Net:
        def __init__(self, size):
            self.params = {"w": np.random.default_rng().normal(size=(size, size))}
            self.states = [{"mean": np.zeros(size)} for _ in range(on["double"]["states"])] * (
                3 - on["double"]["states"]
            )

        def step(self, x):
            for factor, state in enumerate(self.states, start=1):
                double(factor * x, state)

    def remember(x, keep, seed=None):
        seed = seed if on["remember"]["seeded"] else None
        kept = np.random.default_rng(seed).random(x.shape) < keep
        return x * kept / (keep if on["remember"]["scaled"] else 1)

    return {"work.double": double, "work.Net": Net, "work.remember": remember}
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    folder = tmp_path_factory.mktemp("course")
    return write_course(folder, SUITE, solution=SOLUTION, mistakes=MISTAKES)


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course) as ready:
        yield ready


@pytest.fixture
def named(grader: Grader) -> Callable[..., list[str]]:
    """``named(task, old, new)``: the mistakes named where the solution has ``new`` for ``old``."""

    def grade(task: str, old: str, new: str) -> list[str]:
        assert old in SOLUTION
        result = grader.grade(submission(SOLUTION.replace(old, new))).as_dict()
        assert result["status"] == "graded", result
        found: dict[str, Any] = task_of(result, task)
        assert found["status"] == "failed"
        return list(found.get("diagnosis", {"mistakes": []})["mistakes"])

    return grade


def test_the_solution_is_right(grader: Grader) -> None:
    assert grader.grade(submission(SOLUTION)).score == 6


class TestState:
    """What a call leaves in what it was given is compared, also where the check never looks."""

    def test_the_one_that_keeps_its_state_is_named(self, named) -> None:
        assert named("double", "return x - mean", "return mean + x") == ["double.added"]

    def test_so_is_the_one_that_does_not(self, named) -> None:
        old = '    state["mean"] = mean\n    return x - mean'
        assert named("double", old, "    return mean + x") == ["double.added_and_lost"]

    def test_one_whose_state_no_mistake_explains_is_not_named(self, named) -> None:
        old = '    state["mean"] = mean\n    return x - mean'
        assert named("double", old, '    state["mean"] = 7 * mean\n    return x + mean') == []

    def test_an_attribute_with_state_is_compared(self, named) -> None:
        old = '[{"mean": np.zeros(size)} for _ in range(2)]'
        assert named("double", old, '[{"mean": np.zeros(size)}] * 2') == ["double.shared"]

    def test_what_cannot_be_looked_at_costs_the_diagnosis_alone(self, grader: Grader) -> None:
        """A dict that can't be sent fails no check that does not ask for it."""
        odd = SOLUTION.replace('state["mean"] = mean', 'state["mean"] = mean; state[object()] = 1')
        assert task_of(grader.grade(submission(odd)).as_dict(), "remember")["score"] == 2
        checks = task_of(grader.grade(submission(odd)).as_dict(), "double")["checks"]
        assert [check["status"] for check in checks] == ["passed", "failed"]


class TestChance:
    """A mistake that draws what nobody can draw again is compared by statistics."""

    def test_it_is_named_whatever_the_generator(self, named) -> None:
        old = "np.random.default_rng(seed).random(x.shape)"
        assert named("remember", old, "np.random.rand(*x.shape)") == ["remember.unseeded"]

    def test_another_spread_is_another_mistake(self, named) -> None:
        """With 7% of the entries kept, as no mistake of the catalogue does it."""
        assert named("remember", "< keep) / keep", "< keep / 7) / keep") == []

    def test_what_no_draw_changes_must_be_the_same_number_by_number(self, named) -> None:
        """With keep=1 the mistakes return x; its rows in another order are spread alike."""
        assert named("remember", "return x *", "return x[::-1] *") == []

    def test_every_mistake_is_caught_and_named(self, course: Assignment) -> None:
        caught = {each.mistake: each for each in measure(course)}
        assert len(caught) == 6
        assert [name for name, each in caught.items() if not each.named] == []
