"""What is kept of a hand-in's code says what it does, and not who wrote it."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from kit.course import Assignment
from kit.learn import functions
from kit.learn.first import sentence
from kit.learn.nameless import USED_BY, Course, Nameless, of_course
from tests.support.course import ROOT

KNOWN = "double x w config learning rate 0.12345 20211234"


def taken(text: str, name: str = "double", known: str = KNOWN) -> str:
    """The functions of ``text`` that belong to a task of the function ``name``."""
    files = {"nndl/work.py": np.frombuffer(text.encode(), np.uint8)}
    return "\n\n".join(functions.take(files, [("nndl/work.py", name)], [name], known))


class TestFunctions:
    def test_comments_docstrings_and_prints_are_left_out(self) -> None:
        text = (
            '"""By ada."""\ndef double(x):\n    "Ada\'s."\n    # ada\n    print("ada")\n'
            "    if x:  # ada\n        print(x)\n    'ada'\n    f'{x} ada'\n    return 2 * x\n"
        )
        assert taken(text) == "def double(x):\n    if x:\n        pass\n    return 2 * x"

    def test_a_body_that_says_nothing_else_stays_a_body(self) -> None:
        text = "def double(x):\n    'ada'\n\n\ndef other(x):\n    return 1\n"
        assert taken(text) == "def double(x):\n    pass"

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("'ada'", "TEXT"),
            ("b'ada'", "TEXT"),
            ("f'ada{x}'", "TEXT"),
            ("config['learning_rate']", "config['learning_rate']"),
            ("config[f'w{x}']", "config[f'w{x}']"),
            ("config[f'w{\"ada\"}']", "config[f'w{TEXT}']"),
            ("7654321", "NUMBER"),
            ("76.54321", "NUMBER"),
            ("20211234", "20211234"),  # the course's own
            ("0.12345", "0.12345"),
            ("1e-08", "1e-08"),
            ("1000000", "1000000"),
        ],
    )
    def test_texts_and_numbers_of_somebodys_own_are_not_shown(
        self, written: str, shown: str
    ) -> None:
        body = taken(f"def double(x):\n    return {written}\n").partition("return ")[2]
        assert body == shown

    def test_functions_of_the_students_own_come_after_it(self) -> None:
        text = (
            "def inner(x):\n    return 2 * x\n\n\ndef outer(x):\n    return inner(x)\n\n\n"
            "def unused(x):\n    return x\n\n\ndef double(x):\n    return outer(x)\n"
        )
        assert [node.name for node in ast.parse(taken(text)).body] == [  # type: ignore[attr-defined]  # functions
            "double",
            "outer",
            "inner",
        ]

    def test_a_method_is_found_by_its_class(self) -> None:
        text = (
            "class Net:\n    def loss(self):\n        return self._own()\n\n"
            "    def _own(self):\n        return 1\n\n\ndef loss():\n    return 2\n"
        )
        assert taken(text, "Net.loss").startswith("def loss(self):")
        assert "def _own(self):" in taken(text, "Net.loss")

    @pytest.mark.parametrize(
        "text",
        [
            "def mine(x):\n    return 2\n\n\ndouble = mine\n",
            "def double(x):\n    return 1\n\n\ndef mine(x):\n    return 2\n\n\ndouble = mine\n",
            "def double(x):\n    return 1\n\n\ndef double(x):\n    return 2\n",
            "try:\n    import numpy\nexcept ImportError:\n    pass\nelse:\n"
            "    def double(x):\n        return 2\n",
        ],
    )
    def test_the_function_is_the_one_that_is_called(self, text: str) -> None:
        assert taken(text).partition("\n")[2] == "    return 2"

    def test_a_function_that_is_imported_is_found_in_its_file(self) -> None:
        texts = {
            "nndl/work.py": b"from nndl.mine import twice as double\n",
            "nndl/mine.py": b"def twice(x):\n    return 2 * x\n",
        }
        files = {name: np.frombuffer(text, np.uint8) for name, text in texts.items()}
        (found,) = functions.take(files, [("nndl/work.py", "double")], ["double"], KNOWN)
        assert found == "def twice(x):\n    return 2 * x"

    @pytest.mark.parametrize(
        "text",
        [
            *("def double(", "\0", "x = 1", ""),
            "def double(x):\n    return 1\n\n\ndouble = made(double)\n",
            "double = double\n",
        ],
    )
    def test_what_is_not_there_is_not_shown(self, text: str) -> None:
        assert taken(text) == ""


class TestNameless:
    COURSE = Course(
        frozenset({"np", "max", "config", "rate", "ada", "grad"}),
        frozenset({"np", "max", "AdaGrad"}),
    )

    def written(self, text: str, *hand_ins: str, students: tuple[str, ...] = ()) -> str:
        others = [[each] for each in hand_ins]
        return Nameless(self.COURSE, students, [[text], *others]).written([text])[0]

    def test_a_name_with_a_word_of_its_own_is_replaced_throughout(self) -> None:
        text = "blob_rate = max(blobRate, config, x1) + blob_rate"
        assert self.written(text) == "name1 = max(name2, config, x1) + name1"

    @pytest.mark.parametrize(("by", "stays"), [(USED_BY - 1, False), (USED_BY, True)])
    def test_a_word_that_several_use_stays(self, by: int, stays: bool) -> None:
        shown = self.written("blob = 1", *["blob = 2"] * (by - 1))
        assert shown == ("blob = 1" if stays else "name1 = 1")

    def test_part_of_a_students_name_is_replaced_whoever_uses_it(self) -> None:
        others = ["lovelace = ada = preadalovelaces = 1"] * USED_BY
        text = "lovelace = ada = preadalovelaces"
        shown = self.written(text, *others, students=("ada_lovelace",))
        assert shown == "name1 = name2 = name3"

    def test_a_name_of_the_course_stays_also_if_somebody_is_called_so(self) -> None:
        text = "np.max(AdaGrad, ada_rate, max_rate, rate)"
        shown = self.written(text, students=("max", "ada"))
        assert shown == "np.max(AdaGrad, name1, name2, rate)"

    def test_the_words_of_the_course_are_those_of_its_files_and_of_numpy(self) -> None:
        course = of_course(Assignment(ROOT, "batchnorm"))
        assert {"velocity", "softmax", "einsum", "keepdims", "lambda", "eps"} <= course.words
        assert {"config", "einsum", "softmax_loss"} <= course.names
        assert not {"greta", "lovelace"} & course.words


CALLS = [
    {"attribute": "step", "value": None},
    {"attribute": "step", "raised": "KeyError: 'ada'"},
    {"attribute": "step", "raised": "AdaError: by ada"},
]


class TestFirst:
    """The sentence on the first wrong answer of a check."""

    def test_it_names_the_parts(self) -> None:
        parts = [{"w": True}, {"w": True, "v": False, 'c["a"]': False}]
        assert sentence([CALLS[0]] * 2, parts) == (
            'Answer 2 of 2, of `step`, is wrong in `v` and `c["a"]`; `w` is right.'
        )

    @pytest.mark.parametrize(("call", "kind"), [(1, "`KeyError`"), (2, "an exception of its own")])
    def test_it_names_an_exception_that_is_pythons_and_says_no_message(
        self, call: int, kind: str
    ) -> None:
        said = sentence([CALLS[call]] * 2, [{"an exception": False}, {}])
        assert said == f"`step` raises {kind}."

    def test_where_all_is_right_it_says_so_and_where_nothing_is_known_nothing(self) -> None:
        assert sentence(CALLS[:1], [{"w": True}]).startswith("All values are right.")
        assert sentence(CALLS[:1], [{"w": None}]) == ""
