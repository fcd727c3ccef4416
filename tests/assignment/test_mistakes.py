"""Every known mistake fails its own task and no other, and is recognised in whatever code it hides.

Mistakes come from two sources: the catalogue, whose own code is handed in (``TestMutations``), and
tests/submissions/mistaken/, written by hand as students write them (``TestHandWritten``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from kit.checks.mistakes import summary
from kit.course import Assignment
from kit.grading.diagnosis.catalogue import load
from kit.grading.grader import Grader
from tests.support.course import ROOT
from tests.support.mistaken import EXPECTED
from tests.support.results import task_of
from tests.support.teams import check_caught, submission_of, teams
from tests.support.variants import (
    catalogued,
    files_in,
    load_catalogue,
    lost,
    rewritten,
    unit_tasks_grader,
)

pytestmark = pytest.mark.usefixtures("warm")

catalogue = load_catalogue()
MISTAKES = {mistake.id: mistake for mistake in catalogue.MISTAKES}
MODULES = {
    "affine_forward": "layers",
    "affine_backward": "layers",
    "relu_forward": "layers",
    "relu_backward": "layers",
    "affine_relu": "layer_utils",
    "fc_net": "fc_net",
    "sgd_momentum": "optim",
    "sgd_nesterov_momentum": "optim",
    "rmsprop": "optim",
    "adam": "optim",
}
"""The module of each unit task."""

WRITTEN = files_in("mistaken")
KNOWN = load(Assignment(ROOT, "optimization"))
TEAMS = teams(KNOWN, tuple(MODULES))

SEEDS = (0, 1)
MORE_SEEDS = range(2, 10)


@pytest.fixture(scope="module")
def grader(optimization: Assignment) -> Iterator[Grader]:
    with unit_tasks_grader(optimization) as ready:
        yield ready


def check_failed(result: dict[str, Any], task: str, seed: int) -> None:
    """``task`` failed, and every other passed."""
    assert result["status"] == "graded"
    failed = lost(result)
    assert task in failed, f"{task} passed with seed {seed}"
    assert list(failed) == [task], f"with seed {seed}: {failed}"


def check_recognised(result: dict[str, Any], mistakes: list[str], seed: int) -> None:
    """Each failed check of the task names the mistakes, and the task has their texts."""
    task = task_of(result, MISTAKES[mistakes[0]].task)
    failed = [check for check in task["checks"] if check["status"] == "failed"]
    named = {frozenset(check.get("diagnosis", "").split("+")) for check in failed}
    assert named == {frozenset(mistakes)}, f"with seed {seed}"
    assert set(task["diagnosis"]["mistakes"]) == set(mistakes)
    for name in mistakes:
        assert MISTAKES[name].text in task["diagnosis"]["text"]


class TestCatalogue:
    """The catalogue fits together and does not give the answers away."""

    def test_it_is_large_and_covers_every_unit_task(self) -> None:
        assert len(catalogue.MISTAKES) >= 60
        assert {mistake.task for mistake in catalogue.MISTAKES} == set(MODULES)

    def test_ids_are_unique_and_begin_with_the_task(self) -> None:
        assert len(MISTAKES) == len(catalogue.MISTAKES)
        for mistake in catalogue.MISTAKES:
            task, _, name = mistake.id.partition(".")
            assert task == mistake.task
            assert name.isidentifier()

    def test_a_mistake_turns_switches_of_its_own_task_away_from_what_is_right(self) -> None:
        for mistake in catalogue.MISTAKES:
            assert mistake.changes
            for switch, value in mistake.changes.items():
                assert switch.startswith(f"{mistake.task}.")
                assert value != catalogue.SWITCHES.right[switch]

    def test_no_two_mistakes_turn_the_same_switches_the_same_way(self) -> None:
        turned = [tuple(sorted(m.changes.items(), key=str)) for m in catalogue.MISTAKES]
        assert len(set(turned)) == len(turned)

    def test_every_switch_is_turned_by_some_mistake(self) -> None:
        turned = {switch for mistake in catalogue.MISTAKES for switch in mistake.changes}
        assert turned == catalogue.SWITCHES.right.keys()

    def test_an_unknown_switch_is_refused(self) -> None:
        with pytest.raises(KeyError, match=r"no switch adam\.corection"):
            catalogue.implementation({"adam.corection": "none"})

    @pytest.mark.parametrize("name", MISTAKES)
    def test_the_text_is_addressed_to_the_student_and_short(self, name: str) -> None:
        text = MISTAKES[name].text
        assert text.endswith(".")
        assert "you" in text.lower()
        assert "  " not in text
        assert 40 < len(text) < 320

    def test_no_text_holds_a_line_of_the_solution(self, optimization: Assignment) -> None:
        lines = {
            line.partition("#")[0].strip()
            for name in optimization.student_files
            for line in (optimization.solutions / name).read_text(encoding="utf-8").splitlines()
        }
        code = {line for line in lines if any(sign in line for sign in "=([")}
        assert len(code) > 100
        for mistake in catalogue.MISTAKES:
            assert not [line for line in code if len(line) > 8 and line in mistake.text]

    @pytest.mark.parametrize("name", MISTAKES)
    def test_the_text_speaks_the_language_of_the_docstring(
        self, optimization: Assignment, name: str
    ) -> None:
        """A student who reads of a beta in the docstring is not told of a rho."""
        task = MISTAKES[name].task
        if MODULES[task] == "optim":
            text = (optimization.solutions / "nndl/optim.py").read_text(encoding="utf-8")
            documented = text.partition(f"def {task}(")[2].split('"""')[1]
            greek = {letter for letter in MISTAKES[name].text if "\u03b1" <= letter <= "\u03c9"}
            assert greek <= set(documented)

    @pytest.mark.parametrize("task", MODULES)
    def test_any_two_mistakes_of_a_task_with_different_switches_can_be_combined(
        self, task: str
    ) -> None:
        """They compute, or end in an error that students' code ends in, too."""
        own = [mistake for mistake in catalogue.MISTAKES if mistake.task == task]
        for first, second in combinations(own, 2):
            if first.changes.keys().isdisjoint(second.changes):
                functions = catalogue.implementation({**first.changes, **second.changes})
                try:
                    call_everything(functions, task)
                except (KeyError, ValueError, IndexError):
                    continue

    @pytest.mark.parametrize("module", sorted(set(MODULES.values())))
    def test_without_changes_it_is_right(
        self, grader: Grader, optimization: Assignment, module: str
    ) -> None:
        for seed in SEEDS:
            assert lost(grader.grade(catalogued(optimization, module, {}), seed).as_dict()) == {}


def call_everything(functions: dict[str, Any], task: str) -> None:
    """One call of each function of a task, with small inputs."""
    x, w, b, dout = np.ones((2, 2, 3)), np.ones((6, 4)), np.ones(4), np.ones((2, 4))
    if MODULES[task] == "optim":
        functions[f"optim.{task}"](w, w.copy(), {})
    elif task == "fc_net":
        net = functions["fc_net.FullyConnectedNet"]([4], 6, 5, reg=0.5, dtype=np.float64)
        net.loss(x, np.array([0, 1]))
    elif task.startswith("affine"):
        module = MODULES[task]
        forward, backward = ("affine_relu_forward", "affine_relu_backward")
        if module == "layers":
            forward, backward = ("affine_forward", "affine_backward")
        _, cache = functions[f"{module}.{forward}"](x, w, b)
        functions[f"{module}.{backward}"](dout, cache)
    else:
        functions["layers.relu_forward"](x.copy())
        functions["layers.relu_backward"](dout, dout.copy())


class TestSummary:
    """What is compared of parameters that were drawn at random."""

    @staticmethod
    def net(**changes: Any) -> Any:
        switches = {f"fc_net.{switch}": value for switch, value in changes.items()}
        make = catalogue.implementation(switches)["fc_net.FullyConnectedNet"]
        return lambda seed, scale=0.3: summary(
            make([100], 60, 50, weight_scale=scale, dtype=np.float64, seed=seed).params
        )

    def test_nets_from_different_seeds_are_the_same(self) -> None:
        right = self.net()
        assert all(right(0) == right(seed) for seed in range(1, 200))

    def test_so_are_small_nets(self) -> None:
        make = catalogue.implementation({})["fc_net.FullyConnectedNet"]
        first, *others = (summary(make([4, 3], 6, 5, seed=s).params) for s in range(200))
        assert all(first == other for other in others)

    @pytest.mark.parametrize("scale", [0.02, 0.1, 0.25, 0.49])
    @pytest.mark.parametrize("weights", sorted(catalogue.SPREADS.keys() - {"right"}))
    def test_wrong_weights_differ_for_every_weight_scale(self, weights: str, scale: float) -> None:
        assert self.net()(0, scale) != self.net(weights=weights)(1, scale)

    @pytest.mark.parametrize(
        "changes", [{"biases": "row"}, {"biases": "ones"}, {"names": 0}, {"layers": "hidden"}]
    )
    def test_so_do_wrong_shapes_names_and_constants(self, changes: dict[str, Any]) -> None:
        assert self.net()(0) != self.net(**changes)(0)

    def test_dtypes_are_told_apart(self) -> None:
        values = np.linspace(0, 1, 50)
        assert summary({"W1": values}) != summary({"W1": values.astype(np.float32)})

    @pytest.mark.parametrize(
        "params",
        [
            None,
            [np.zeros(3)],
            {"W1": None, 3: "text"},
            {"W1": np.zeros((0, 4)), "b1": np.array(True), "b2": np.array(2)},
            {"W1": np.array([np.nan, 1.0]), "b1": np.array([np.inf, 1.0])},
            {"W1": np.array([1e308, -1e308]), "b1": np.array([1e-200, -1e-200])},
            {"W1": np.array([1e38, -1e38], dtype=np.float32)},
        ],
    )
    def test_whatever_a_submission_has_there_can_be_compared(self, params: Any) -> None:
        assert summary(params) == summary(params)
        assert summary(params) != summary({"W1": np.ones(2), "b7": np.ones(1)})


class TestMutations:
    """The catalogue's own code, handed in."""

    @pytest.mark.one_in(20, 0)
    @pytest.mark.parametrize("name", MISTAKES)
    def test_a_mistake_fails_its_own_task_only(
        self, grader: Grader, optimization: Assignment, drawn: Any, name: str
    ) -> None:
        mistake = MISTAKES[name]
        submission = catalogued(optimization, MODULES[mistake.task], mistake.changes)
        for seed in drawn(SEEDS, 1, name):
            result = grader.grade(submission, seed).as_dict()
            check_failed(result, mistake.task, seed)
            check_recognised(result, [name], seed)

    @pytest.mark.parametrize("first", TEAMS)
    def test_a_mistake_is_caught_and_recognised(
        self, grader: Grader, optimization: Any, drawn: Any, first: str
    ) -> None:
        """With one of each other task at once; that it fails no other is shown above."""
        mistakes = TEAMS[first].mistakes
        submission = submission_of(optimization, KNOWN, *mistakes)
        for seed in drawn(MORE_SEEDS, 1, first):
            result = grader.grade(submission, seed).as_dict()
            check_caught(result, KNOWN, *mistakes)
            for name in mistakes:
                check_recognised(result, [name], seed)


class TestHandWritten:
    """Mistakes in the words of students."""

    def test_every_file_is_in_the_table(self) -> None:
        assert EXPECTED.keys() == WRITTEN.keys()
        assert len(WRITTEN) >= 25
        assert {mistake for names in EXPECTED.values() for mistake in names} <= MISTAKES.keys()

    @pytest.mark.one_in(2, 0)
    @pytest.mark.parametrize("name", WRITTEN)
    def test_it_fails_its_own_task_only_and_is_recognised(
        self, grader: Grader, optimization: Assignment, drawn: Any, name: str
    ) -> None:
        submission = rewritten(optimization, WRITTEN[name])
        for seed in drawn(SEEDS, 1, name):
            result = grader.grade(submission, seed).as_dict()
            check_failed(result, MISTAKES[EXPECTED[name][0]].task, seed)
            check_recognised(result, EXPECTED[name], seed)
