"""The assignment `optimization` is right: its reference, what it provides, and its notebook."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shutil
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from kit.course import Assignment, files_below
from tests.support.course import ROOT

pytestmark = pytest.mark.usefixtures("warm")

ASSIGNMENT = Assignment(ROOT, "optimization")
DOCUMENTED = json.loads((ASSIGNMENT.suites / "documented.json").read_text(encoding="utf-8"))
NOTEBOOK = nbformat.read(ASSIGNMENT.notebook, as_version=nbformat.NO_CONVERT)
CELLS = {cell["id"]: cell for cell in NOTEBOOK["cells"]}

RULES = ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam")
STATE = {
    "sgd": (),
    "sgd_momentum": ("velocity",),
    "sgd_nesterov_momentum": ("velocity",),
    "rmsprop": ("a",),
    "adam": ("v", "a"),
}
LAYER_TESTS = (
    "affine_forward_test",
    "affine_backward_test",
    "relu_forward_test",
    "relu_backward_test",
    "affine_relu_test",
    "fc_net_test",
)


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """The modules of the solved assignment, imported from a merged copy of its two halves."""
    folder = tmp_path_factory.mktemp("solved")
    for half in (ASSIGNMENT.source, ASSIGNMENT.solutions):
        shutil.copytree(half, folder, dirs_exist_ok=True)
    names = ("layers", "layer_utils", "fc_net", "optim", "layer_tests")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(sys.modules):
            if name.split(".")[0] in ("nndl", "utils"):
                patch.delitem(sys.modules, name)
        patch.syspath_prepend(str(folder))
        modules = {name: importlib.import_module(f"nndl.{name}") for name in names}
        modules["gradient_check"] = importlib.import_module("utils.gradient_check")
        modules["solver"] = importlib.import_module("utils.solver")
        yield SimpleNamespace(**modules)
        for name in list(sys.modules):
            if name.split(".")[0] in ("nndl", "utils"):
                del sys.modules[name]


def array(described):
    """What an entry of documented.json stands for: an array, or the value itself."""
    if not isinstance(described, dict) or "linspace" not in described:
        return described
    shape = described["shape"]
    return np.linspace(*described["linspace"], num=int(np.prod(shape))).reshape(shape)


def run_cell(cell_id, solved, capsys):
    """Run a notebook cell with the reference; returns the ``name: number`` lines it printed."""
    exec(CELLS[cell_id]["source"], {"np": np})
    printed = re.findall(r"^(.+): (\S+)$", capsys.readouterr().out, flags=re.MULTILINE)
    return dict(printed)


class TestDocumentedValues:
    """The reference reproduces what the assignment's document prints."""

    @pytest.mark.parametrize("rule", RULES)
    def test_an_update_rule_prints_the_documented_errors_to_the_last_digit(
        self, rule, solved, capsys
    ):
        printed = run_cell(rule, solved, capsys)
        assert printed == {k: repr(v) for k, v in DOCUMENTED[rule]["printed"].items()}

    @pytest.mark.parametrize("rule", RULES)
    def test_an_update_rule_leaves_the_documented_state_in_the_config(self, rule, solved):
        case = DOCUMENTED[rule]
        inputs = {name: array(value) for name, value in case["inputs"].items()}
        config = {name: array(value) for name, value in inputs.pop("config").items()}
        next_w, returned = getattr(solved.optim, rule)(**inputs, config=config)
        assert returned is config
        for name, expected in case["expected"].items():
            got = next_w if name == "next_w" else config[name]
            np.testing.assert_allclose(got, expected, rtol=0, atol=5.1e-9)  # eight decimals

    def test_relu_forward_prints_the_documented_difference_to_the_last_digit(self, solved, capsys):
        printed = run_cell("relu_forward", solved, capsys)
        assert printed == {"difference": repr(DOCUMENTED["relu_forward"]["printed"]["difference"])}

    def test_affine_forward_prints_the_documented_difference(self, solved, capsys):
        """A matrix product sums in another order on each processor, so its last bit differs.

        At the entry that decides, 1.91, one such bit is 2.2e-16; two of them change a relative
        error, whose denominator is about 3.8, by 1.2e-16.
        """
        printed = run_cell("affine_forward", solved, capsys)
        documented = DOCUMENTED["affine_forward"]["printed"]["difference"]
        assert abs(float(printed["difference"]) - documented) <= 1.2e-16


class TestUpdateRules:
    """What holds for every rule, beyond the documented example."""

    @pytest.mark.parametrize("rule", STATE)
    def test_float32_weights_stay_float32_and_so_does_the_state(self, rule, solved):
        rng = np.random.default_rng(0)
        w, config = rng.normal(size=(3, 4)).astype(np.float32), {}
        for _ in range(3):
            dw = rng.normal(size=(3, 4)).astype(np.float32)
            w, config = getattr(solved.optim, rule)(w, dw, config)
            assert w.dtype == np.float32
            assert {config[name].dtype for name in STATE[rule]} <= {np.dtype(np.float32)}

    @pytest.mark.parametrize("rule", STATE)
    def test_weights_and_gradient_are_left_as_they_were(self, rule, solved):
        w, dw = np.ones((2, 3)), np.full((2, 3), 0.5)
        getattr(solved.optim, rule)(w, dw, {})
        assert (w == 1).all()
        assert (dw == 0.5).all()

    @pytest.mark.parametrize("rule", STATE)
    @pytest.mark.parametrize("settings", [{}, {"learning_rate": 0.25}])
    def test_missing_settings_get_their_defaults_in_the_dictionary_passed_in(
        self, rule, settings, solved
    ):
        defaults = {
            "sgd": {"learning_rate": 1e-2},
            "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
            "sgd_nesterov_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
            "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
            "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 1},
        }[rule]
        config = dict(settings)
        _, returned = getattr(solved.optim, rule)(np.zeros(2), np.ones(2), config)
        assert returned is config
        kept = {name: value for name, value in config.items() if name not in STATE[rule]}
        assert kept == defaults | settings
        assert set(config) == set(kept) | set(STATE[rule])

    @pytest.mark.parametrize("rule", STATE)
    def test_no_config_means_an_empty_one(self, rule, solved):
        step = getattr(solved.optim, rule)
        w, dw = np.array([1.0, 2.0]), np.array([0.5, -0.5])
        (without, config), (given, _) = step(w, dw), step(w, dw, {})
        assert (without == given).all()
        assert config["learning_rate"] > 0

    def test_epsilon_is_added_to_the_root_in_rmsprop(self, solved):
        """With a = 0 before it, one step is  η g / (√((1 - β) g²) + ε)."""
        config = {"learning_rate": 1.0, "decay_rate": 0.75, "epsilon": 0.5}
        next_w, _ = solved.optim.rmsprop(np.zeros(1), np.array([2.0]), config)
        assert next_w[0] == -2.0 / (1.0 + 0.5)

    def test_epsilon_is_added_to_the_root_and_the_first_step_has_t_1_in_adam(self, solved):
        """With t = 1 the corrected moments are g and g², so one step is  η g / (|g| + ε)."""
        config = {"learning_rate": 1.0, "epsilon": 0.5, "beta1": 0.5, "beta2": 0.75}
        next_w, _ = solved.optim.adam(np.zeros(1), np.array([2.0]), config)
        assert next_w[0] == -2.0 / (2.0 + 0.5)
        assert config["t"] == 1

    @pytest.mark.parametrize("rule", ["rmsprop", "adam"])
    def test_the_docstring_says_where_epsilon_goes(self, rule, solved):
        docstring = " ".join(getattr(solved.optim, rule).__doc__.split())
        assert "outside the square root: it is added to the root" in docstring

    def test_the_docstrings_say_what_else_is_right(self, solved):
        """A new dictionary, and Adam's efficient form: the suites accept both."""
        module, adam = (" ".join(x.__doc__.split()) for x in (solved.optim, solved.optim.adam))
        assert "or a new one with all its settings and the new state" in module
        assert "efficient form" in adam
        assert "is right as well" in adam

    @pytest.mark.parametrize("rule", ["sgd_momentum", "sgd_nesterov_momentum"])
    def test_without_momentum_it_is_plain_sgd(self, rule, solved):
        w, dw = np.array([1.0, -1.0]), np.array([0.5, 2.0])
        settings = {"learning_rate": 0.5, "momentum": 0.0}
        next_w, _ = getattr(solved.optim, rule)(w, dw, settings)
        assert (next_w == solved.optim.sgd(w, dw, {"learning_rate": 0.5})[0]).all()


class TestLayersAndNetwork:
    """The reference layers and network, and the tests that students run on their own."""

    @pytest.mark.parametrize("name", LAYER_TESTS)
    def test_a_layer_test_passes_the_reference(self, name, solved, capsys):
        getattr(solved.layer_tests, name)()
        output = capsys.readouterr()
        assert re.search(r"(error|difference): \d", output.out)
        assert output.err == ""

    @pytest.mark.parametrize(
        ("function", "mistake", "telling"),
        [
            ("affine_forward", lambda out, c: (out + 1, c), "off by the same number everywhere, 1"),
            ("affine_forward", lambda out, c: (None, c), "it is None"),
            ("affine_backward", lambda x, w, b: (x, 2 * w, b), "It is 2 times as large"),
            (
                "affine_backward",
                lambda x, w, b: (x, w, b[None]),
                r"`db` must have shape \(5,\), it has \(1, 5\)",
            ),
            ("relu_forward", lambda out, c: (-out, c), "opposite sign"),
            ("relu_backward", lambda *dx: -np.stack(dx), "`dx` is wrong"),
            ("affine_relu_backward", lambda x, w, b: (x, w, -b), "`db` is wrong; .* are right"),
            ("affine_relu_forward", lambda out, c: (out - 1, c), "`sum of out` is wrong"),
        ],
    )
    def test_a_layer_test_refuses_a_mistake_and_names_it(
        self, function, mistake, telling, solved, monkeypatch
    ):
        task = "affine_relu" if function.startswith("affine_relu") else function
        right = getattr(solved.layer_tests, function)
        monkeypatch.setattr(solved.layer_tests, function, lambda *args: mistake(*right(*args)))
        with pytest.raises(AssertionError, match=telling):
            getattr(solved.layer_tests, f"{task}_test")()

    @pytest.mark.parametrize(
        ("mistake", "telling"),
        [
            (lambda net, loss, grads: (2 * loss, grads), "the loss must be 2.329588"),
            (
                lambda net, loss, grads: (loss + net.reg, grads),
                "with reg = 3.14 the loss must be 7.278938",
            ),
            (
                lambda net, loss, grads: (
                    loss,
                    grads | {"W2": grads["W2"] - net.reg * net.params["W2"]},
                ),
                "with reg = 3.14: `W2` is wrong; .* are right",
            ),
            (
                lambda net, loss, grads: (loss, grads | {"b1": None}),
                r"`b1` must be an array of shape \(20,\)",
            ),
        ],
    )
    def test_the_network_test_refuses_a_mistake_and_names_it(
        self, mistake, telling, solved, monkeypatch
    ):
        class Mistaken(solved.fc_net.FullyConnectedNet):
            def loss(self, X, y=None):
                return mistake(self, *super().loss(X, y))

        monkeypatch.setattr(solved.layer_tests, "FullyConnectedNet", Mistaken)
        with pytest.raises(AssertionError, match=telling):
            solved.layer_tests.fc_net_test()

    def test_a_float32_network_computes_in_float32(self, solved):
        net = solved.fc_net.FullyConnectedNet([6, 5], input_dim=12, num_classes=3, reg=0.5, seed=0)
        X = np.random.default_rng(0).normal(size=(4, 3, 2, 2))
        loss, grads = net.loss(X, np.array([0, 2, 1, 1]))
        assert type(loss) is float
        assert net.loss(X).dtype == np.float32
        assert {name: (g.shape, g.dtype) for name, g in grads.items()} == {
            name: (w.shape, np.dtype(np.float32)) for name, w in net.params.items()
        }

    @pytest.mark.parametrize("examples", [0, 1, 7])
    def test_scores_come_for_any_number_of_examples(self, examples, solved):
        net = solved.fc_net.FullyConnectedNet([6], input_dim=12, num_classes=3)
        assert net.loss(np.ones((examples, 3, 2, 2))).shape == (examples, 3)

    def test_parameters_start_as_the_docstring_says(self, solved):
        net = solved.fc_net.FullyConnectedNet([200, 50], input_dim=300, weight_scale=0.02, seed=1)
        assert {name: values.shape for name, values in net.params.items()} == {
            "W1": (300, 200),
            "b1": (200,),
            "W2": (200, 50),
            "b2": (50,),
            "W3": (50, 10),
            "b3": (10,),
        }
        assert all((values == 0).all() for name, values in net.params.items() if name[0] == "b")
        assert np.std(net.params["W1"]) == pytest.approx(0.02, rel=0.02)

    def test_a_seed_gives_the_same_weights_again(self, solved):
        first, again, other = (
            solved.fc_net.FullyConnectedNet([6], input_dim=4, seed=seed).params["W1"]
            for seed in (5, 5, 6)
        )
        assert (first == again).all()
        assert (first != other).any()

    @pytest.mark.parametrize("later", [{"dropout": 0.5}, {"use_batchnorm": True}])
    def test_what_comes_in_the_next_assignment_is_refused(self, later, solved):
        with pytest.raises(ValueError, match="next assignment"):
            solved.fc_net.FullyConnectedNet([6], **later)

    def test_the_softmax_of_large_scores_is_finite(self, solved):
        loss, dx = solved.layers.softmax_loss(np.array([[1e4, 0.0, -1e4]]), np.array([0]))
        assert loss == 0
        assert np.isfinite(dx).all()


class CountingModel:
    """Counts its updates in its one weight; classifies best after ``best`` of them."""

    def __init__(self, best):
        self.params = {"w": np.zeros(1)}
        self.best = best
        self.seen = []

    def loss(self, X, y=None):
        if y is None:
            wrong = np.arange(len(X)) < abs(self.params["w"][0] - self.best)
            return np.stack([~wrong, wrong], axis=1)
        self.seen.append(X)
        return 0.5, {"w": -np.ones(1)}


DATA = {
    "X_train": np.arange(20.0).reshape(20, 1),
    "y_train": np.zeros(20, dtype=int),
    "X_val": np.zeros((10, 1)),
    "y_val": np.zeros(10, dtype=int),
}


class TestSolver:
    """The provided solver, on a model whose path is known: w counts the updates."""

    def solver(self, solved, best=6, data=DATA, **options):
        settings = {"optim_config": {"learning_rate": 1.0}, "batch_size": 10, "num_epochs": 4}
        settings |= {"verbose": False, "seed": 3}
        return solved.solver.Solver(CountingModel(best), data, **settings | options)

    def test_histories_hold_every_iteration_and_every_epoch(self, solved):
        solver = self.solver(solved)
        solver.train()
        assert solver.loss_history == [0.5] * 8
        assert solver.val_acc_history == [0.5, 0.6, 0.8, 1.0, 0.8]  # after 1, 2, 4, 6, 8 updates
        assert solver.train_acc_history == [0.75, 0.8, 0.9, 1.0, 0.9]
        assert solver.epoch == 4

    def test_the_best_parameters_are_kept_and_given_to_the_model(self, solved):
        solver = self.solver(solved)
        solver.train()
        assert solver.best_val_acc == 1.0
        assert solver.best_params["w"] == [6]
        assert solver.model.params["w"] == [6]

    def test_the_log_reads_as_taught(self, solved, capsys):
        self.solver(solved, num_epochs=2, print_every=3, verbose=True).train()
        assert capsys.readouterr().out.splitlines() == [
            "(Iteration 1 / 4) loss: 0.500000",
            "(Epoch 0 / 2) train acc: 0.750000; val_acc: 0.500000",
            "(Epoch 1 / 2) train acc: 0.800000; val_acc: 0.600000",
            "(Iteration 4 / 4) loss: 0.500000",
            "(Epoch 2 / 2) train acc: 0.900000; val_acc: 0.800000",
        ]

    def test_the_learning_rate_decays_after_each_epoch(self, solved):
        solver = self.solver(solved, best=3.5, lr_decay=0.5, num_epochs=3)
        solver.train()
        assert solver.optim_configs["w"]["learning_rate"] == 0.125
        assert solver.model.params["w"] == [2 * (1 + 0.5 + 0.25)]

    def test_the_learning_rate_falls_to_0_in_a_straight_line_where_asked(self, solved):
        solver = self.solver(solved, linear_decay=True, num_epochs=2)  # of two updates each
        for epoch, left in enumerate([0.5, 0, 0]):
            solver.train_epoch()
            assert solver.epoch == epoch + 1
            assert solver.optim_configs["w"]["learning_rate"] == pytest.approx(left)
        assert solver.model.params["w"] == pytest.approx(1 + 0.75 + 0.5 + 0.25)

    def test_each_parameter_has_its_own_copy_of_the_settings(self, solved):
        net = solved.fc_net.FullyConnectedNet([5], input_dim=1, num_classes=2)
        settings = {"learning_rate": 1e-3}
        solver = solved.solver.Solver(net, DATA, update_rule="adam", optim_config=settings)
        solver.train_epoch()
        assert settings == {"learning_rate": 1e-3}
        assert {name: c["v"].shape for name, c in solver.optim_configs.items()} == {
            name: values.shape for name, values in net.params.items()
        }

    def test_a_seed_draws_the_same_batches_again(self, solved):
        def batches(seed):
            solver = self.solver(solved, seed=seed)
            solver.train()
            return np.stack(solver.model.seen)

        assert (batches(1) == batches(1)).all()
        assert (batches(1) != batches(2)).any()

    def test_epochs_run_one_by_one_see_the_same_batches_and_need_no_validation_data(self, solved):
        training_only = {name: DATA[name] for name in ("X_train", "y_train")}
        whole, single = self.solver(solved), self.solver(solved, data=training_only, lr_decay=0.5)
        whole.train()
        for epoch in range(4):
            single.train_epoch()
            assert len(single.loss_history) == 2 * (epoch + 1)
            assert single.optim_configs["w"]["learning_rate"] == 0.5 ** (epoch + 1)
        assert (np.stack(whole.model.seen) == np.stack(single.model.seen)).all()

    def test_training_without_validation_data_says_what_is_missing(self, solved):
        training_only = {name: DATA[name] for name in ("X_train", "y_train")}
        with pytest.raises(ValueError, match=r"data\['X_val'\].*train_epoch"):
            self.solver(solved, data=training_only).train()

    def test_an_unknown_rule_is_refused_with_the_names_of_those_there_are(self, solved):
        known = "sgd, sgd_momentum, sgd_nesterov_momentum, rmsprop, adam"
        with pytest.raises(ValueError, match=f"'adma'. It has: {known}"):
            self.solver(solved, update_rule="adma")

    def test_a_numpy_scalar_as_learning_rate_keeps_float32(self, solved):
        net = solved.fc_net.FullyConnectedNet([5], input_dim=1, num_classes=2)
        solver = solved.solver.Solver(net, DATA, optim_config={"learning_rate": np.float64(1e-3)})
        solver.train_epoch()
        assert {values.dtype for values in net.params.values()} == {np.dtype(np.float32)}

    def test_accuracy_counts_every_example_once_whatever_the_batches(self, solved):
        solver = self.solver(solved, best=3)
        X, y = np.zeros((10, 1)), np.zeros(10, dtype=int)
        assert solver.check_accuracy(X, y) == 0.7
        assert solver.check_accuracy(X, y, batch_size=4) == 0.2  # wrong: 3 of 4, 3 of 4, 2 of 2
        assert solver.check_accuracy(X, y, num_samples=5) == 0.4  # three of the five

    def test_a_short_silent_run_prints_nothing(self, solved, capfd):
        self.solver(solved).train()
        assert capfd.readouterr() == ("", "")

    def test_a_long_silent_run_shows_a_bar_on_standard_output_only(self, solved, capsys):
        self.solver(solved, num_epochs=solved.solver.LONG_RUN // 2).train()
        output = capsys.readouterr()
        assert "training" in output.out
        assert output.err == ""

    def test_a_run_with_a_log_shows_no_bar(self, solved, capsys):
        self.solver(solved, num_epochs=solved.solver.LONG_RUN // 2, verbose=True).train()
        assert "training" not in capsys.readouterr().out

    def test_without_tqdm_there_is_no_bar_and_no_failure(self, solved, capfd, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqdm", None)
        solver = self.solver(solved, progress=True)
        solver.train()
        assert len(solver.loss_history) == 8
        assert capfd.readouterr() == ("", "")


class TestGradientCheck:
    """The provided numerical gradients."""

    def test_the_gradient_of_a_function_is_found_and_x_put_back(self, solved):
        x = np.array([[1.0, -2.0], [0.5, 3.0]])
        before = x.copy()
        gradient = solved.gradient_check.eval_numerical_gradient(lambda z: np.sum(z**3), x)
        np.testing.assert_allclose(gradient, 3 * before**2, rtol=1e-8)
        assert (x == before).all()

    def test_an_array_function_is_weighted_by_df_even_when_it_returns_x_itself(self, solved):
        x, df = np.ones((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
        gradient = solved.gradient_check.eval_numerical_gradient_array(lambda z: z, x, df)
        np.testing.assert_allclose(gradient, df, rtol=1e-8)

    def test_the_relative_error_is_the_largest(self, solved):
        x, y = np.array([1.0, 3.0, 0.0]), np.array([1.0, 1.0, 0.0])
        assert solved.gradient_check.rel_error(x, y) == 0.5


class TestNotebook:
    """The notebook as authored: tasks, documented values, the taught settings."""

    def test_it_is_a_valid_notebook_without_outputs(self):
        nbformat.validate(NOTEBOOK)
        assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
        assert NOTEBOOK["metadata"]["kernelspec"]["name"] == "python3"
        assert len(CELLS) == len(NOTEBOOK["cells"])
        for cell in NOTEBOOK["cells"]:
            assert re.fullmatch(r"[a-z][a-z0-9_-]+", cell["id"])
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None

    def test_its_tasks_and_points_are_the_agreed_ones(self):
        assert {task.id: task.points for task in ASSIGNMENT.tasks} == {
            "affine_forward": 4,
            "affine_backward": 6,
            "relu_forward": 3,
            "relu_backward": 3,
            "affine_relu": 4,
            "fc_net": 15,
            "sgd_momentum": 10,
            "sgd_nesterov_momentum": 10,
            "rmsprop": 10,
            "adam": 15,
            "comparison": 10,
            "cifar10": 10,
        }
        assert sum(task.points for task in ASSIGNMENT.tasks) == 100

    def test_only_the_written_question_is_graded_by_hand(self):
        assert [task.id for task in ASSIGNMENT.tasks if task.manual] == ["comparison"]
        assert CELLS["comparison"]["cell_type"] == "markdown"

    def test_each_graded_cell_follows_the_schema_of_nbgrader(self):
        for task in ASSIGNMENT.tasks:
            metadata = CELLS[task.id]["metadata"]["nbgrader"]
            assert {name: metadata[name] for name in ("schema_version", "grade", "task")} == {
                "schema_version": 3,
                "grade": True,
                "task": False,
            }
            assert metadata["locked"] is not metadata["solution"]
            assert "checksum" not in metadata

    @pytest.mark.parametrize("rule", RULES)
    def test_the_documented_arrays_stand_literally_in_the_cell(self, rule):
        literals = {
            statement.targets[0].id.removeprefix("expected_"): ast.literal_eval(
                statement.value.args[0]
            )
            for statement in ast.parse(CELLS[rule]["source"]).body
            if isinstance(statement, ast.Assign)
            and ast.unparse(statement.targets[0]).startswith("expected_")
        }
        documented = DOCUMENTED[rule]["expected"]
        assert literals == {name: value for name, value in documented.items() if name != "t"}

    @pytest.mark.parametrize("test", LAYER_TESTS)
    def test_each_layer_test_is_run_by_a_graded_cell(self, test):
        assert f"\n{test}()" in CELLS[test.removesuffix("_test")]["source"]

    @pytest.mark.parametrize(
        ("cell", "settings"),
        [
            (
                "train-sgd-rules",
                "num_train = 4000|[100, 100, 100, 100, 100]|weight_scale=5e-2|num_epochs=5|"
                'batch_size=100|"learning_rate": 1e-2|'
                '["sgd", "sgd_momentum", "sgd_nesterov_momentum"]',
            ),
            (
                "train-all-rules",
                '[100, 100, 100, 100]|weight_scale=5e-2|"rmsprop": 2e-4|"adam": 1e-3|"sgd": 3e-3|'
                "num_epochs=5|batch_size=100",
            ),
            (
                "train-best",
                '[500, 500, 500]|weight_scale=0.01|update_rule="adam"|"learning_rate": 3e-4|'
                "lr_decay=0.9|num_epochs=5|batch_size=100|progress=True",
            ),
        ],
    )
    def test_the_training_cells_have_the_taught_settings(self, cell, settings):
        source = CELLS[cell]["source"]
        assert [text for text in settings.split("|") if text not in source] == []

    def test_the_last_task_asks_for_half_of_the_validation_images(self):
        source = CELLS["cifar10"]["source"]
        assert "Validation set accuracy: " in source
        assert "Test set accuracy: " in source
        assert "assert val_accuracy >= 0.5" in source


class TestHalves:
    """What is given and what is to be written."""

    def test_no_file_is_in_both(self):
        assert set(files_below(ASSIGNMENT.source)).isdisjoint(files_below(ASSIGNMENT.solutions))

    def test_a_student_writes_four_files(self):
        assert ASSIGNMENT.student_files == (
            "nndl/fc_net.py",
            "nndl/layer_utils.py",
            "nndl/layers.py",
            "nndl/optim.py",
        )

    def test_answer_regions_are_balanced_at_one_indentation_and_cover_every_automatic_task(self):
        tasks = set()
        for name in ASSIGNMENT.student_files:
            text = (ASSIGNMENT.solutions / name).read_text(encoding="utf-8")
            markers = re.findall(r"^( *)# (END )?YOUR CODE HERE(?:: (\w+))?$", text, re.MULTILINE)
            for (indent, begin_end, task), (same, end, _) in zip(
                markers[::2], markers[1::2], strict=True
            ):
                assert (begin_end, end, same) == ("", "END ", indent), name
                tasks.add(task)
        automatic = {task.id for task in ASSIGNMENT.tasks if not task.manual}
        assert tasks == automatic - {"cifar10"}

    @pytest.mark.parametrize(
        ("name", "provided"), [("nndl/optim.py", "sgd"), ("nndl/layers.py", "softmax_loss")]
    )
    def test_what_is_provided_stands_outside_the_answer_regions(self, name, provided):
        text = (ASSIGNMENT.solutions / name).read_text(encoding="utf-8")
        function = next(f for f in ast.parse(text).body if getattr(f, "name", "") == provided)
        assert "YOUR CODE HERE" not in ast.get_source_segment(text, function)
