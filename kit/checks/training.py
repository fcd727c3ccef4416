"""Judges a training run: the student's code trains, the tester judges the weights.

Only training data are sent, and the classes have other numbers in each run: weights that were
trained before, and came along in the source, name the wrong ones. The accuracy comes from the
assignment's own forward pass, on images and labels that the student's process never had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kit.checks.expect import Expect
from kit.checks.student import Student
from kit.sandbox.describe import describe

TINY = 1e-37
"""Numbers below this in size count as 0, so that no product on the way is a subnormal number:
arithmetic with those takes a hundred times as long, which would be an attack on the tester."""
GREW = "training makes float64 of float32 weights; an epoch takes three times as long"
Shapes = Mapping[str, tuple[int, ...]]
Forward = Callable[..., np.ndarray]
"""``forward(params, X, **state)``: the scores (N, C) of examples X."""


class Make:
    """What is made in the student's process: ``Make("net.Net", [500, 500], seed=3)``.

    ``name`` is a module and a class in it, the rest are the arguments.
    """

    def __init__(self, name: str, *arguments: Any, **named: Any) -> None:
        self.module, _, self.name = name.partition(".")
        self.arguments, self.named = arguments, named

    def __call__(self, student: Student, *first: Any, **more: Any) -> Any:
        """Make it, with ``first`` before the other arguments and ``more`` after them."""
        make = getattr(getattr(student, self.module), self.name)
        return make(*first, *self.arguments, **self.named, **more)


@dataclass(frozen=True)
class Recipe:
    """What is trained, for how long, and what it must reach.

    ``net`` is made with ``seed`` besides; ``solver`` with the net and the training data before its
    arguments and ``seed`` besides. The solver has ``train_epoch()``. After each epoch the net's
    attribute ``params`` must be a dict with exactly the arrays ``weights``, of these shapes.
    ``state`` are further attributes that the forward pass needs, by name: a dict of shapes, or a
    list of such dicts, each of which may hold more.

    ``needed`` is the share of validation examples to be classified rightly, within ``epochs``
    epochs of at most ``epoch_seconds`` each. Training ends as soon as it is reached.
    """

    net: Make
    solver: Make
    weights: Shapes
    needed: float
    epochs: int
    epoch_seconds: float
    state: Mapping[str, Shapes | Sequence[Shapes]] = field(default_factory=dict)


def train(
    student: Student,
    recipe: Recipe,
    data: Mapping[str, np.ndarray],
    forward: Forward,
    *,
    rng: np.random.Generator,
    record: Callable[[str, Any], None],
) -> None:
    """Have the student's net trained by ``recipe``; raise CheckFailure where it does not suffice.

    ``data`` holds X_train (mapped from a file), y_train, X_val and y_val; labels are whole numbers
    from 0. ``forward`` is the oracle's. ``record`` is pytest's record_property: it gets the curve
    by epoch, also where training breaks off.
    """
    seed, number = int(rng.integers(2**31)), rng.permutation(1 + int(data["y_train"].max()))
    curve: list[float] = []
    percent = round(100 * recipe.needed, 6)  # without the dust of binary fractions
    record("needed_percent", percent)
    record("validation_accuracy_percent_by_epoch", curve)
    with student.deadline(recipe.epoch_seconds):
        training = {
            "X_train": student.mapped(data["X_train"]),
            "y_train": number[data["y_train"]],
        }
        net = recipe.net(student, seed=seed)
        solver = recipe.solver(student, net, training, seed=seed)
        while len(curve) < recipe.epochs and max(curve, default=0.0) < percent:
            solver.train_epoch()
            params = read_params(net.get("params"), recipe.weights)
            state = {name: read_state(net.get(name), name, of) for name, of in recipe.state.items()}
            if any(value.dtype == np.float64 for value in params.values()):
                record("slower_because", GREW)
            reached = accuracy(forward, params, data["X_val"], number[data["y_val"]], state)
            curve.append(round(100 * reached, 1))
    record("validation_accuracy_percent", max(curve))
    by_epoch = ", ".join(f"{value:.1f}%" for value in curve)
    Expect.that(
        max(curve) >= percent,
        f"After {recipe.epochs} epochs the net classifies at most {max(curve):.1f}% of the "
        f"validation images, {recipe.needed:.0%} are needed. By epoch: {by_epoch}.",
    )


def read_params(params: Any, shapes: Shapes) -> dict[str, np.ndarray]:
    """The net's parameters after an epoch: finite floats under the right names, nothing else."""
    Expect.that(
        isinstance(params, dict) and set(params) == set(shapes),
        f"After training, `params` must be a dictionary with exactly {', '.join(shapes)}.",
    )
    return {name: _floats(params[name], name, shape) for name, shape in shapes.items()}


def read_state(value: Any, name: str, of: Shapes | Sequence[Shapes]) -> Any:
    """What the forward pass needs of another attribute of the net: the same arrays, no others."""
    if isinstance(of, Mapping):
        held = {key: Expect.entry(value, key, f"`{name}` after training") for key in of}
        return {key: _floats(held[key], f"{name}[{key!r}]", shape) for key, shape in of.items()}
    Expect.that(
        isinstance(value, list | tuple) and len(value) == len(of),
        f"After training, `{name}` must be a list of {len(of)} dicts; it is {describe(value)}.",
    )
    return [
        read_state(each, f"{name}[{at}]", shapes)
        for at, (each, shapes) in enumerate(zip(value, of, strict=True))
    ]


def _floats(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = Expect.array(value, name)
    Expect.that(
        array.shape == shape and array.dtype.kind == "f",
        f"After training, {name} must hold floats in shape {shape}; "
        f"it holds {array.dtype} in shape {array.shape}.",
    )
    Expect.that(
        bool(np.isfinite(array).all()),
        f"After training, {name} holds NaN or infinite numbers: the updates diverged.",
    )
    return array


def accuracy(
    forward: Forward,
    params: Mapping[str, np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    state: Mapping[str, Any] | None = None,
) -> float:
    """The share of examples whose highest score is that of class y; any finite parameters.

    ``forward`` gets all arrays in float64.
    """
    with np.errstate(all="ignore"):  # huge weights overflow: a wrong answer, not an error of ours
        scores = forward(_usable(params), np.asarray(X, np.float64), **_usable(state or {}))
        return float(np.mean(np.argmax(scores, axis=1) == y))


def _usable(value: Any) -> Any:
    """``value`` with every array in float64, without tiny numbers."""
    if isinstance(value, Mapping):
        return {name: _usable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_usable(item) for item in value]
    wide = np.asarray(value, np.float64)
    return np.where(np.abs(wide) < TINY, 0, wide)
