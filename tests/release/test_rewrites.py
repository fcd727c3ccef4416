"""Rewrites: one change each that keeps the meaning, checked by running both."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from kit.course import find_assignment
from kit.release import rewrites
from kit.release.rewrites import Rewrite
from tests.support.course import ROOT

TEXT = '''\
"""What a student writes."""

import numpy as np


def f(x, w, state, given):
    # YOUR CODE HERE: work
    product = x @ w
    shifted = (product + state["shift"]) - 0.5 * product**2 / 3
    mean = shifted.mean(axis=0)
    total = np.sum(shifted, axis=0) + np.sum(x, axis=(0, 1)) + shifted.sum(axis=1).sum()
    state["seen"] += 1
    root = np.sqrt(np.maximum(total, 0) + 1)
    if given > 0:
        root = root * 2 * mean
    else:
        root = root - mean
    for row in range(2):
        root = root + x.T[row].max()
    out = root
    # END YOUR CODE HERE
    return out
'''
EVERY = {
    "associated", "augmented", "commuted", "comparison", "copied", "function", "get", "if",
    "in place", "keepdims", "list", "loop", "method", "product", "quotient", "renamed", "root",
    "sign", "square", "temporary", "where",
}  # fmt: skip


def made() -> list[Rewrite]:
    return rewrites.of_text(TEXT, "nndl/work.py")


def answers(source: str) -> Iterator[Any]:
    """What `f` returns and leaves in its arguments, for inputs of both branches."""
    names: dict[str, Any] = {}
    exec(source, names)
    rng = np.random.default_rng(0)
    for given, dtype in ((1, np.float64), (-1, np.float64), (1, np.float32)):
        x, w, shift = (rng.normal(size=size).astype(dtype) for size in ((5, 3), (3, 4), (4,)))
        state = {"shift": shift, "seen": 0}
        before = deepcopy((x, w, shift))
        yield names["f"](x, w, state, given)
        yield state["seen"]
        yield all(np.array_equal(a, b) for a, b in zip(before, (x, w, shift), strict=True))


def test_every_kind_is_made() -> None:
    assert {each.kind for each in made()} == EVERY


@pytest.mark.parametrize("one", made(), ids=lambda each: each.id)
def test_a_rewrite_answers_as_what_it_was_made_from(one: Rewrite) -> None:
    assert one.source != TEXT
    for right, got in zip(answers(TEXT), answers(one.source), strict=True):
        tolerance = 1e-4 if np.asarray(right).dtype == np.float32 else 1e-9
        np.testing.assert_allclose(got, right, rtol=tolerance, atol=tolerance)
        assert np.shape(got) == np.shape(right)


def test_a_name_that_given_code_reads_is_kept() -> None:
    assert {each.before for each in made() if each.kind == "renamed"} == {
        "product", "shifted", "mean", "total", "root", "row",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["optimization", "batchnorm", "cnn"])
def test_there_are_many_for_each_assignment(name: str) -> None:
    found = rewrites.rewrites(find_assignment(name, ROOT))
    assert len(found) > 100
    assert len({each.id for each in found}) == len(found)
