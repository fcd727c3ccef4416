"""What several suites of this assignment draw, and how they read a bn_param."""

from __future__ import annotations

AVERAGES = ("running_mean", "running_var")


def draw_batch(rng, shape):
    """A batch whose features differ in mean and spread."""
    return rng.normal(size=shape) * rng.uniform(0.5, 3, shape[1]) + rng.normal(0, 2, shape[1])


def draw_param(rng, features, mode="train"):
    """A whole bn_param with unseen settings and averages."""
    return {
        "mode": mode,
        "eps": rng.uniform(0.1, 1),
        "momentum": rng.uniform(0.3, 0.8),
        "running_mean": rng.normal(0, 2, features),
        "running_var": rng.uniform(0.5, 4, features),
    }


def of(bn_param):
    """The averages in a bn_param, as the oracle takes them."""
    return {name: bn_param[name] for name in AVERAGES}


def check_averages(expect, bn_param, expected, place, **tolerance):
    """Both running averages in a bn_param, as a call has left it."""
    for name, right in expected.items():
        got = expect.entry(bn_param, name, f"bn_param {place}")
        expect.close(got, right, name, where=place, **tolerance)
