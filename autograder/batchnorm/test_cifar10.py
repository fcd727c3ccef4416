"""Training on CIFAR-10 with everything that the student wrote; `kit.checks.training` judges it."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from kit.checks.training import Make, Recipe, train

EPOCHS = 8
HIDDEN_DIMS = [256, 128]
RECIPE = Recipe(
    net=Make(
        "fc_net.FullyConnectedNet",
        HIDDEN_DIMS,
        dropout=0.1,
        use_batchnorm=True,
        weight_scale=0.01,
        dtype=np.float32,
    ),
    solver=Make(
        "solver.Solver",
        update_rule="adam",
        optim_config={"learning_rate": 2.5e-3},
        lr_decay=0.7,
        batch_size=256,
        num_epochs=EPOCHS,
        verbose=False,
    ),
    weights={
        "W1": (3072, 256),
        "b1": (256,),
        "gamma1": (256,),
        "beta1": (256,),
        "W2": (256, 128),
        "b2": (128,),
        "gamma2": (128,),
        "beta2": (128,),
        "W3": (128, 10),
        "b3": (10,),
    },
    state={
        "bn_params": [{"running_mean": (d,), "running_var": (d,)} for d in HIDDEN_DIMS],
    },
    needed=0.55,
    epochs=EPOCHS,
    epoch_seconds=120,
)


@pytest.mark.task("cifar10", points=10)
def test_reaches_55(student, provided, rng, record_property):
    """Within 8 epochs your layers and net reach 55% of CIFAR-10's validation images."""
    data = provided("utils.data_utils").get_CIFAR10_data()
    train(student, RECIPE, data, oracle.forward, rng=rng, record=record_property)
