"""What grades the losses: the notebook's example, then inputs that no notebook shows."""

import oracle
import pytest


@pytest.mark.task("squared_error", points=1, documented=True)
def test_documented(student, expect, documented):
    """`loss = 1/(2N) Σ (p − t)²`, with the numbers that the notebook shows."""
    call = documented("squared_error")
    reply = student.losses.squared_error(**call.inputs)
    loss, gradient = expect.pair(reply, "squared_error", ("loss", "gradient"))
    expect.close(loss, call.expected["loss"], "loss", **call.tolerance)
    expect.close(gradient, call.expected["gradient"], "gradient", **call.tolerance)


@pytest.mark.task("squared_error", points=3)
def test_unseen(student, expect, draw):
    """`loss = 1/(2N) Σ (p − t)²` and `∂loss/∂p = (p − t) / N`, for other shapes."""
    for shape in [(5, 3), (4, 1), (1, 6)]:
        prediction, target = draw(shape), draw(shape)
        reply = student.losses.squared_error(prediction.copy(), target.copy())
        loss, gradient = expect.pair(reply, "squared_error", ("loss", "gradient"))
        expected_loss, expected_gradient = oracle.squared_error(prediction, target)
        expect.close(loss, expected_loss, "loss", where=f"for shape {shape}")
        expect.close(gradient, expected_gradient, "gradient", where=f"for shape {shape}")
