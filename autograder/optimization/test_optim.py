"""The update rules of nndl/optim.py: documented values, then steps that no notebook shows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest

SHAPES = [(7,), (3, 4), (2, 3, 4)]
STEPS = 3


class Run(NamedTuple):
    """Several steps of a rule in a row, by a student and by the oracle."""

    w: np.ndarray
    replies: list[Any]
    trajectory: dict[str, np.ndarray]
    situation: str


def check_documented(student, expect, documented, rule):
    """One step from the documented state gives the documented numbers."""
    case = documented(rule)
    reply = getattr(student.optim, rule)(case.inputs["w"], case.inputs["dw"], case.config)
    next_w, config = expect.pair(reply, rule, ("next_w", "config"))
    expect.step(
        next_w,
        config,
        case.expected,
        start=case.inputs["w"],
        where="in the notebook's example",
        **case.tolerance,
    )


def begin_run(student, rule, *, w, gradients, config, situation):
    """Call a rule once for each gradient, fed on as the Solver does."""
    reply, replies = (w, config), []
    for dw in gradients:
        reply = getattr(student.optim, rule)(reply[0], dw, reply[1])
        replies.append(reply)
    return Run(w, replies, getattr(oracle, rule)(w, gradients, **(config or {})), situation)


def check_run(expect, rule, run, trajectory=None, **tolerance):
    """Each step is where the oracle is; ``trajectory`` is another way to be right."""
    start = run.w
    for step, reply in enumerate(run.replies):
        next_w, config = expect.pair(reply.value, rule, ("next_w", "config"))
        expect.step(
            next_w,
            config,
            {name: values[step] for name, values in (trajectory or run.trajectory).items()},
            start=start,
            where=f"after step {step + 1} of {len(run.replies)} {run.situation}",
            **tolerance,
        )
        start = next_w


def check_steps(student, expect, rule, **given):
    """Each of several steps in a row is where the oracle is."""
    with student.together():
        run = begin_run(student, rule, **given)
    check_run(expect, rule, run)


def check_shapes(student, expect, draw, rule, draw_config):
    """Several steps with unseen settings for weights of one, two and three dimensions."""
    with student.together():
        runs = [
            begin_run(
                student,
                rule,
                w=draw(shape),
                gradients=draw((STEPS, *shape)),
                config=draw_config(),
                situation=f"for w of shape {shape}",
            )
            for shape in SHAPES
        ]
    for run in runs:
        check_run(expect, rule, run)


def check_defaults(student, expect, draw, rule):
    """Whatever ``config`` does not hold has its default value."""
    with student.together():
        runs = [
            begin_run(
                student,
                rule,
                w=draw((3, 4)),
                gradients=10 * draw((2, 3, 4)),  # so large that no epsilon decides anything
                config=config,
                situation=f"with config={config}",
            )
            for config in (None, {}, {"learning_rate": 0.05})
        ]
    for run in runs:
        check_run(expect, rule, run)


def check_arguments(student, expect, draw, rule):
    """A right step leaves dw as it was: another one with the same dw is right as well."""
    w, dw = draw((3, 4)), draw((3, 4))
    given = student.place(dw)  # one array for both calls: the second gets what the first left
    with student.together():
        replies = [getattr(student.optim, rule)(w, given, {}) for _ in range(2)]
    expected = {name: values[0] for name, values in getattr(oracle, rule)(w, dw[None]).items()}
    situations = ("after one step", "after one step with a dw used before, which must only be read")
    for reply, situation in zip(replies, situations, strict=True):
        next_w, config = expect.pair(reply.value, rule, ("next_w", "config"))
        expect.step(next_w, config, expected, start=w, where=situation)


def check_float32(student, expect, draw, rule):
    """float32 weights stay finite and right, also where gradients are zero."""
    w, gradients = draw((3, 4)).astype(np.float32), draw((2, 3, 4)).astype(np.float32)
    gradients[:, 0] = 0
    with student.together():
        run = begin_run(
            student, rule, w=w, gradients=gradients, config={}, situation="with float32 arrays"
        )
    check_run(expect, rule, run, rtol=1e-4, atol=1e-6)


class TestMomentum:
    rule = "sgd_momentum"

    @staticmethod
    def settings(rng):
        return {
            "learning_rate": rng.uniform(0.02, 0.09),
            "momentum": rng.uniform(0.3, 0.8),
        }

    @pytest.mark.task("sgd_momentum", points=3, documented=True)
    def test_documented(self, student, expect, documented):
        """`v ← μv − ηg;  w ← w + v`, with the numbers that the notebook shows."""
        check_documented(student, expect, documented, self.rule)

    @pytest.mark.task("sgd_momentum", points=3)
    def test_steps(self, student, expect, draw, rng):
        """`v ← μv − ηg;  w ← w + v`: the new v is stored, and the next step starts from it."""
        check_shapes(student, expect, draw, self.rule, lambda: self.settings(rng))

    @pytest.mark.task("sgd_momentum", points=2)
    def test_defaults(self, student, expect, draw):
        """What config does not hold has a default: `η = 1e-2, μ = 0.9, v = 0`."""
        check_defaults(student, expect, draw, self.rule)

    @pytest.mark.task("sgd_momentum", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("sgd_momentum", points=1)
    def test_float32(self, student, expect, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, draw, self.rule)


class TestNesterovMomentum:
    rule = "sgd_nesterov_momentum"

    @staticmethod
    def settings(rng):
        return {
            "learning_rate": rng.uniform(0.02, 0.09),
            "momentum": rng.uniform(0.3, 0.8),
        }

    @pytest.mark.task("sgd_nesterov_momentum", points=3, documented=True)
    def test_documented(self, student, expect, documented):
        """`u ← μv − ηg;  w ← w + u + μ(u − v);  v ← u`, with the notebook's numbers."""
        check_documented(student, expect, documented, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=3)
    def test_steps(self, student, expect, draw, rng):
        """`u ← μv − ηg;  w ← w + u + μ(u − v);  v ← u`: the formula uses the old v and the new."""
        check_shapes(student, expect, draw, self.rule, lambda: self.settings(rng))

    @pytest.mark.task("sgd_nesterov_momentum", points=2)
    def test_defaults(self, student, expect, draw):
        """What config does not hold has a default: `η = 1e-2, μ = 0.9, v = 0`."""
        check_defaults(student, expect, draw, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=1)
    def test_float32(self, student, expect, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, draw, self.rule)


class TestRMSProp:
    rule = "rmsprop"

    @staticmethod
    def settings(rng):
        return {
            "learning_rate": rng.uniform(0.02, 0.09),
            "decay_rate": rng.uniform(0.3, 0.9),
        }

    @pytest.mark.task("rmsprop", points=3, documented=True)
    def test_documented(self, student, expect, documented):
        """`a ← ρa + (1−ρ)g²;  w ← w − ηg / (√a + ε)`, with the notebook's numbers."""
        check_documented(student, expect, documented, self.rule)

    @pytest.mark.task("rmsprop", points=3)
    def test_steps(self, student, expect, draw, rng):
        """`a ← ρa + (1−ρ)g²;  w ← w − ηg / (√a + ε)`: the step uses the new a, which is stored."""
        check_shapes(student, expect, draw, self.rule, lambda: self.settings(rng))

    @pytest.mark.task("rmsprop", points=1)
    def test_epsilon(self, student, expect, draw, rng):
        """ε is added to the root, outside it, and read from config: `√a + ε`, not `√(a + ε)`."""
        epsilon = rng.uniform(0.01, 0.1)  # so large that it shows where it stands
        run = {"w": draw((3, 4)), "gradients": draw((STEPS, 3, 4))}
        run["config"] = {"learning_rate": 0.05, "epsilon": epsilon}
        check_steps(student, expect, self.rule, **run, situation=f"with epsilon={epsilon:.3g}")

    @pytest.mark.task("rmsprop", points=1)
    def test_defaults(self, student, expect, draw):
        """What config does not hold has a default: `η = 1e-2, ρ = 0.99, ε = 1e-8, a = 0`."""
        check_defaults(student, expect, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_float32(self, student, expect, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, draw, self.rule)


class TestAdam:
    rule = "adam"

    @staticmethod
    def settings(rng):
        return {
            "learning_rate": rng.uniform(0.02, 0.09),
            "beta1": rng.uniform(0.3, 0.6),
            "beta2": rng.uniform(0.7, 0.9),
        }

    @pytest.mark.task("adam", points=4, documented=True)
    def test_documented(self, student, expect, documented):
        """`w ← w − η·v̂ / (√â + ε)`, `v̂ = v/(1−β₁ᵗ)`, `â = a/(1−β₂ᵗ)`, as in the notebook."""
        check_documented(student, expect, documented, self.rule)

    @pytest.mark.task("adam", points=4)
    def test_steps(self, student, expect, draw, rng):
        """`t ← t+1;  v ← β₁v + (1−β₁)g;  a ← β₂a + (1−β₂)g²;  w ← w − η·v̂ / (√â + ε)`.

        The moments are stored as they are; only the step uses them corrected by `1−β₁ᵗ`, `1−β₂ᵗ`.
        """
        check_shapes(student, expect, draw, self.rule, lambda: self.settings(rng))

    @pytest.mark.task("adam", points=1)
    def test_resumed(self, student, expect, draw, rng):
        """Adam goes on from the v, a and t that config holds: the first step uses `t + 1`."""
        state = {"v": draw((3, 4)), "a": draw((3, 4)) ** 2, "t": int(rng.integers(3, 9))}
        run = {
            "w": draw((3, 4)),
            "gradients": draw((2, 3, 4)),
            "config": self.settings(rng) | state,
        }
        check_steps(student, expect, self.rule, **run, situation=f"from t={state['t']}")

    @pytest.mark.task("adam", points=2)
    def test_epsilon(self, student, expect, draw, rng):
        """ε is added to a root, outside it: `√â + ε`, not `√(â + ε)`.

        The paper's efficient form, in which it is added to `√a`, is right as well.
        """
        epsilon = rng.uniform(0.01, 0.1)  # so large that it shows where it stands
        w, gradients = draw((3, 4)), draw((STEPS, 3, 4))
        config = {"learning_rate": 0.05, "epsilon": epsilon}
        given = {"w": w, "gradients": gradients, "config": config}
        with student.together():
            run = begin_run(student, self.rule, **given, situation=f"with epsilon={epsilon:.3g}")
        try:
            check_run(expect, self.rule, run)
        except AssertionError as wrong:
            efficient = oracle.adam(w, gradients, **config, efficient=True)
            try:
                check_run(expect, self.rule, run, efficient)
            except AssertionError:
                raise wrong from None

    @pytest.mark.task("adam", points=2)
    def test_defaults(self, student, expect, draw):
        """Defaults: `η = 1e-3, β₁ = 0.9, β₂ = 0.999, ε = 1e-8`, and v, a, t start at 0."""
        check_defaults(student, expect, draw, self.rule)

    @pytest.mark.task("adam", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("adam", points=1)
    def test_float32(self, student, expect, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, draw, self.rule)
