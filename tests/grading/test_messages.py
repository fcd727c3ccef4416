"""What a student reads of a failed check: where it is, and with what it was called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kit.checks.expect import Expect
from kit.checks.student import Student
from kit.feedback import alike, explain_all
from kit.grading.grader import Grader
from kit.results import Result
from kit.sandbox.describe import briefly
from kit.sandbox.faults import CheckFailure, StudentFault
from kit.sandbox.tester import places
from tests.support.course import SOLUTION, submission
from tests.support.results import task_of

Make = Callable[..., Student]


def said_of(got: Any, expected: Any) -> str:
    with pytest.raises(CheckFailure) as caught:
        Expect.close(got, expected, "x")
    return str(caught.value)


def fault_of(call: Callable[[], Any]) -> str:
    with pytest.raises(StudentFault) as caught:
        call()
    return str(caught.value)


class TestFactors:
    """A factor is said only where it says something."""

    def test_a_plain_factor(self) -> None:
        assert "It is 3 times as large as it must be." in said_of(3 * np.ones(2), np.ones(2))

    def test_a_factor_close_to_one_is_given_its_digits(self) -> None:
        said = said_of(1.00002 * np.arange(1.0, 4), np.arange(1.0, 4))
        assert "It differs by a factor of 1.00002." in said

    @pytest.mark.parametrize("excess", 10.0 ** -np.arange(1, 7))
    def test_nothing_is_ever_1_times_as_large(self, excess: float) -> None:
        assert " 1 times" not in said_of((1 + excess) * np.arange(1.0, 4), np.arange(1.0, 4))


class TestPlaces:
    """A definition is found in the text of a file, which is never compiled."""

    SOURCE = (
        b"import numpy as np\r\n"
        b"def twice(x): return x\r\n"
        b"class Net:\r\n"
        b"    def __init__(self, dims, *, scale=(1, 2), seed: int = 3):\r\n"
        b"        pass\r\n"
        b"    def loss(self, X, y=None):\r\n"
        b"        pass\r\n"
        b"def twice(a, b=[1, (2, 3)],\r\n"
        b"          c={}, **more): pass\r\n"
    )

    def test_the_last_definition_of_a_function_counts(self) -> None:
        found = places.find({"nndl/a.py": self.SOURCE}, "nndl.a", "twice")
        assert found == ("nndl/a.py", 8, "twice", ("a", "b", "c"))
        assert str(found) == "nndl/a.py, `twice`, line 8"

    def test_a_class_has_the_parameters_of_its_constructor(self) -> None:
        found = places.find({"nndl/a.py": self.SOURCE}, "nndl.a", "Net")
        assert found == ("nndl/a.py", 3, "Net", ("self", "dims", "scale", "seed"))

    def test_a_method(self) -> None:
        found = places.method({"nndl/a.py": self.SOURCE}, "Net", "loss")
        assert found == ("nndl/a.py", 6, "loss", ("X", "y"))

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\0\xfe", b"def twice", b"def twice(" * 10_000, b"x = 'def twice('"]
    )
    def test_whatever_a_file_holds_nothing_breaks(self, content: bytes) -> None:
        found = places.find({"nndl/a.py": content}, "nndl.a", "twice")
        assert found is None or found.parameters == ()
        assert places.method({"nndl/a.py": content}, "twice", "twice") is None


class TestInputs:
    """An exception is told with what the function was called with, in few characters."""

    def test_the_config_that_lacked_a_key(self, student: Make) -> None:
        work = student("def f(w, config=None):\n    return w * config['rate']\n")
        said = fault_of(lambda: work.work.f(np.ones((3, 4)), {"momentum": 0.9}))
        assert "KeyError: 'rate'" in said
        assert said.endswith(
            "It was called with w=<array of shape (3, 4)>, config={'momentum': 0.9}."
        )

    def test_a_method_is_told_with_what_its_object_was_made_with(self, student: Make) -> None:
        work = student(
            "class Net:\n"
            "    def __init__(self, hidden_dims, reg=0): pass\n"
            "    def loss(self, X):\n"
            "        for i in range(0): h = X\n"
            "        return h\n"
        )
        net = work.work.Net([4], reg=0.5)
        with work.together():
            later = work.work.Net([4], reg=0.5).loss(np.ones(2))
        for call in (lambda: net.loss(np.ones(2)), lambda: later.value):
            said = fault_of(call)
            assert "UnboundLocalError" in said
            assert "called with Net(hidden_dims=[4], reg=0.5), then X=<array of shape (2,)>" in said

    def test_a_stub_and_an_import_are_told_without(self, student: Make) -> None:
        stub = student("def f(x):\n    raise NotImplementedError('task f')\n")
        assert "called with" not in fault_of(lambda: stub.work.f(1))
        broken = student("1 / 0\ndef f(x): pass\n")
        assert "called with" not in fault_of(lambda: broken.work.f(1))

    def test_long_arguments_are_cut(self, student: Make) -> None:
        work = student("def f(*x, **y): return 1 / 0\n")
        said = fault_of(lambda: work.work.f(list(range(10**4)), "x" * 10**4, {"y" * 9: [[]] * 99}))
        assert len(said) < 500

    def test_values_in_few_characters(self) -> None:
        value = {"a": np.ones((2, 3)), "t": 3, "rate": 0.1234567890, "none": None, "d": [1, (2,)]}
        assert briefly(value) == (
            "{'a': <array of shape (2, 3)>, 't': 3, 'rate': 0.123457, 'none': None, 'd': [1, (2)]}"
        )


class TestPlaceOfAWrongValue:
    """A wrong value names the file and the line of the function that it came from."""

    def test_a_wrong_number(self, grader: Grader) -> None:
        work = "\n\n" + SOLUTION.replace("return 2 * x", "return 3 * x")
        line = work.splitlines().index("def double(x):") + 1
        check = task_of(grader.grade(submission(work)).as_dict(), "double")["checks"][0]
        assert check["message"].endswith(f"(nndl/work.py, `double`, line {line})")

    def test_what_passed_and_what_raised_does_not(self, grader: Grader) -> None:
        for work in (SOLUTION, SOLUTION.replace("return 2 * x", "return 1 / 0")):
            for check in task_of(grader.grade(submission(work)).as_dict(), "double")["checks"]:
                assert "`double`, line" not in check["message"]


class TestOneReason:
    """Checks that one exception ended are one message."""

    def result(self, grader: Grader) -> Result:
        return grader.grade(submission("1 / 0\n" + SOLUTION))

    def test_an_exception_is_one_reason(self, grader: Grader) -> None:
        checks = [check for task in self.result(grader).tasks for check in task.checks]
        assert len({check.message for check in checks}) > 1  # each names its function
        assert len(alike(checks)) == 1

    def test_exports_tell_it_once(self, grader: Grader) -> None:
        told = [text for _, _, text in explain_all(self.result(grader))]
        assert "ZeroDivisionError" in told[0]
        assert f"The same for {len(told) - 1} more checks." in told[0]
        for text in told[1:]:
            assert "ZeroDivisionError" not in text
            assert text.startswith("The same exception as in “")
