"""Training on CIFAR-10 with everything that the student wrote; `kit.checks.training` judges it."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from kit.checks.training import Make, Recipe, train

EPOCHS = 5
RECIPE = Recipe(
    net=Make("fc_net.FullyConnectedNet", [128, 128], weight_scale=0.005, dtype=np.float32),
    solver=Make(
        "solver.Solver",
        update_rule="adam",
        optim_config={"learning_rate": 5e-4},
        linear_decay=True,
        batch_size=256,
        num_epochs=EPOCHS,
        verbose=False,
    ),
    weights={
        "W1": (3072, 128),
        "b1": (128,),
        "W2": (128, 128),
        "b2": (128,),
        "W3": (128, 10),
        "b3": (10,),
    },
    needed=0.5,
    epochs=EPOCHS,
    epoch_seconds=120,
)


@pytest.mark.task("cifar10", points=10)
def test_reaches_half(student, provided, rng, record_property):
    """Within 5 epochs your layers, net and Adam reach 50% of CIFAR-10's validation images."""
    data = provided("utils.data_utils").get_CIFAR10_data()
    train(student, RECIPE, data, oracle.forward, rng=rng, record=record_property)
