"""The third homework: right answers get full marks, mistakes cost what they concern, no more."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kit.checks import derivatives
from kit.checks.documented import case
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.provided import load_beside
from tests.support import student_versions
from tests.support.course import ROOT
from tests.support.results import task_of
from tests.support.teams import check_caught, submission_of, teams
from tests.support.variants import (
    altered,
    files_in,
    forget_modules,
    graders,
    lost,
    rewritten,
    unit_tasks_grader,
)

pytestmark = pytest.mark.usefixtures("warm")

ASSIGNMENT = Assignment(ROOT, "cnn")
DOCUMENTED = json.loads((ASSIGNMENT.suites / "documented.json").read_text(encoding="utf-8"))
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(ASSIGNMENT.notebook.read_text(encoding="utf-8"))["cells"]
}
CORRECT = files_in("cnn/correct")
handed_in = partial(altered, ASSIGNMENT)
KNOWN = catalogue.load(ASSIGNMENT)
TEAMS = teams(
    KNOWN,
    ("conv_forward_naive", "max_pool_forward_naive", "spatial_batchnorm_forward"),
    ("conv_backward_naive", "max_pool_backward_naive", "spatial_batchnorm_backward", "conv_net"),
)
SEEDS = range(20)
TASKS = ("conv_forward_naive", "max_pool_forward_naive", "spatial_batchnorm_forward")
"""Those that the notebook shows a documented call of."""


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with unit_tasks_grader(ASSIGNMENT) as ready:
        yield ready


@pytest.fixture(scope="module")
def grader_of() -> Iterator[Callable[..., Grader]]:
    with graders(ASSIGNMENT) as ready:
        yield ready


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    return load_beside(ASSIGNMENT.suites, "oracle")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The release as a student has it who solved everything, to import from."""
    folder = student_versions.solved(ASSIGNMENT, tmp_path_factory.mktemp("solved") / "cnn")
    with pytest.MonkeyPatch.context() as patch:
        forget_modules()
        patch.syspath_prepend(str(folder))
        try:
            yield folder
        finally:
            forget_modules()


class TestRightAnswers:
    def test_there_are_many(self) -> None:
        assert {path.parent.name for path in CORRECT.values()} == {"conv_layers", "cnn"}
        assert len(CORRECT) >= 25

    @pytest.mark.parametrize("name", CORRECT)
    def test_each_gets_full_marks_whatever_the_inputs(
        self, grader: Grader, name: str, drawn: Callable[..., Sequence[int]]
    ) -> None:
        for seed in drawn(SEEDS, 1, name):
            result = grader.grade(rewritten(ASSIGNMENT, CORRECT[name]), seed).as_dict()
            assert result["status"] == "graded"
            assert lost(result) == {}, f"with seed {seed}"


class TestMistakes:
    def test_there_are_many(self) -> None:
        assert len(KNOWN.tasks) >= 60

    @pytest.mark.slow
    @pytest.mark.parametrize("first", TEAMS)
    def test_each_is_caught_and_named(self, grader_of: Any, first: str) -> None:
        """With those of other tasks at once; that it fails no other is shown below."""
        mistakes, tasks = TEAMS[first]
        result = grader_of(*tasks).grade(submission_of(ASSIGNMENT, KNOWN, *mistakes)).as_dict()
        check_caught(result, KNOWN, *mistakes)

    @pytest.mark.slow
    @pytest.mark.one_in(30, 5)
    @pytest.mark.parametrize("mistake", KNOWN.tasks)
    def test_alone_it_fails_no_other_task(self, grader: Grader, mistake: str) -> None:
        result = grader.grade(submission_of(ASSIGNMENT, KNOWN, mistake)).as_dict()
        check_caught(result, KNOWN, mistake)

    @pytest.mark.parametrize(
        ("module", "old", "new", "task", "points"),
        [
            ("conv_layers", "w[f], axis", "w[f, ::-1], axis", "conv_forward_naive", 1),
            ("conv_layers", "dw[f] += np.sum", "dw[f] += np.mean", "conv_backward_naive", 12),
            ("conv_layers", ".max(axis=(2, 3))", ".min(axis=(2, 3))", "max_pool_forward_naive", 0),
            ("conv_layers", "column] += dout", "column] = dout", "max_pool_backward_naive", 8),
            ("cnn", "0.5 * self.reg", "self.reg", "conv_net", 13),
        ],
    )
    def test_what_works_earns_its_share_and_nothing_else_is_lost(
        self, grader: Grader, module: str, old: str, new: str, task: str, points: int
    ) -> None:
        result = grader.grade(handed_in(**{module: (old, new)}), 0).as_dict()
        assert list(lost(result)) == [task]
        assert task_of(result, task)["score"] == points

    def test_fast_layers_are_no_answer(self, grader: Grader) -> None:
        """The given ones do what the network needs and nothing else."""
        fast = "\n\nfrom nndl.fast_layers import *\n" + "".join(
            f"{layer}_{way}_naive = {layer}_{way}_fast\n"
            for layer in ("conv", "max_pool")
            for way in ("forward", "backward")
        )
        files = dict(handed_in().files)
        files["nndl/conv_layers.py"] += fast.encode()
        result = grader.grade(Submission("eve", files), 0).as_dict()
        scores = {
            name: task_of(result, name)["score"]
            for name in ("conv_forward_naive", "conv_backward_naive", "max_pool_forward_naive")
        }
        assert scores == dict.fromkeys(scores, 0)

    def test_what_is_handed_out_earns_nothing(self, grader: Grader) -> None:
        files = {n: (ASSIGNMENT.release / n).read_bytes() for n in ASSIGNMENT.student_files}
        result = grader.grade(Submission("bob", files), 0).as_dict()
        assert (result["status"], result["score"]) == ("graded", 0)


class TestNotebook:
    @pytest.mark.parametrize("task", TASKS)
    def test_its_example_is_the_documented_one(
        self, solved: Path, capsys: pytest.CaptureFixture, task: str
    ) -> None:
        exec(CELLS[task], {})
        printed = dict(re.findall(r"^(.+ error): (\S+)$", capsys.readouterr().out, re.MULTILINE))
        assert list(printed) == list(DOCUMENTED[task]["printed"])
        for name, value in DOCUMENTED[task]["printed"].items():
            # the last bits of a sum depend on the order of its terms
            assert float(printed[name]) == pytest.approx(value, rel=1e-3, abs=1e-14), name

    def test_its_other_checks_accept_the_solution(self, solved: Path) -> None:
        for task in ("conv_backward_naive", "max_pool_backward_naive", "conv_net"):
            exec(CELLS[task], {})
        exec(CELLS["spatial_batchnorm_backward"], {})

    def test_the_documented_numbers_are_the_oracle_s(self, oracle: ModuleType) -> None:
        calls = {task: case(DOCUMENTED[task]) for task in TASKS}
        conv, pool, norm = (dict(calls[task].inputs) for task in TASKS)
        param, conv_param = norm.pop("bn_param"), conv.pop("conv_param")
        pool_param = pool.pop("pool_param")
        means, _ = oracle.running_averages([norm["x"]], momentum=param["momentum"])
        right = (
            {"out": oracle.convolution(**conv, **conv_param)},
            {"out": oracle.max_pool(**pool, **pool_param)},
            {
                "out": oracle.spatial_batchnorm(**norm, eps=param["eps"]),
                "running_mean": means[-1],
            },
        )
        for task, values in zip(TASKS, right, strict=True):
            assert calls[task].is_right(values), task

    def test_it_trains_by_the_recipe_of_the_grader(self) -> None:
        suite = (ASSIGNMENT.suites / "test_cifar10.py").read_text(encoding="utf-8")
        settings = ("learning_rate", "lr_decay", "batch_size", "weight_scale", "num_filters")
        for setting in (*settings, "filter_size", "hidden_dim"):
            values = re.compile(rf'{setting}"?[=:] ?([^,}})\s]+)')
            assert values.findall(suite) == values.findall(CELLS["train"]) != [], setting


class TestFastLayers:
    def test_they_compute_what_the_naive_layers_compute(self, solved: Path, oracle, rng) -> None:
        fast = importlib.import_module("nndl.fast_layers")
        x, w, b = rng.normal(size=(9, 2, 4, 6)), rng.normal(size=(3, 2, 5, 5)), rng.normal(size=3)
        out, cache = fast.conv_forward_fast(x, w, b, {"stride": 1, "pad": 2})
        layer = partial(oracle.convolution, stride=1, pad=2)
        np.testing.assert_allclose(out, layer(x, w, b))
        dout = rng.normal(size=out.shape)
        got = fast.conv_backward_fast(dout, cache)
        for one, other in zip(got, derivatives.backward(layer, dout, x, w, b), strict=True):
            np.testing.assert_allclose(one, other)

        window = {"pool_height": 2, "pool_width": 2, "stride": 2}
        out, cache = fast.max_pool_forward_fast(x, window)
        np.testing.assert_allclose(out, oracle.max_pool(x, **window))
        dout = rng.normal(size=out.shape)
        (right,) = derivatives.backward(partial(oracle.max_pool, **window), dout, x)
        np.testing.assert_allclose(fast.max_pool_backward_fast(dout, cache), right)

    def test_they_keep_float32(self, solved: Path, rng) -> None:
        fast = importlib.import_module("nndl.fast_layers")
        x, w, b = (rng.normal(size=s).astype(np.float32) for s in ((2, 1, 4, 4), (2, 1, 3, 3), 2))
        out, cache = fast.conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
        assert {each.dtype.name for each in (out, *fast.conv_backward_fast(out, cache))} == {
            "float32"
        }


class TestOracle:
    """The oracle against the definitions, written in another way once more."""

    def test_a_convolution_is_a_correlation(self, oracle, rng) -> None:
        x, w = rng.normal(size=(1, 1, 6, 7)), rng.normal(size=(1, 1, 3, 2))
        got = oracle.convolution(x, w, np.ones(1), stride=2, pad=1)
        framed = np.pad(x[0, 0], 1)
        windows = np.lib.stride_tricks.sliding_window_view(framed, (3, 2))[::2, ::2]
        np.testing.assert_allclose(got[0, 0], (windows * w[0, 0]).sum(axis=(2, 3)) + 1)

    def test_running_averages_are_the_recurrence(self, oracle, rng) -> None:
        batches = [rng.normal(size=(n, 2, 3, 2)) for n in (4, 2, 6)]
        mean, var = start = rng.uniform(size=(2, 2))
        for x in batches:
            mean = 0.7 * mean + 0.3 * x.mean(axis=(0, 2, 3))
            var = 0.7 * var + 0.3 * x.var(axis=(0, 2, 3), ddof=1)
        means, variances = oracle.running_averages(
            batches, momentum=0.7, running_mean=start[0], running_var=start[1], unbiased=True
        )
        np.testing.assert_allclose(means[-1], mean)
        np.testing.assert_allclose(variances[-1], var)

    def test_gradients_agree_with_differences(self, oracle, rng) -> None:
        x, w, b = rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(2, 2, 2, 2)), rng.normal(size=2)
        layer = partial(oracle.convolution, stride=2, pad=1)
        dout = rng.normal(size=layer(x, w, b).shape)
        got = derivatives.backward(layer, dout, x, w, b)
        for number, value in enumerate((x, w, b)):
            for at in np.ndindex(value.shape):
                above, below = ([v.copy() for v in (x, w, b)] for _ in range(2))
                above[number][at] += 1e-6
                below[number][at] -= 1e-6
                numerical = np.sum((layer(*above) - layer(*below)) * dout) / 2e-6
                np.testing.assert_allclose(got[number][at], numerical, rtol=1e-6, atol=1e-8)

    def test_the_fast_forward_pass_gives_the_same_scores(self, oracle, rng) -> None:
        shapes = {"W1": (3, 2, 3, 3), "b1": 3, "W2": (18, 4), "b2": 4, "W3": (4, 5), "b3": 5}
        params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        X = rng.normal(size=(60, 2, 4, 6))
        np.testing.assert_allclose(oracle.forward(params, X), oracle.scores(params, X))
