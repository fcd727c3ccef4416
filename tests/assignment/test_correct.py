"""No right answer is refused: correct solutions, written in many ways, get full marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from tests.support.variants import files_in, graders, lost, rewritten, unit_tasks_grader

pytestmark = pytest.mark.usefixtures("warm")

CORRECT = files_in("correct")
FEW_SEEDS, MANY_SEEDS = range(3), range(50)
LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
DEPENDENT = {
    "layers": (*LAYERS, "affine_relu", "fc_net"),
    "layer_utils": ("affine_relu", "fc_net"),
    "fc_net": ("fc_net",),
}
"""The tasks whose checks run the code of a module."""
RULES = ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam")


@pytest.fixture(scope="module")
def grader(optimization: Assignment) -> Iterator[Grader]:
    with unit_tasks_grader(optimization) as ready:
        yield ready


@pytest.fixture(scope="module")
def grader_of(optimization: Assignment) -> Iterator[Callable[..., Grader]]:
    with graders(optimization) as ready:
        yield ready


def test_there_are_correct_solutions_to_every_module(optimization: Assignment) -> None:
    modules = {Path(name).stem for name in optimization.student_files}
    assert {path.parent.name for path in CORRECT.values()} == modules
    assert len(CORRECT) >= 25


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_solution_gets_full_marks(
    grader: Grader, optimization: Assignment, drawn: Callable[..., range], name: str
) -> None:
    check(grader, optimization, name, drawn(FEW_SEEDS, 1, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_solution_gets_full_marks_whatever_the_inputs(
    grader_of: Callable[..., Grader],
    optimization: Assignment,
    drawn: Callable[..., range],
    name: str,
) -> None:
    """Those tasks are graded that run code of the file: of the rules, those that it names."""
    text = CORRECT[name].read_text(encoding="utf-8")
    named = [rule for rule in RULES if rule in text]
    tasks = DEPENDENT.get(name.partition("/")[0]) or named
    check(grader_of(*tasks), optimization, name, drawn(MANY_SEEDS, 2, name))


def check(grader: Grader, optimization: Assignment, name: str, seeds: range) -> None:
    """Every task passes, with every seed; the messages are those of the first that doesn't."""
    for seed in seeds:
        result = grader.grade(rewritten(optimization, CORRECT[name]), seed).as_dict()
        assert result["status"] == "graded"
        assert lost(result) == {}, f"with seed {seed}"
