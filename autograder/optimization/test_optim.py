"""The update rules of nndl/optim.py: documented values, then steps that no notebook shows.

What is right earns its share: the step from a given state, the state whatever the step is, several
steps in a row, and the defaults are separate checks. A config is whole, with every setting and the
whole state, unless a check is about what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest

SHAPES = [(7,), (3, 4), (2, 3, 4)]
STEPS = 3


class Rule(NamedTuple):
    """An update rule: what it is called, and how its config is drawn, by ``rng`` and ``draw``."""

    name: str
    settings: Callable[..., dict[str, Any]]
    """Every setting, unseen, by ``rng``."""
    state: Callable[..., dict[str, Any]]
    """The state of weights of a shape, unseen, by ``rng``, ``draw`` and the shape."""

    def whole(self, rng, draw, shape):
        """A config with every setting and the whole state."""
        return self.settings(rng) | self.state(rng, draw, shape)

    def fresh(self, rng, draw, shape):
        """A config with every setting whose state is zero, as before a first step."""
        state = self.state(rng, draw, shape)
        zero = {k: np.zeros(shape) if isinstance(v, np.ndarray) else 0 for k, v in state.items()}
        return self.settings(rng) | zero


class Run(NamedTuple):
    """Several steps of a rule in a row, by a student and by the oracle."""

    w: np.ndarray
    replies: list[Any]
    trajectory: dict[str, np.ndarray]
    situation: str


class Case(NamedTuple):
    """Weights, the gradients of some steps in a row, and the config of the first."""

    w: np.ndarray
    gradients: np.ndarray
    config: dict[str, Any] | None
    situation: str


def expect_step(expect, next_w, state, expected, *, start, where, **tolerance):
    """One step of a rule: ``next_w`` and each entry of the dict ``state`` are as ``expected``.

    Where one is wrong, the message says which others are right. ``start`` is w before the step.
    """

    def check(name, values):
        got = next_w if name == "next_w" else expect.entry(state, name, where)
        begun = start if name == "next_w" else None
        expect.close(got, values, name, where=where, start=begun, **tolerance)

    expect.all_of({name: partial(check, name, values) for name, values in expected.items()})


def run_steps(student, rule, cases, moving=True):
    """Take the steps of all ``cases``, each from the config that the one before returned.

    Also from the w that it returned, unless ``moving`` is False. They are taken at once: one after
    another they would make grading a third slower.
    """
    with student.together():
        replies = [_steps(student, rule, case, moving) for case in cases]
    return [
        Run(case.w, each, trajectory(rule, case), case.situation)
        for case, each in zip(cases, replies, strict=True)
    ]


def _steps(student, rule, case, moving):
    reply, replies = (case.w, case.config), []
    for dw in case.gradients:
        w = reply[0] if moving else case.w
        reply = getattr(student.optim, rule.name)(w, dw, reply[1])
        replies.append(reply)
    return replies


def trajectory(rule, case, **way):
    """What the oracle computes for ``case``, in one of the right ways."""
    return getattr(oracle, rule.name)(case.w, case.gradients, **(case.config or {}), **way)


def check_run(expect, rule, run, names, right=None, **tolerance):
    """After each step, those of next_w and the state that are in ``names`` are the oracle's.

    ``right`` is another way to be right.
    """
    start, steps = run.w, len(run.replies)
    for step, reply in enumerate(run.replies):
        next_w, config = expect.pair(reply.value, rule.name, ("next_w", "config"))
        expect_step(
            expect,
            next_w,
            config,
            {name: (right or run.trajectory)[name][step] for name in names},
            start=start,
            where=f"after step {step + 1} of {steps} {run.situation}"
            if steps > 1
            else run.situation,
            **tolerance,
        )
        start = next_w


def check_runs(student, expect, rule, names, cases, *, moving=True, **tolerance):
    """``check_run`` for each of the ``cases``."""
    for run in run_steps(student, rule, cases, moving):
        check_run(expect, rule, run, names, **tolerance)


def draw_cases(rng, draw, config, steps):
    """A case of so many steps for weights of one, two and three dimensions."""
    return [
        Case(
            draw(shape),
            draw((steps, *shape)),
            config(rng, draw, shape),
            f"for w of shape {shape}",
        )
        for shape in SHAPES
    ]


def check_documented(student, expect, documented, rule, names):
    """One step from the documented state gives the documented numbers called ``names``."""
    case = documented(rule.name)
    w, dw, config = (case.inputs[name] for name in ("w", "dw", "config"))
    reply = getattr(student.optim, rule.name)(w, dw, config)
    next_w, config = expect.pair(reply, rule.name, ("next_w", "config"))
    expected = {name: case.expected[name] for name in names}
    where = "in the notebook's example"
    expect_step(expect, next_w, config, expected, start=w, where=where, **case.tolerance)


def check_step(student, expect, rng, draw, rule):
    """One step from a given state, with unseen settings."""
    check_runs(student, expect, rule, ("next_w",), draw_cases(rng, draw, rule.whole, 1))


def check_state(student, expect, rng, draw, rule, *, names):
    """The state over several steps; it depends on the gradients alone, so w need not be right."""
    cases = draw_cases(rng, draw, rule.whole, STEPS)
    check_runs(student, expect, rule, names, cases, moving=False)


def check_steps(student, expect, rng, draw, rule):
    """Several steps in a row, each from the w and the config that the one before returned."""
    check_runs(student, expect, rule, ("next_w",), draw_cases(rng, draw, rule.fresh, STEPS))


def check_epsilon(student, expect, rng, draw, rule, *, ways=({},)):
    """One step with an epsilon so large that it shows where it stands, in one of the right ways.

    ``ways`` are further arguments of the oracle's rule.
    """
    epsilon = rng.uniform(0.01, 0.1)
    config = rule.whole(rng, draw, (3, 4)) | {"epsilon": epsilon}
    case = Case(draw((3, 4)), draw((1, 3, 4)), config, f"with epsilon={epsilon:.3g}")
    (run,) = run_steps(student, rule, [case])
    right = [trajectory(rule, case, **way) for way in ways]
    expect.one_of(*(partial(check_run, expect, rule, run, ("next_w",), each) for each in right))


def check_defaults(student, expect, rng, draw, rule):
    """Whatever ``config`` does not hold has its default value."""
    configs = {
        "config=None": None,
        "config={}": {},
        "config={'learning_rate': 0.05}": {"learning_rate": 0.05},
        "a config that holds the state alone": rule.state(rng, draw, (3, 4)),
        "a config that holds the settings alone": rule.settings(rng),
    }
    cases = [  # with gradients so large that no epsilon decides anything
        Case(draw((3, 4)), 10 * draw((1, 3, 4)), config, f"with {said}")
        for said, config in configs.items()
    ]
    check_runs(student, expect, rule, ("next_w",), cases)


def check_arguments(student, expect, draw, rule):
    """A right step leaves dw as it was: another one with the same dw is right as well."""
    w, dw = draw((3, 4)), draw((3, 4))
    given = student.place(dw)  # one array for both calls: the second gets what the first left
    expected = {"next_w": getattr(oracle, rule.name)(w, dw[None])["next_w"][0]}
    situations = ("after one step", "after one step with a dw used before, which must only be read")
    for situation in situations:
        reply = getattr(student.optim, rule.name)(w, given, None)
        next_w, config = expect.pair(reply, rule.name, ("next_w", "config"))
        expect_step(expect, next_w, config, expected, start=w, where=situation)


def check_float32(student, expect, rng, draw, rule):
    """float32 weights stay finite and right, also where a gradient is 0 and nothing came before."""
    gradients = draw((1, 3, 4)).astype(np.float32)
    gradients[:, 0] = 0
    config = {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in rule.fresh(rng, draw, (3, 4)).items()
    }
    case = Case(draw((3, 4)).astype(np.float32), gradients, config, "with float32 arrays")
    check_runs(student, expect, rule, ("next_w",), [case], rtol=1e-4, atol=1e-6)


def momentum_settings(rng):
    """Those of both momentum rules."""
    return {"learning_rate": rng.uniform(0.02, 0.09), "momentum": rng.uniform(0.3, 0.8)}


class TestMomentum:
    rule = Rule(
        "sgd_momentum", momentum_settings, lambda rng, draw, shape: {"velocity": draw(shape)}
    )

    @pytest.mark.task("sgd_momentum", points=1, documented=True)
    def test_documented_step(self, student, expect, documented):
        """`v ← μv − ηg;  w ← w + v`, with the next_w that the notebook shows."""
        check_documented(student, expect, documented, self.rule, ("next_w",))

    @pytest.mark.task("sgd_momentum", points=1, documented=True)
    def test_documented_state(self, student, expect, documented):
        """`v ← μv − ηg`, with the velocity that the notebook shows."""
        check_documented(student, expect, documented, self.rule, ("velocity",))

    @pytest.mark.task("sgd_momentum", points=2)
    def test_step(self, student, expect, rng, draw):
        """`v ← μv − ηg;  w ← w + v`: the step uses the new v."""
        check_step(student, expect, rng, draw, self.rule)

    @pytest.mark.task("sgd_momentum", points=2)
    def test_state(self, student, expect, rng, draw):
        """`v ← μv − ηg`: the new v is stored as velocity, and the next call starts from it."""
        check_state(student, expect, rng, draw, self.rule, names=("velocity",))

    @pytest.mark.task("sgd_momentum", points=1)
    def test_steps(self, student, expect, rng, draw):
        """`v ← μv − ηg;  w ← w + v`, several times in a row, from v = 0."""
        check_steps(student, expect, rng, draw, self.rule)

    @pytest.mark.task("sgd_momentum", points=1)
    def test_defaults(self, student, expect, rng, draw):
        """What config does not hold has a default: `η = 1e-2, μ = 0.9, v = 0`."""
        check_defaults(student, expect, rng, draw, self.rule)

    @pytest.mark.task("sgd_momentum", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("sgd_momentum", points=1)
    def test_float32(self, student, expect, rng, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, rng, draw, self.rule)


class TestNesterovMomentum:
    rule = Rule(
        "sgd_nesterov_momentum",
        momentum_settings,
        lambda rng, draw, shape: {"velocity": draw(shape)},
    )

    @pytest.mark.task("sgd_nesterov_momentum", points=1, documented=True)
    def test_documented_step(self, student, expect, documented):
        """`v_old ← v;  v ← μv − ηg;  w ← w + v + μ(v − v_old)`, with the notebook's next_w."""
        check_documented(student, expect, documented, self.rule, ("next_w",))

    @pytest.mark.task("sgd_nesterov_momentum", points=1, documented=True)
    def test_documented_state(self, student, expect, documented):
        """`v ← μv − ηg`, with the velocity that the notebook shows."""
        check_documented(student, expect, documented, self.rule, ("velocity",))

    @pytest.mark.task("sgd_nesterov_momentum", points=2)
    def test_step(self, student, expect, rng, draw):
        """`v_old ← v;  v ← μv − ηg;  w ← w + v + μ(v − v_old)`: both are used."""
        check_step(student, expect, rng, draw, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=2)
    def test_state(self, student, expect, rng, draw):
        """`v ← μv − ηg`: the new v is stored as velocity, and the next call starts from it."""
        check_state(student, expect, rng, draw, self.rule, names=("velocity",))

    @pytest.mark.task("sgd_nesterov_momentum", points=1)
    def test_steps(self, student, expect, rng, draw):
        """`v_old ← v;  v ← μv − ηg;  w ← w + v + μ(v − v_old)`, several times, from v = 0."""
        check_steps(student, expect, rng, draw, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=1)
    def test_defaults(self, student, expect, rng, draw):
        """What config does not hold has a default: `η = 1e-2, μ = 0.9, v = 0`."""
        check_defaults(student, expect, rng, draw, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("sgd_nesterov_momentum", points=1)
    def test_float32(self, student, expect, rng, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, rng, draw, self.rule)


class TestRMSProp:
    rule = Rule(
        "rmsprop",
        lambda rng: {
            "learning_rate": rng.uniform(0.02, 0.09),
            "decay_rate": rng.uniform(0.3, 0.9),
            "epsilon": 1e-8,
        },
        lambda rng, draw, shape: {"a": draw(shape) ** 2},
    )

    @pytest.mark.task("rmsprop", points=1, documented=True)
    def test_documented_step(self, student, expect, documented):
        """`a ← βa + (1−β)g²;  w ← w − ηg / (√a + ε)`, with the notebook's next_w."""
        check_documented(student, expect, documented, self.rule, ("next_w",))

    @pytest.mark.task("rmsprop", points=1, documented=True)
    def test_documented_state(self, student, expect, documented):
        """`a ← βa + (1−β)g²`, with the a that the notebook shows."""
        check_documented(student, expect, documented, self.rule, ("a",))

    @pytest.mark.task("rmsprop", points=2)
    def test_step(self, student, expect, rng, draw):
        """`a ← βa + (1−β)g²;  w ← w − ηg / (√a + ε)`: the step uses the new a."""
        check_step(student, expect, rng, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_state(self, student, expect, rng, draw):
        """`a ← βa + (1−β)g²`: the new a is stored, and the next call starts from it."""
        check_state(student, expect, rng, draw, self.rule, names=("a",))

    @pytest.mark.task("rmsprop", points=1)
    def test_steps(self, student, expect, rng, draw):
        """`a ← βa + (1−β)g²;  w ← w − ηg / (√a + ε)`, several times in a row, from a = 0."""
        check_steps(student, expect, rng, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_epsilon(self, student, expect, rng, draw):
        """ε is added to the root, outside it, and read from config: `√a + ε`, not `√(a + ε)`."""
        check_epsilon(student, expect, rng, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_defaults(self, student, expect, rng, draw):
        """What config does not hold has a default: `η = 1e-2, β = 0.99, ε = 1e-8, a = 0`."""
        check_defaults(student, expect, rng, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("rmsprop", points=1)
    def test_float32(self, student, expect, rng, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, rng, draw, self.rule)


class TestAdam:
    rule = Rule(
        "adam",
        lambda rng: {
            "learning_rate": rng.uniform(0.02, 0.09),
            "beta1": rng.uniform(0.3, 0.6),
            "beta2": rng.uniform(0.7, 0.9),
            "epsilon": 1e-8,
        },
        lambda rng, draw, shape: {
            "v": draw(shape),
            "a": draw(shape) ** 2,
            "t": int(rng.integers(3, 9)),
        },
    )

    @pytest.mark.task("adam", points=2, documented=True)
    def test_documented_step(self, student, expect, documented):
        """`w ← w − η·v̂ / (√â + ε)`, `v̂ = v/(1−β₁ᵗ)`, `â = a/(1−β₂ᵗ)`, as in the notebook."""
        check_documented(student, expect, documented, self.rule, ("next_w",))

    @pytest.mark.task("adam", points=1, documented=True)
    def test_documented_state(self, student, expect, documented):
        """`v ← β₁v + (1−β₁)g;  a ← β₂a + (1−β₂)g²`, with the notebook's v and a."""
        check_documented(student, expect, documented, self.rule, ("v", "a"))

    @pytest.mark.task("adam", points=3)
    def test_step(self, student, expect, rng, draw):
        """`w ← w − η·v̂ / (√â + ε)` from the v, a and t that config holds; the step uses `t + 1`."""
        check_step(student, expect, rng, draw, self.rule)

    @pytest.mark.task("adam", points=2)
    def test_moments(self, student, expect, rng, draw):
        """`v ← β₁v + (1−β₁)g;  a ← β₂a + (1−β₂)g²`: stored as they are, not corrected."""
        check_state(student, expect, rng, draw, self.rule, names=("v", "a"))

    @pytest.mark.task("adam", points=1)
    def test_count(self, student, expect, rng, draw):
        """`t ← t + 1`: the new t is stored, and the next call counts on from it."""
        check_state(student, expect, rng, draw, self.rule, names=("t",))

    @pytest.mark.task("adam", points=1)
    def test_steps(self, student, expect, rng, draw):
        """`w ← w − η·v̂ / (√â + ε)`, several times in a row, from v = a = 0 and t = 0."""
        check_steps(student, expect, rng, draw, self.rule)

    @pytest.mark.task("adam", points=1)
    def test_epsilon(self, student, expect, rng, draw):
        """ε is added to a root, outside it: `√â + ε`, not `√(â + ε)`.

        The paper's efficient form, in which it is added to `√a`, is right as well.
        """
        check_epsilon(student, expect, rng, draw, self.rule, ways=({}, {"efficient": True}))

    @pytest.mark.task("adam", points=2)
    def test_defaults(self, student, expect, rng, draw):
        """Defaults: `η = 1e-3, β₁ = 0.9, β₂ = 0.999, ε = 1e-8`, and v, a, t start at 0."""
        check_defaults(student, expect, rng, draw, self.rule)

    @pytest.mark.task("adam", points=1)
    def test_arguments(self, student, expect, draw):
        """The gradient dw is only read: it is the same after a right step."""
        check_arguments(student, expect, draw, self.rule)

    @pytest.mark.task("adam", points=1)
    def test_float32(self, student, expect, rng, draw):
        """float32 weights and gradients give a finite next_w, also where the gradient is 0."""
        check_float32(student, expect, rng, draw, self.rule)
