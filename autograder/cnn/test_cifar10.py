"""Training on CIFAR-10 with everything that the student wrote; `kit.checks.training` judges it."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from kit.checks.training import Make, Recipe, train

EPOCHS = 3
RECIPE = Recipe(
    net=Make(
        "cnn.ThreeLayerConvNet",
        num_filters=32,
        filter_size=3,
        hidden_dim=100,
        weight_scale=0.01,
        dtype=np.float32,
    ),
    solver=Make(
        "solver.Solver",
        update_rule="adam",
        optim_config={"learning_rate": 1e-3},
        lr_decay=0.2,
        batch_size=128,
        num_epochs=EPOCHS,
        verbose=False,
    ),
    weights={
        "W1": (32, 3, 3, 3),
        "b1": (32,),
        "W2": (8192, 100),
        "b2": (100,),
        "W3": (100, 10),
        "b3": (10,),
    },
    needed=0.55,
    epochs=EPOCHS,
    epoch_seconds=120,
)


@pytest.mark.task("cifar10", points=10)
def test_reaches_55_percent(student, provided, rng, record_property):
    """Within 3 epochs your network reaches 55% of CIFAR-10's validation images."""
    data = provided("utils.data_utils").get_CIFAR10_data()
    train(student, RECIPE, data, oracle.forward, rng=rng, record=record_property)
