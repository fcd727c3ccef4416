"""Whatever a student's function returns is judged: never a fault of ours, never a point for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from tests.support.hostile import reference
from tests.support.results import require_documented
from tests.support.variants import unit_tasks_grader

ODD = {
    "nothing": "None",
    "ellipsis": "...",
    "not implemented": "NotImplemented",
    "zero": "0",
    "one": "1",
    "true": "True",
    "a large int": "10**30",
    "an int of 64 bits": "2**63 - 1",
    "nan": "float('nan')",
    "infinity": "-float('inf')",
    "a complex number": "1j",
    "text": "'loss'",
    "empty text": "''",
    "half a character": "'\\ud800'",
    "bytes": "b'loss'",
    "a memoryview": "memoryview(b'x')",
    "an empty list": "[]",
    "a list": "[1, 2]",
    "an empty tuple": "()",
    "a pair": "(None, None)",
    "three values": "(None, 0, 'x')",
    "a dict": "{'W1': None, 'params': 1}",
    "a dict with other keys": "{1: 2, None: 3}",
    "nested": "[[({},)], ({'a': [()]},)]",
    "nested deep": "_deep(100)",
    "a list that holds itself": "_endless()",
    "a set": "{1, 2}",
    "a range": "range(3)",
    "a generator": "(i for i in range(3))",
    "a class": "dict",
    "a NumPy type": "np.float32",
    "a function": "len",
    "a module": "np",
    "an object": "object()",
    "an exception": "ValueError('x')",
    "an object with everything": "_Anything()",
    "an empty array": "np.zeros(0)",
    "an array of no dimension": "np.array(1.5)",
    "an array": "np.arange(5.0)",
    "an array of many dimensions": "np.ones((1,) * 20)",
    "an array of bool": "np.ones((3, 4), bool)",
    "an array of ints": "np.ones((3, 4), np.uint8)",
    "an array of half floats": "np.ones((3, 4), np.float16)",
    "an array of nan": "np.full((3, 4), np.nan)",
    "an array of complex numbers": "np.ones((3, 4), complex)",
    "an array of objects": "np.array([None, {}], object)",
    "an array of text": "np.array(['a', 'b'])",
    "an array of dates": "np.array(['2020-01-01'], 'datetime64[D]')",
    "a structured array": "np.zeros(3, [('a', int), ('b', float)])",
    "a masked array": "np.ma.array([1.0, 2.0], mask=[True, False])",
    "a matrix": "np.matrix([[1.0, 2.0]])",
    "a read-only array": "_read_only()",
    "negative strides": "np.arange(12.0).reshape(3, 4)[::-1, ::-1].T",
    "a broadcast array": "np.broadcast_to(1.0, (3, 4))",
    "a subclass": "np.ones((3, 4)).view(_Sub)",
    "a huge array": "np.zeros(40 * 2**20)",
    "many values": "list(range(200_000))",
    "much text": "'x' * 3_000_000",
}
HELPERS = '''
class _Sub(np.ndarray):
    """An array that says something else of itself."""
    shape = property(lambda self: (1, 2, 3))


class _Anything:
    def __getattr__(self, name):
        return _Anything()

    def __call__(self, *_, **__):
        return _Anything()


def _deep(levels):
    return [_deep(levels - 1)] if levels else []


def _endless():
    items = []
    items.append(items)
    return items


def _read_only():
    array = np.ones((3, 4))
    array.flags.writeable = False
    return array
'''
FUNCTIONS = {
    "nndl/optim.py": ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam"),
    "nndl/layers.py": ("affine_forward", "affine_backward", "relu_forward", "relu_backward"),
    "nndl/layer_utils.py": ("affine_relu_forward", "affine_relu_backward"),
    "nndl/fc_net.py": ("FullyConnectedNet",),
}
FORMS = (
    "(lambda right: ({odd}, right[1]) if type(right) is tuple else {odd})",
    "(lambda right: (right[0], {odd}))",
    "(lambda right: (right[0], dict.fromkeys(right[1], {odd})))",
)
"""Where an odd value can stand in what is right."""
NETS = (
    "_net.params = {odd}",
    "_net.params = dict.fromkeys(_net.params, {odd})",
    "_net.loss = lambda *_, **__: {odd}",
    "_net.loss = lambda *_, **__: ({odd}, dict(_net.params))",
    "_net.loss = lambda *_, **__: (0.5, {odd})",
    "_net.loss = lambda *_, **__: (0.5, dict.fromkeys(_net.params, {odd}))",
)
"""Where it can stand in a net."""


def net_with(line: str) -> str:
    """The lines that let every net be changed by ``line``."""
    return (
        "_Net = FullyConnectedNet\n"
        "def FullyConnectedNet(*a, **k):\n"
        "    _net = _Net(*a, **k)\n"
        f"    {line}\n"
        "    return _net\n"
    )


@pytest.fixture(scope="module")
def grader(optimization: Assignment) -> Iterator[Grader]:
    with unit_tasks_grader(optimization) as ready:
        yield ready


def handed_in(optimization: Assignment, added: dict[str, str]) -> Submission:
    """The solution, with more lines at the end of its files."""
    files = dict(reference(optimization).files)
    for name, lines in added.items():
        files[name] += f"\n\nimport numpy as np\n{HELPERS}\n\n{lines}\n".encode()
    return Submission("odd", files)


def graded(grader: Grader, submission: Submission) -> dict[str, Any]:
    """The result, which is one: no fault of ours, and of the documented form."""
    result = grader.grade(submission).as_dict()
    faults = [
        f"{check['name']}: {check['message']}"
        for task in result["tasks"]
        for check in task["checks"]
        if check["status"] == "error"
    ]
    assert (result["status"], result.get("message"), faults) == ("graded", None, [])
    require_documented(result)
    return result


VALUES = list(ODD.values())
EACH = pytest.mark.parametrize("first", range(len(VALUES)), ids=ODD)
"""Each function returns another odd value: the first function this one, the others those after it.
So the cases together try every value with every function."""
IN_PART = pytest.mark.one_in(sum(map(len, FUNCTIONS.values())), 0)
"""Of the cases so few that every value is still returned by one function."""


def following(first: int) -> Iterator[str]:
    """The odd values from the ``first`` on, and then from the beginning."""
    return islice(cycle(VALUES), first, None)


def within(first: int) -> dict[str, str]:
    """The lines by which an odd value stands within what each function returns."""
    odd, added = following(first), {}
    for name, functions in FUNCTIONS.items():
        if name == "nndl/fc_net.py":
            added[name] = net_with(NETS[first % len(NETS)].format(odd=next(odd)))
            continue
        lines = []
        for place, function in enumerate(functions):
            form = FORMS[(first + place) % len(FORMS)].format(odd=next(odd))
            lines.append(f"_{function} = {function}")
            lines.append(f"def {function}(*a, **k): return {form}(_{function}(*a, **k))")
        added[name] = "\n".join(lines)
    return added


@EACH
class TestOddValues:
    @IN_PART
    def test_returned_by_everything_it_earns_nothing(
        self, grader: Grader, optimization: Assignment, first: int
    ) -> None:
        odd = following(first)
        added = {
            name: "\n".join(f"def {each}(*_, **__): return {next(odd)}" for each in functions)
            for name, functions in FUNCTIONS.items()
        }
        assert graded(grader, handed_in(optimization, added))["score"] == 0

    @IN_PART
    def test_within_what_is_right_it_is_a_failed_check(
        self, grader: Grader, optimization: Assignment, first: int
    ) -> None:
        graded(grader, handed_in(optimization, within(first)))

    @pytest.mark.cifar10
    @pytest.mark.one_in(7, 5)  # among them are all three changes of a net that odd numbers make
    def test_the_training_task_meets_it_without_a_fault(
        self, optimization: Assignment, training_grader: Grader, first: int
    ) -> None:
        odd = VALUES[first]
        lines = f"def FullyConnectedNet(*_, **__): return {odd}"
        if first % 2:
            lines = net_with(NETS[first % len(NETS)].format(odd=odd))
        submission = handed_in(optimization, {"nndl/fc_net.py": lines})
        assert graded(training_grader, submission)["score"] == 0


@pytest.fixture(scope="module")
def training_grader(optimization: Assignment, cifar10: Any) -> Iterator[Grader]:
    with Grader(optimization, ["cifar10"]) as ready:
        yield ready
