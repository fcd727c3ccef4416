"""Training on CIFAR-10: the student's own modules train, the tester judges the weights.

Only training data are sent, and the classes have other numbers in each run: weights that were
trained before, and came along in the source, name the wrong ones. The accuracy comes from the
oracle's forward pass on images and labels that the student's process never had.
"""

from __future__ import annotations

import numpy as np
import oracle
import pytest

HIDDEN_DIMS = [500, 500, 500]
NEEDED = 0.5
MAX_EPOCHS = 6
EPOCH_SECONDS = 120
CLASSES = 10
GREW = "the update rule makes float64 of float32 weights; an epoch takes three times as long"
SHAPES = {
    "W1": (3072, 500),
    "b1": (500,),
    "W2": (500, 500),
    "b2": (500,),
    "W3": (500, 500),
    "b3": (500,),
    "W4": (500, 10),
    "b4": (10,),
}


def train(student, X_train, y_train, seed):
    """A fresh net of the student's and a solver that trains it by the student's Adam."""
    net = student.fc_net.FullyConnectedNet(
        HIDDEN_DIMS, weight_scale=0.01, dtype=np.float32, seed=seed
    )
    training = {"X_train": student.mapped(X_train), "y_train": y_train}
    solver = student.solver.Solver(
        net,
        training,
        update_rule="adam",
        optim_config={"learning_rate": 5e-4},
        lr_decay=0.35,
        batch_size=256,
        num_epochs=MAX_EPOCHS,
        verbose=False,
        seed=seed,
    )
    return net, solver


def read_params(expect, net):
    """The net's parameters after an epoch: finite floats under the right names, nothing else."""
    params = net.get("params")
    expect.that(
        isinstance(params, dict) and set(params) == set(SHAPES),
        f"After training, `params` must be a dictionary with exactly {', '.join(SHAPES)}.",
    )
    for name, shape in SHAPES.items():
        value = expect.array(params[name], name)
        expect.that(
            value.shape == shape and value.dtype.kind == "f",
            f"After training, {name} must hold floats in shape {shape}; "
            f"it holds {value.dtype} in shape {value.shape}.",
        )
        expect.that(
            bool(np.isfinite(value).all()),
            f"After training, {name} holds NaN or infinite numbers: the updates diverged.",
        )
    return params


@pytest.mark.task("cifar10", points=10)
def test_reaches_half(student, expect, provided, rng, record_property):
    """Within 6 epochs your layers, net and Adam reach 50% of CIFAR-10's validation images."""
    data = provided("utils.data_utils").get_CIFAR10_data()
    seed, number = int(rng.integers(2**31)), rng.permutation(CLASSES)
    curve: list[float] = []
    record_property("needed_percent", 100 * NEEDED)
    record_property(
        "validation_accuracy_percent_by_epoch", curve
    )  # as far as it got, also where training breaks off
    with student.deadline(EPOCH_SECONDS):
        net, solver = train(student, data["X_train"], number[data["y_train"]], seed)
        while len(curve) < MAX_EPOCHS and max(curve, default=0.0) < 100 * NEEDED:
            solver.train_epoch()
            params = read_params(expect, net)
            if any(value.dtype == np.float64 for value in params.values()):
                record_property("slower_because", GREW)
            accuracy = oracle.accuracy(params, data["X_val"], number[data["y_val"]])
            curve.append(round(100 * accuracy, 1))
    record_property("validation_accuracy_percent", max(curve))
    by_epoch = ", ".join(f"{percent:.1f}%" for percent in curve)
    expect.that(
        max(curve) >= 100 * NEEDED,
        f"After {MAX_EPOCHS} epochs the net classifies at most {max(curve):.1f}% of the validation "
        f"images, {NEEDED:.0%} are needed. By epoch: {by_epoch}.",
    )
