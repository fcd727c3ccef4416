"""Training on CIFAR-10 with everything that the student wrote; `kit.checks.training` judges it."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from kit.checks.training import Make, Recipe, train

EPOCHS = 6
HALF = Recipe(
    net=Make("fc_net.FullyConnectedNet", [500, 500, 500], weight_scale=0.01, dtype=np.float32),
    solver=Make(
        "solver.Solver",
        update_rule="adam",
        optim_config={"learning_rate": 5e-4},
        lr_decay=0.35,
        batch_size=256,
        num_epochs=EPOCHS,
        verbose=False,
    ),
    weights={
        "W1": (3072, 500),
        "b1": (500,),
        "W2": (500, 500),
        "b2": (500,),
        "W3": (500, 500),
        "b3": (500,),
        "W4": (500, 10),
        "b4": (10,),
    },
    needed=0.5,
    epochs=EPOCHS,
    epoch_seconds=120,
)


@pytest.mark.task("cifar10", points=10)
def test_reaches_half(student, provided, rng, record_property):
    """Within 6 epochs your layers, net and Adam reach 50% of CIFAR-10's validation images."""
    data = provided("utils.data_utils").get_CIFAR10_data()
    train(student, HALF, data, oracle.forward, rng=rng, record=record_property)
