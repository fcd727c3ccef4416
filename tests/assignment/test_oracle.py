"""The oracle of the assignment `optimization` is right: every grade rests on it."""

from __future__ import annotations

import importlib.util
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kit.checks import derivatives, documented
from kit.checks.training import accuracy

SUITES = Path(__file__).parents[2] / "autograder" / "optimization"

DOCUMENTED = json.loads((SUITES / "documented.json").read_text(encoding="utf-8"))
RULES = ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam")


def load_oracle():
    spec = importlib.util.spec_from_file_location("oracle_under_test", SUITES / "oracle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = load_oracle()


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def whole(entries):
    """Documented inputs as arrays; numbers as they are."""
    return documented.whole(entries)


def relative_error(x, y):
    """The notebook's measure."""
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def numerical_gradient(function, point, h=1e-5):
    """Central differences, right to about h²."""
    result = np.empty_like(point)
    for index in np.ndindex(point.shape):
        shift = np.zeros_like(point)
        shift[index] = h
        result[index] = (function(point + shift) - function(point - shift)) / (2 * h)
    return result


class TestDocumentedValues:
    @pytest.mark.parametrize("rule", RULES)
    def test_update_rules_print_the_documented_errors(self, rule):
        case = DOCUMENTED[rule]
        inputs = whole(case["inputs"])
        got = getattr(oracle, rule)(inputs["w"], inputs["dw"][None], **inputs["config"])
        state = {"cache": "a"} if rule == "rmsprop" else {}
        for printed, error in case["printed"].items():
            name = printed.removesuffix(" error")
            name = state.get(name, name)
            expected = np.asarray(case["expected"][name])
            # the last digits of an error are rounding: 1e-16 in values of about 1
            assert relative_error(got[name][0], expected) == pytest.approx(error, abs=1e-14)

    def test_adam_counts_the_documented_step(self):
        case = DOCUMENTED["adam"]
        inputs = whole(case["inputs"])
        got = oracle.adam(inputs["w"], inputs["dw"][None], **inputs["config"])
        assert got["t"].tolist() == [case["expected"]["t"]] == [6]

    def test_affine_has_the_documented_difference(self):
        case = DOCUMENTED["affine_forward"]
        inputs = whole(case["inputs"])
        out = oracle.affine(oracle.rows(inputs["x"]), inputs["w"], inputs["b"])
        error = relative_error(out, np.asarray(case["expected"]["out"]))
        assert error == pytest.approx(case["printed"]["difference"], abs=1e-14)

    def test_relu_has_the_documented_difference(self):
        case = DOCUMENTED["relu_forward"]
        out = oracle.relu(**whole(case["inputs"]))
        error = relative_error(out, np.asarray(case["expected"]["out"]))
        assert error == pytest.approx(case["printed"]["difference"], abs=1e-14)


class TestUpdateRulesAreTheirRecurrences:
    """The unrolled sums against the rules step by step, from any state and in any shape."""

    @pytest.fixture(params=[(7,), (3, 4), (2, 3, 4)], ids=str)
    def run(self, request, rng):
        shape = request.param
        return {
            "w": rng.standard_normal(shape),
            "gradients": rng.standard_normal((6, *shape)),
            "state": rng.uniform(0.5, 2, shape),
            "other": rng.standard_normal(shape),
        }

    def test_momentum(self, run):
        w, v = run["w"], run["other"]
        got = oracle.sgd_momentum(w, run["gradients"], learning_rate=0.1, momentum=0.7, velocity=v)
        for step, g in enumerate(run["gradients"]):
            v = 0.7 * v - 0.1 * g
            w = w + v
            np.testing.assert_allclose(got["next_w"][step], w, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(got["velocity"][step], v, rtol=1e-12, atol=1e-13)

    def test_nesterov_momentum(self, run):
        w, v = run["w"], run["other"]
        got = oracle.sgd_nesterov_momentum(
            w, run["gradients"], learning_rate=0.1, momentum=0.7, velocity=v
        )
        for step, g in enumerate(run["gradients"]):
            before, v = v, 0.7 * v - 0.1 * g
            w = w + v + 0.7 * (v - before)
            np.testing.assert_allclose(got["next_w"][step], w, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(got["velocity"][step], v, rtol=1e-12, atol=1e-13)

    def test_nesterov_takes_the_gradient_where_momentum_would_arrive(self, rng):
        target, theta, v = rng.standard_normal((3, 5))
        ahead, gradients = theta + 0.8 * v, []
        start = (ahead, v)
        for _ in range(5):
            gradients.append(theta + 0.8 * v - target)
            v = 0.8 * v - 0.1 * gradients[-1]
            theta = theta + v
        got = oracle.sgd_nesterov_momentum(
            start[0], np.array(gradients), learning_rate=0.1, momentum=0.8, velocity=start[1]
        )
        np.testing.assert_allclose(got["next_w"][-1], theta + 0.8 * v, rtol=1e-12)

    def test_rmsprop(self, run):
        w, a = run["w"], run["state"]
        options = {"learning_rate": 0.1, "decay_rate": 0.8, "epsilon": 0.01}
        got = oracle.rmsprop(w, run["gradients"], **options, a=a)
        for step, g in enumerate(run["gradients"]):
            a = 0.8 * a + 0.2 * g**2
            w = w - 0.1 * g / (np.sqrt(a) + 0.01)
            np.testing.assert_allclose(got["next_w"][step], w, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(got["a"][step], a, rtol=1e-12)

    @pytest.mark.parametrize("t", [0, 4])
    def test_adam(self, run, t):
        w, v, a = run["w"], run["other"], run["state"]
        options = {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.8, "epsilon": 0.01}
        got = oracle.adam(w, run["gradients"], **options, v=v, a=a, t=t)
        for step, g in enumerate(run["gradients"]):
            t += 1
            v = 0.7 * v + 0.3 * g
            a = 0.8 * a + 0.2 * g**2
            w = w - 0.1 * (v / (1 - 0.7**t)) / (np.sqrt(a / (1 - 0.8**t)) + 0.01)
            np.testing.assert_allclose(got["next_w"][step], w, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(got["v"][step], v, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(got["a"][step], a, rtol=1e-12)
            assert got["t"][step] == t

    def test_without_state_the_first_adam_step_is_the_learning_rate(self, rng):
        w, g = rng.standard_normal((2, 5))
        got = oracle.adam(w, g[None], learning_rate=0.1, epsilon=0.0)
        np.testing.assert_allclose(got["next_w"][0], w - 0.1 * np.sign(g), rtol=1e-12)

    @pytest.mark.parametrize("rule", RULES)
    def test_inputs_of_float32_are_computed_in_float64(self, rng, rule):
        w, g = rng.standard_normal((2, 5)).astype(np.float32)
        got = getattr(oracle, rule)(w, g[None])
        same = getattr(oracle, rule)(w.astype(np.float64), g[None].astype(np.float64))
        np.testing.assert_array_equal(got["next_w"], same["next_w"])


class TestForwardPasses:
    def test_affine_is_a_dot_product_by_example_and_unit(self, rng):
        x, w, b = rng.standard_normal((3, 2, 4)), rng.standard_normal((8, 5)), rng.random(5)
        out = oracle.affine(oracle.rows(x), w, b)
        for n, m in np.ndindex(3, 5):
            assert out[n, m] == pytest.approx(np.dot(x[n].ravel(), w[:, m]) + b[m])

    def test_relu_keeps_what_is_positive(self):
        out = oracle.relu(np.array([[-2.0, 0.0], [0.5, 3.0]]))
        np.testing.assert_array_equal(out, [[0, 0], [0.5, 3]])

    def test_a_net_puts_no_relu_after_its_last_layer(self):
        params = {
            "W1": np.array([[1.0, -1.0]]),
            "b1": np.zeros(2),
            "W2": np.array([[1.0], [-2.0]]),
            "b2": np.array([0.5]),
        }
        out = oracle.scores(params, np.array([[3.0], [-3.0]]))
        np.testing.assert_array_equal(out, [[3.5], [-5.5]])

    def test_equal_scores_cost_the_logarithm_of_the_number_of_classes(self):
        params = {"W1": np.zeros((2, 10)), "b1": np.zeros(10)}
        assert oracle.loss(params, np.ones((4, 2)), np.arange(4)) == pytest.approx(np.log(10))

    def test_the_loss_is_the_mean_of_minus_log_softmax(self, rng):
        params = {"W1": rng.standard_normal((3, 4)), "b1": rng.standard_normal(4)}
        X, y = rng.standard_normal((5, 3)), rng.integers(4, size=5)
        exponentials = np.exp(oracle.scores(params, X))
        probabilities = exponentials[np.arange(5), y] / exponentials.sum(axis=1)
        assert oracle.loss(params, X, y) == pytest.approx(-np.log(probabilities).mean())

    def test_huge_scores_cost_their_difference(self):
        params = {"W1": np.array([[0.0, 1e5]]), "b1": np.zeros(2)}
        assert oracle.loss(params, np.ones((1, 1)), np.array([0])) == pytest.approx(1e5)

    def test_regularization_is_half_of_reg_times_the_squared_weights(self):
        params = {"W1": np.full((2, 3), 2.0), "b1": np.full(3, 9.0)}
        X, y = np.zeros((1, 2)), np.array([0])
        extra = oracle.loss(params, X, y, reg=0.5) - oracle.loss(params, X, y)
        assert extra == pytest.approx(0.25 * 6 * 4)

    def test_accuracy_is_the_share_of_right_answers(self):
        params = {"W1": np.eye(3), "b1": np.zeros(3)}
        assert accuracy(oracle.forward, params, np.eye(3), np.array([0, 1, 0])) == pytest.approx(
            2 / 3
        )

    def test_accuracy_of_weights_that_overflow_is_a_number(self):
        params = {
            "W1": np.full((3, 3), 3e38, dtype=np.float32),
            "b1": np.zeros(3, dtype=np.float32),
        }
        X = np.full((4, 3), -2, dtype=np.float32)
        assert 0 <= accuracy(oracle.forward, params, X, np.arange(4)) <= 1


class TestDerivatives:
    def test_a_complex_step_finds_a_known_derivative(self):
        points = np.array([0.3, -1.2, 2.5])
        got = derivatives.gradient(lambda x: np.sum(np.exp(x) * np.sin(x), axis=1), points)
        expected = np.exp(points) * (np.sin(points) + np.cos(points))
        np.testing.assert_allclose(got, expected, rtol=1e-14)

    def test_it_leaves_the_point_as_it_was(self):
        point = np.array([1.0, 2.0])
        derivatives.gradient(lambda x: np.sum(x**2, axis=1), point)
        assert point.tolist() == [1.0, 2.0]

    @pytest.mark.parametrize("forward", ["affine", "affine_relu"])
    def test_backward_agrees_with_central_differences(self, rng, forward):
        function = getattr(oracle, forward)
        x, w, b = (
            rng.standard_normal((3, 4)),
            rng.standard_normal((4, 5)),
            rng.standard_normal(5),
        )
        dout = rng.standard_normal((3, 5))
        dx, dw, db = derivatives.backward(function, dout, x, w, b)
        by_x = numerical_gradient(lambda x: np.sum(dout * function(x, w, b)), x)
        by_w = numerical_gradient(lambda w: np.sum(dout * function(x, w, b)), w)
        by_b = numerical_gradient(lambda b: np.sum(dout * function(x, w, b)), b)
        np.testing.assert_allclose(dx, by_x, atol=1e-8)
        np.testing.assert_allclose(dw, by_w, atol=1e-8)
        np.testing.assert_allclose(db, by_b, atol=1e-8)

    def test_relu_passes_the_gradient_where_its_input_is_positive(self):
        x, dout = np.array([-1.0, 2.0, -3.0, 4.0]), np.array([5.0, 6.0, -7.0, -8.0])
        (dx,) = derivatives.backward(oracle.relu, dout, x)
        np.testing.assert_allclose(dx, [0, 6, 0, -8], rtol=1e-15)

    @pytest.mark.parametrize("reg", [0.0, 3.14])
    def test_every_gradient_of_a_net_agrees_with_central_differences(self, rng, reg):
        sizes = [4, 5, 3, 3]
        params = {}
        for layer, shape in enumerate(pairwise(sizes), start=1):
            params[f"W{layer}"] = rng.standard_normal(shape)
            params[f"b{layer}"] = rng.standard_normal(shape[1])
        X, y = rng.standard_normal((5, 4)), rng.integers(3, size=5)
        got = oracle.loss_gradients(params, X, y, reg)
        assert list(got) == list(params)
        for name, point in params.items():
            by_name = numerical_gradient(
                lambda value, name=name: oracle.loss({**params, name: value}, X, y, reg), point
            )
            np.testing.assert_allclose(got[name], by_name, atol=1e-8)
