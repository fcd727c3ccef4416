"""Mutants: one small change each, of every kind, only where a student writes, and no two alike."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from kit.course import Assignment, find_assignment
from kit.release import mutants
from kit.release.mutants import Mutant
from kit.skeleton import regions
from tests.support.course import ROOT, SOLUTION

ASSIGNMENTS = ("optimization", "batchnorm", "cnn")


def made(lines: str, before: str = "") -> list[Mutant]:
    """The mutants of the answer ``lines``, in a function of ``x``, ``w`` and ``state``."""
    return list(mutants.of_text(text(lines, before), "nndl/work.py"))


def text(lines: str, before: str = "") -> str:
    indented = "".join(f"    {line}\n" for line in lines.split("\n"))
    return (
        f"import numpy as np\n\n{before}\ndef f(x, w, state):\n    # YOUR CODE HERE: work\n"
        f"{indented}    # END YOUR CODE HERE\n    return None\n"
    )


def after(lines: str, kind: str) -> set[str]:
    """What the changed code is in the mutants of a kind."""
    return {each.after for each in made(lines) if each.kind == kind}


KINDS = [
    ("y = x * w - 1", "operator", {"y = x / w - 1", "y = (x + w) - 1", "y = x * w + 1"}),
    ("y = x / w", "operands", {"y = w / x"}),
    ("y = x - w", "term", {"y = x", "y = w"}),
    ("y = x > 0", "comparison", {"y = x >= 0", "y = x < 0", "y = x != 0"}),
    ("y = 0.5 * x", "constant", {"y = 1.0 * x", "y = 0.25 * x"}),
    ("y = x[1]", "index", {"y = x[2]", "y = x[0]"}),
    ("y = x[1:]", "index", {"y = x[2:]", "y = x[0:]", "y = x[:]"}),
    ("y = x.sum(axis=0)", "axis", {"y = x.sum(axis=1)", "y = x.sum(axis=-1)"}),
    ("y = x.sum(axis=0)", "keepdims", {"y = x.sum(axis=0, keepdims=True)"}),
    ("y = f(0, keepdims=True)", "argument", {"y = f(0)"}),
    ("y = f(keepdims=True)", "constant", {"y = f(keepdims=False)"}),
    ("y = np.sqrt(x)", "call", {"y = x"}),
    ("y = np.sum(x)", "function", {"y = np.mean(x)", "y = np.max(x)"}),
    ("y = w.T", "transposed", {"y = w"}),
    ("y = -x", "sign", {"y = x"}),
    ("y = x @ w", "name", {"y = w @ w", "y = x @ x"}),
    ('x["a"] = x["b"]', "key", {'x["b"] = x["b"]', 'x["a"] = x["a"]'}),
    ('state["a"] = x', "deleted", {"pass"}),
    ('state["a"] = x', "augmented", {"state['a'] += x"}),
    ("x += w", "augmented", {"x = w"}),
    ('y, state["a"] = x, w', "state", {"_, state['a'] = (x, w)", "y, _ = (x, w)"}),
    ("y = x + w", "in place", {"x += w\ny = x"}),
    ("x = w + 1\ny = x + 2", "order", {"y = x + 2\nx = w + 1"}),
    ("if w > 0:\n    x = w", "condition", {"True", "False", "not w > 0"}),
    ("y = np.dot(x, w)", "order of values", {"y = np.dot(w, x)"}),
]  # fmt: skip


class TestKinds:
    """Each kind of change, in the smallest code that has a place for it."""

    @pytest.mark.parametrize(("lines", "kind", "expected"), KINDS)
    def test_a_change_is_made_wherever_it_can_be(
        self, lines: str, kind: str, expected: set[str]
    ) -> None:
        assert {ast.dump(ast.parse(each)) for each in after(lines, kind)} == {
            ast.dump(ast.parse(each)) for each in expected
        }

    def test_every_kind_is_among_them(self) -> None:
        every = {each.kind for name in ASSIGNMENTS for each in of_assignment(name)}
        assert every - {"function"} <= {kind for _, kind, _ in KINDS}

    def test_a_function_is_taken_for_another_that_the_code_calls(self) -> None:
        assert {"g(h(x))", "h(g(x))"} & after("y = g(h(x))", "function") == set()
        assert after("y = g(h(x))", "function") == {"y = h(h(x))", "y = g(g(x))"}

    def test_a_name_that_has_no_value_yet_is_not_taken(self) -> None:
        assert after("y = x + 1\nz = y + 1", "name") == {"z = x + 1"}


class TestPlaces:
    """A change is made in what a student writes, and the rest stays byte for byte."""

    def test_what_is_given_stays(self) -> None:
        before = "def given(x):\n    return x + 1\n"
        assert made("y = x + 1", before)
        for each in made("y = x + 1", before):
            assert before in each.source
            assert each.source.endswith("    # END YOUR CODE HERE\n    return None\n")

    def test_line_numbers_stay_where_a_statement_took_several_lines(self) -> None:
        lines = 'y = np.sum(\n    x,  # "√"\n    axis=0,\n)\nz = y + w'
        original = text(lines).split("\n")
        for each in made(lines):
            assert each.source.split("\n")[original.index("    # END YOUR CODE HERE")] == (
                "    # END YOUR CODE HERE"
            )
            assert each.line in {
                original.index("    y = np.sum(") + 1,
                original.index("    z = y + w") + 1,
            }

    def test_a_mutant_names_the_line_and_what_it_was(self) -> None:
        (each,) = [one for one in made("y = x\nz = -w") if one.kind == "sign"]
        assert each.before == "z = -w"
        assert each.after == "z = w"
        assert each.source.split("\n")[each.line - 1] == "    z = w"
        assert each.id == f"work.{each.line}.sign.1"


@cache
def of_assignment(name: str) -> list[Mutant]:
    return mutants.mutants(find_assignment(name, ROOT))


@pytest.mark.parametrize("name", ASSIGNMENTS)
class TestOfAssignments:
    """The mutants of the real solutions."""

    def test_there_are_hundreds_for_each_task_that_is_written(self, name: str) -> None:
        found = of_assignment(name)
        folder = find_assignment(name, ROOT).solutions
        written = {
            region.task
            for path in folder.rglob("*.py")
            for region in regions(path.read_text("utf-8"), path.name)
        }
        assert {each.task for each in found} == written
        assert len(found) > 500

    def test_no_two_are_the_same(self, name: str) -> None:
        found = of_assignment(name)
        assert len({each.source for each in found}) == len(found)
        assert len({each.id for each in found}) == len(found)

    def test_a_mutant_is_handed_in_with_the_rest_of_the_solution(self, name: str) -> None:
        assignment = find_assignment(name, ROOT)
        one = of_assignment(name)[0]
        handed_in = mutants.submission(assignment, one)
        assert handed_in.student == one.id
        assert tuple(handed_in.files) == assignment.student_files
        differ = [
            path
            for path, content in handed_in.files.items()
            if content != assignment.written[path].read_bytes()
        ]
        assert differ == [one.file]


def test_no_two_are_the_same_code_and_none_is_the_solution() -> None:
    """However it is written."""
    assignment = find_assignment("optimization", ROOT)
    found = of_assignment("optimization")
    files = {(assignment.solutions / each.file).read_text("utf-8") for each in found}
    parsed = {ast.unparse(ast.parse(each.source)) for each in found}
    assert len(parsed) == len(found)
    assert parsed.isdisjoint(ast.unparse(ast.parse(text)) for text in files)


def test_the_same_solution_has_the_same_mutants(tmp_path: Path) -> None:
    path = tmp_path / "solutions/tiny/nndl/work.py"
    path.parent.mkdir(parents=True)
    path.write_text(SOLUTION)
    assignment = Assignment(tmp_path, "tiny")
    assert mutants.mutants(assignment) == mutants.mutants(assignment) != []
