"""Dropout, nndl/dropout.py: which elements are dropped, how the others are scaled, the gradient.

Which elements a seed drops depends on the generator, which is the student's choice. So the drawn
zeros are judged by their statistics, within bounds of six standard deviations: a right answer
misses one of them once in 10⁸ times.
"""

from __future__ import annotations

import numpy as np
import pytest

SIZE = (100, 120)
"""Large enough that a share is known within 3% by six standard deviations."""
SIXFOLD = 6


def draw_param(rng, mode="train", p=None):
    """A dropout_param with an unseen seed and, where it isn't given, an unseen p."""
    p = rng.uniform(0.3, 0.7) if p is None else p
    return {"mode": mode, "p": p, "seed": int(rng.integers(2**31))}


def call(student, expect, x, dropout_param):
    """The output, of the shape of x, and the cache."""
    reply = student.dropout.dropout_forward(x, dropout_param)
    out, cache = expect.pair(reply, "dropout_forward", ("out", "cache"))
    shape = expect.array(out, "out").shape
    expect.that(shape == x.shape, f"`out` must have shape {x.shape}, that of x; it has {shape}.")
    return out, cache


def check_share(expect, dropped, p, what, known=np.inf):
    """The share of what is True in ``dropped`` may well come from a probability p.

    ``known`` is of how many elements p is the share, where it isn't known for certain.
    """
    bound = SIXFOLD * np.sqrt(p * (1 - p) * (1 / dropped.size + 1 / known))
    expect.that(
        abs(np.mean(dropped) - p) < bound,
        f"{what} must be {p:.3f} to within {bound:.3f}, it is {np.mean(dropped):.3f}.",
    )


def share_of(expect, dropped):
    """The share of zeros that was seen, right or not."""
    share = float(np.mean(dropped))
    expect.that(
        0.02 < share < 0.98, f"Some elements must be dropped and others not; {share:.0%} are."
    )
    return share


def mask_of(expect, out, x, place=""):
    """What each element of x was multiplied by, in a forward pass that drops some and not all."""
    dropped = np.mean(np.asarray(out) == 0)
    expect.that(
        0.02 < dropped < 0.98,
        f"`out` {place} must be 0 for some elements and not for others; "
        f"it is 0 for {dropped:.0%} of them.",
    )
    return np.asarray(out, dtype=np.float64) / x


class TestForward:
    @pytest.mark.task("dropout_forward", points=2)
    def test_share(self, student, expect, rng, draw):
        """In train mode each element is dropped with probability p."""
        for p in (0.25, rng.uniform(0.35, 0.45), 0.8):
            out, _ = call(student, expect, draw(SIZE), draw_param(rng, p=p))
            check_share(expect, out == 0, p, f"With p={p:.3g} the share of zeros in out")

    @pytest.mark.task("dropout_forward", points=2)
    def test_scale(self, student, expect, rng, draw):
        """In train mode an element that is kept becomes `x / (1 − p)`."""
        for _ in range(2):
            x, dropout_param = draw((30, 40)), draw_param(rng)
            out, _ = call(student, expect, x, dropout_param)
            p, kept = dropout_param["p"], out != 0
            expect.that(kept.any(), f"With p={p:.3g} every element of out is 0.")
            expected = np.where(kept, x / (1 - p), 0)
            expect.close(out, expected, "out", where=f"where it isn't 0, with p={p:.3g},")

    @pytest.mark.task("dropout_forward", points=2)
    def test_elements(self, student, expect, rng, draw):
        """Every element is drawn by itself: neither examples nor features are dropped as a whole.

        Two elements are both dropped with the square of the probability of one.
        """
        x, dropout_param = draw(SIZE), draw_param(rng, p=rng.uniform(0.4, 0.6))
        dropped = call(student, expect, x, dropout_param)[0] == 0
        p = share_of(expect, dropped)
        for axis, name in ((0, "next example"), (1, "next feature")):
            both = dropped & np.roll(dropped, 1, axis)
            what = f"The share of zeros that are 0 in the {name} as well"
            check_share(expect, both, p**2, what, known=x.size)
        images = draw((5, 3, 20, 20))
        dropped = call(student, expect, images, dropout_param)[0] == 0
        what = f"For x of shape {images.shape} the share of zeros in out"
        check_share(expect, dropped, p, what, known=x.size)

    @pytest.mark.task("dropout_forward", points=2)
    def test_seed(self, student, expect, rng, draw):
        """The same seed drops the same elements of the same shape, another seed drops others."""
        x, other, dropout_param = draw((30, 40)), draw((30, 40)), draw_param(rng)
        first, second = (
            mask_of(expect, call(student, expect, each, dropout_param)[0], each)
            for each in (x, other)
        )
        expect.that(
            np.array_equal(first == 0, second == 0),
            "Two calls with the same seed must drop the same elements; they drop different ones.",
        )
        third, _ = call(student, expect, x, dropout_param | {"seed": dropout_param["seed"] + 1})
        expect.that(
            not np.array_equal(first == 0, third == 0),
            "Two calls with different seeds drop the same elements; they should drop others.",
        )

    @pytest.mark.task("dropout_forward", points=1)
    def test_calls(self, student, expect, rng, draw):
        """Without a seed each call draws anew: what one drops says nothing of the next."""
        x, dropout_param = draw(SIZE), draw_param(rng, p=rng.uniform(0.4, 0.6))
        unseeded = {"mode": "train", "p": dropout_param["p"]}
        first, second, third = (
            call(student, expect, x, param)[0] == 0 for param in (dropout_param, unseeded, unseeded)
        )
        p = share_of(expect, first)
        for one, other in ((first, second), (second, third)):
            what = "The share of elements that two calls without a common seed both drop"
            check_share(expect, one & other, p**2, what, known=x.size)

    @pytest.mark.task("dropout_forward", points=2)
    def test_test_mode(self, student, expect, rng, draw):
        """In test mode `out = x`."""
        for shape in [(4, 5), (2, 3, 4)]:
            x = draw(shape)
            out, _ = call(student, expect, x, draw_param(rng, "test"))
            expect.close(out, x, "out", where=f"in test mode for x of shape {shape}")

    @pytest.mark.task("dropout_forward", points=1)
    def test_p_of_zero(self, student, expect, rng, draw):
        """With p = 0 train mode drops nothing and scales nothing."""
        x = draw((4, 5))
        out, _ = call(student, expect, x, draw_param(rng, p=0.0))
        expect.close(out, x, "out", where="in train mode with p=0")

    @pytest.mark.task("dropout_forward", points=1)
    def test_arguments(self, student, expect, rng, draw):
        """x and dropout_param are only read, in both modes."""
        for mode in ("train", "test"):
            x, dropout_param = draw((4, 5)), draw_param(rng, mode)
            given, param = student.place(x), student.place(dropout_param)
            student.dropout.dropout_forward(given, param)
            place = f"after a call in {mode} mode, which must only read it,"
            expect.close(given.fetch(), x, "x", where=place)
            left = param.fetch()
            for name, value in dropout_param.items():
                got = expect.entry(left, name, f"dropout_param {place}")
                expect.that(
                    got == value, f"dropout_param[{name!r}] is {got!r} {place} not {value}."
                )

    @pytest.mark.task("dropout_forward", points=1)
    def test_float32(self, student, expect, rng, draw):
        """float32 in, float32 out, in both modes."""
        x = draw((20, 30)).astype(np.float32)
        for mode in ("train", "test"):
            out, _ = call(student, expect, x, draw_param(rng, mode, p=0.5))
            expect.that(
                out.dtype == np.float32,
                f"`out` in {mode} mode must be float32 as x is, it is {out.dtype}.",
            )


class TestBackward:
    """What a forward pass multiplied by is read off its own output. So a mask that is wrong in its
    share or its scale costs no points a second time.
    """

    @pytest.mark.task("dropout_backward", points=3)
    def test_train_mode(self, student, expect, rng, draw):
        """`dx = dout · mask`, with the mask that the forward pass has used."""
        for shape in [(30, 40), (40, 30)]:
            x, dout = draw(shape), draw(shape)
            out, cache = call(student, expect, x, draw_param(rng))
            place = f"for x of shape {shape}"
            mask = mask_of(expect, out, x, place)
            dx = student.dropout.dropout_backward(dout, cache)
            expect.close(dx, dout * mask, "dx", where=place)

    @pytest.mark.task("dropout_backward", points=1)
    def test_layers(self, student, expect, rng, draw):
        """Each layer's mask is in its own cache: two passes forward, then both backward."""
        inputs = [draw((30, 40)), draw((30, 40))]
        passes = [call(student, expect, x, draw_param(rng)) for x in inputs]
        for x, (out, cache), name in zip(inputs, passes, ("first", "second"), strict=True):
            dout = draw((30, 40))
            mask = mask_of(expect, out, x)
            dx = student.dropout.dropout_backward(dout, cache)
            place = f"of the {name} of two forward passes"
            expect.close(dx, dout * mask, "dx", where=place)

    @pytest.mark.task("dropout_backward", points=1)
    def test_test_mode(self, student, expect, rng, draw):
        """In test mode `dx = dout`."""
        x, dout = draw((30, 40)), draw((30, 40))
        _, cache = call(student, expect, x, draw_param(rng, "test"))
        dx = student.dropout.dropout_backward(dout, cache)
        expect.close(dx, dout, "dx", where="in test mode")

    @pytest.mark.task("dropout_backward", points=1)
    def test_arguments(self, student, expect, rng, draw):
        """dout is only read, and the cache serves a second time."""
        x, dout = draw((30, 40)), draw((30, 40))
        out, cache = call(student, expect, x, draw_param(rng))
        mask, given = mask_of(expect, out, x), student.place(dout)
        for place in ("", "in a second call with the same dout and cache"):
            dx = student.dropout.dropout_backward(given, cache)
            expect.close(dx, dout * mask, "dx", where=place)
        expect.close(given.fetch(), dout, "dout", where="after the call, which must only read it,")
