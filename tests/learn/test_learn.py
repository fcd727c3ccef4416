"""A class teaches the catalogue: failures alike are grouped, and an entry for them is proved."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from textwrap import dedent, indent
from typing import NamedTuple

import pytest

from kit.course import Assignment
from kit.learn import probe, run
from kit.results import read
from kit.sandbox.faults import KitFault
from tests.support.command_line import kit

pytestmark = pytest.mark.usefixtures("warm")

NOT_HALVED = {
    "ada": '''
        """Ada Lovelace wrote this."""
        ada_error = prediction - target  # ada
        return (ada_error ** 2).sum() / len(prediction), ada_error * 2 / len(prediction)
    ''',
    "bob": """
        BobsNumber = prediction.shape[0]
        total = 0.0
        grad = np.zeros_like(prediction)
        for i in range(BobsNumber):
            for j in range(prediction.shape[1]):
                d = prediction[i, j] - target[i, j]
                total += d * d
                grad[i, j] = 2 * d / BobsNumber
        return total / BobsNumber, grad
    """,
    "carla": """
        by = {"author": "carla", b"carla": f"carla {target}", 4711: "x"}
        print("carla")
        diff = np.subtract(prediction, target)
        return np.einsum("nd,nd->", diff, diff) / diff.shape[0], 2.0 / diff.shape[0] * diff
    """,
    "dmitri": """
        def dmitris(x, *, dmitri=471100.25): return x
        class Dmitri(Exception): pass
        a = dmitris(target - prediction)
        return np.mean(np.sum(np.square(a), axis=1)), -2 * a / prediction.shape[0]
    """,
}
"""Half of the squared error without the half, in four styles that name their authors."""
TURNED = {
    "evelyn": "d = target - prediction\nreturn 0.5 * (d**2).sum() / len(d), d / len(d)",
    "frank": """
        evelyn_n = len(prediction)
        e = prediction - target
        return (e * e).sum() / 2 / evelyn_n, (target - prediction) / evelyn_n
    """,
}
OTHERS = {
    "gilbert": "d = prediction - target\nreturn 0.5 * (d**2).sum() / d.size, d / d.size",
    "hana": "raise NotImplementedError",
    "ivan": "raise NotImplementedError('later')",
    "jing": "return (",
    "kofi": "return 0.5 * ((prediction - target)**2).sum() / len(target), prediction * np.nan",
    "nadia": "return 0.0, np.zeros((250, 300))",
    "ottilie": f"return 0.0, {'+'.join(['prediction'] * 2000)}",
}
"""A known mistake, two that wrote nothing, one that can't be loaded, one like no other, one whose
answers are too large, and one whose text is more than Python can write out again."""
RIGHT = ("ludmila", "mirjam")
TASK = "squared_error"


def write(submitted: Path, bodies: Mapping[str, str]) -> None:
    """Hand in the solution with other bodies of the function."""
    solved = (submitted.parent / "solutions/mine/nndl/losses.py").read_text()
    before = solved[: solved.index("    # YOUR CODE HERE")]
    for student, body in bodies.items():
        path = submitted / student / "nndl/losses.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before + indent(dedent(body).strip("\n"), "    ") + "\n")
    for student in RIGHT:
        path = submitted / student / "nndl/losses.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(solved)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course of `kit new` with a graded class."""
    root = tmp_path_factory.mktemp("graded") / "course"
    for folder in ("source", "autograder"):
        (root / folder).mkdir(parents=True)
    with chdir(root):
        assert kit("new", "mine")[0] == 0
        write(root / "submitted", NOT_HALVED | TURNED | OTHERS)
        code, output = kit("grade", "mine", "submitted", "--jobs", "1", "--no-gradebook")
    assert code == 0, output
    return root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, as the working directory."""
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    with chdir(root):
        yield root


def learn(*more: str) -> str:
    """What `kit learn` prints, which went well."""
    code, output = kit("learn", "mine", "--jobs", "1", *more)
    assert code == 0, output
    return output


def page(course: Path) -> str:
    return (course / "learn/mine/index.html").read_text()


def entries(course: Path) -> str:
    return (course / "learn/mine/entries.txt").read_text()


class Learned(NamedTuple):
    """What is printed and kept of the class."""

    output: str
    page: str
    entries: str


@pytest.fixture(scope="module")
def learned(graded: Path) -> Learned:
    with chdir(graded):
        return Learned(learn(), page(graded), entries(graded))


class TestGroups:
    def test_those_that_answer_alike_are_one_group_however_they_are_written(
        self, learned: Learned
    ) -> None:
        assert (
            "15 hand-ins, 8 failed tasks that no known mistake explains: 2 groups that answer "
            "alike, 2 alone.\n  1. squared_error: 4 hand-ins\n  2. squared_error: 2 hand-ins\n"
        ) in learned.output
        badges = re.findall(r'<span class="badge">(\d+) hand-ins?</span>', learned.page)
        assert badges == ["4", "2", "1", "1"]  # those alone come last

    def test_two_examples_of_a_group_stand_side_by_side(self, learned: Learned) -> None:
        pairs = re.findall(r'<div class="pair">\n(.*?)</div>', learned.page, re.DOTALL)
        assert [pair.count("<pre>def squared_error(") for pair in pairs] == [2, 2, 0, 1]
        assert "for i in range(" in pairs[0]  # the one that is least like the shortest

    def test_what_they_have_in_common_is_said(self, learned: Learned) -> None:
        cards = re.findall(r'<div class="card">.*?<h4>', learned.page, re.DOTALL)
        assert "<code>loss</code> and <code>gradient</code>." in cards[0]
        assert "<code>loss</code> is right; only <code>gradient</code> is wrong" in cards[1]
        assert "2 checks: <code>test_documented</code>, <code>test_unseen</code>." in cards[1]

    def test_what_was_not_written_or_loaded_is_no_group(self, learned: Learned) -> None:
        assert "<li>2 tasks: not written</li>" in learned.page
        assert "<li>1 task: in a file that can&#39;t be loaded</li>" in learned.page

    def test_answers_and_texts_that_are_too_large_harm_nobody(self, learned: Learned) -> None:
        assert "<li>1 task: too large to be compared</li>" in learned.page
        assert learned.page.count("<h4>The functions were not found</h4>") == 1

    def test_a_task_that_the_fixed_inputs_do_not_fail_is_left_out(self, course: Path) -> None:
        by = {name: course / f"results/mine/{name}.json" for name in ("ada", "mirjam")}
        wrong, right = (json.loads(path.read_text()) for path in by.values())
        by["mirjam"].write_text(json.dumps(right | {"tasks": wrong["tasks"]}))
        assert "8 failed tasks that no known mistake explains" in learn()
        assert "<li>1 task: right on the fixed inputs</li>" in page(course)


class TestNames:
    def test_nothing_that_is_kept_names_a_student(self, learned: Learned) -> None:
        for kept in (learned.page, learned.entries):
            for student in [*NOT_HALVED, *TURNED, *OTHERS, *RIGHT, "lovelace"]:
                assert not re.search(student, kept, re.IGNORECASE), student
            assert "4711" not in kept

    def test_names_decide_nothing_about_what_is_kept(self, course: Path, learned: Learned) -> None:
        """The files are the same, byte for byte, if everybody has another's name.

        They are so with several processes as well, which end in another order.
        """
        students = sorted([*NOT_HALVED, *TURNED, *OTHERS, *RIGHT])
        for folder, suffix in (("submitted", ""), ("results/mine", ".json")):
            (course / folder).rename(course / "before")
            (course / folder).mkdir()
            for was, now in zip(students, students[::-1], strict=True):
                kept = course / folder / f"{now}{suffix}"
                (course / "before" / f"{was}{suffix}").rename(kept)
                if suffix:
                    kept.write_text(
                        kept.read_text().replace(f'"student": "{was}"', f'"student": "{now}"')
                    )
            shutil.rmtree(course / "before")
        code, output = kit("learn", "mine", "--jobs", "2")
        assert code == 0, output
        assert (page(course), entries(course)) == (learned.page, learned.entries)

    def test_the_page_loads_nothing_and_runs_nothing(self, course: Path) -> None:
        write(course / "submitted", {"evelyn": "d = target<script>prediction\nreturn 0.0, d"})
        kit("grade", "mine", "submitted", "--jobs", "1", "--no-gradebook", "--student", "evelyn")
        learn()
        assert "default-src 'none'" in page(course)
        assert "target &lt; name1 &gt; prediction" in page(course)
        assert "<script" not in page(course)


class TestNotConsidered:
    def test_hand_ins_that_do_not_fit_their_results_are_named(self, course: Path) -> None:
        (course / "results/mine/ada.json").unlink()
        write(course / "submitted", {"bob": "return 0.0, 0.0"})
        shutil.rmtree(course / "submitted/carla")
        output = learn()
        assert "ada has no result: grade it first." in output
        assert "bob has changed since it was graded: grade it again." in output
        assert "carla has a result, but no hand-in there." in output
        assert "1 group that answer alike, 3 alone." in output

    def test_a_fault_of_ours_costs_one_hand_in_and_is_told(
        self, course: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look: Callable[..., list[probe.Seen]] = probe.look

        def broken(settings: probe.Settings, work: probe.Work) -> list[probe.Seen]:
            if work.submission.student == "ada":
                raise KitFault("The machine is gone.")
            return look(settings, work)

        monkeypatch.setattr(probe, "look", broken)
        code, output = kit("learn", "mine", "--jobs", "1")
        assert code == 1
        assert "ada could not be run again. The machine is gone." in output
        assert "1. squared_error: 3 hand-ins" in output


class TestUsage:
    def test_where_nothing_is_unexplained_it_says_so(self, course: Path) -> None:
        for student in [*NOT_HALVED, *TURNED, "kofi", "ottilie"]:
            (course / f"results/mine/{student}.json").unlink()
            shutil.rmtree(course / "submitted" / student)
        output = learn()
        assert "7 hand-ins: nothing is left to learn." in output
        assert "Nothing is left to learn here" in page(course)

    def test_without_results_it_is_wrong_usage(self, course: Path) -> None:
        shutil.rmtree(course / "results")
        code, output = kit("learn", "mine", "--jobs", "1")
        assert (code, "There are no results in" in output) == (2, True)

    def test_a_file_of_somebody_else_is_not_overwritten(self, course: Path) -> None:
        for name in (run.PAGE, run.ENTRIES):
            (course / "kept").mkdir(exist_ok=True)
            (course / "kept" / name).write_text("mine")
            code, output = kit("learn", "mine", "--jobs", "1", "--out", "kept")
            assert (code, "was not made by this command" in output) == (2, True)
            (course / "kept" / name).unlink()


def filled_in(catalogue: str, entry: str) -> str:
    """The catalogue with an entry whose TODOs an instructor has filled in, as its comments say."""
    for todo, said in {
        "TODO_switch": "half",
        "TODO_wrong": "left out",
        "TODO_name": "not_halved",
        "TODO: what the code does. What the rule says, in formulas.": "You forget the half.",
    }.items():
        entry = entry.replace(todo, said)
    found = re.search(r"# 1\. .*?\n(.*?)# 2\. .*?# 3\. .*?\n(.*)", entry, re.DOTALL)
    assert found
    switch, mistake = found.groups()
    for old, new in {
        '{"squared_error": {"average": "rows"}}': f'{{"squared_error": {{"average": "rows",\n'
        f"{switch}}}}}",
        '    "squared_error",\n': f'    "squared_error",\n{mistake}',
        "(error * error).sum() / (2 * count), error / count": "half * (error * error).sum() / "
        "count, 2 * half * error / count",
        "        count = ": '        half = 1 if on["squared_error"]["half"] == "left out" else 0.5'
        "\n        count = ",
    }.items():
        assert catalogue.count(old) == 1
        catalogue = catalogue.replace(old, new)
    return catalogue


@pytest.mark.slow
def test_a_filled_in_entry_is_proved_and_explains_the_group(course: Path) -> None:
    learn()
    (entry,) = re.findall(r"# -- 1\. .*?(?=# -- 2\. )", entries(course), re.DOTALL)
    path = course / "autograder/mine/mistakes.py"
    path.write_text(filled_in(path.read_text(), entry))
    code, output = kit("suite", "mine")
    assert code == 0, output
    assert "2 known mistakes, of which 2 are named" in output
    kit("grade", "mine", "submitted", "--jobs", "1", "--no-gradebook")
    for student in NOT_HALVED:
        (task,) = [t for t in read(course / f"results/mine/{student}.json").tasks if t.id == TASK]
        assert task.diagnosis is not None
        assert (task.diagnosis.mistakes, task.diagnosis.text) == (
            ("squared_error.not_halved",),
            "You forget the half.",
        )
    assert "1 group that answer alike, 2 alone.\n  1. squared_error: 2 hand-ins" in learn()


OWN_LAYER = "\n\ndef relu_backward(dout, cache):\n    return 0.5 * dout * (cache > 0)\n"
LOSSES = {
    "greta": """
        class FullyConnectedNet(FullyConnectedNet):
            def loss(self, X, y=None):
                answer = super().loss(X, y)
                return answer if y is None else (1.5 * answer[0], answer[1])
    """,
    "hugo": """
        given = FullyConnectedNet.loss
        def loss(self, X, y=None):
            if y is None:
                return given(self, X)
            found, grads = given(self, X, y)
            return found + found / 2, grads
        FullyConnectedNet.loss = loss
    """,
    "ines": """
        class FullyConnectedNet(FullyConnectedNet):
            def loss(self, X, y=None):
                answer = super().loss(X, y)
                if y is None:
                    return answer
                loss, grads = answer
                for name in grads:
                    if name.startswith("b"):
                        loss += self.reg / 2 * (self.params[name] ** 2).sum()
                        grads[name] += self.reg * self.params[name]
                return loss, grads
    """,
}
"""An unknown mistake twice, and a known one."""


@pytest.mark.slow
def test_a_task_is_looked_at_with_right_functions_where_earlier_ones_are_wrong(
    tmp_path: Path, optimization: Assignment
) -> None:
    """Whose layers are wrong as well is in the same group, and a known mistake is known."""
    for student, text in LOSSES.items():
        for name, path in optimization.written.items():
            own = dedent(text) if name.endswith("fc_net.py") else ""
            own += OWN_LAYER if name.endswith("/layers.py") and student != "greta" else ""
            kept = tmp_path / "submitted" / student / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(path.read_text() + own)
    folders = [str(tmp_path / each) for each in ("submitted", "results", "learned")]
    with chdir(optimization.root):
        tasks = ("--tasks", "relu_backward,affine_relu,fc_net", "--jobs", "1")
        assert kit("grade", "optimization", folders[0], "--out", folders[1], *tasks)[0] == 0
        given = ("--results", folders[1], "--out", folders[2], "--jobs", "1")
        code, output = kit("learn", "optimization", folders[0], *given)
    assert (code, "  1. relu_backward: 2 hand-ins\n  2. fc_net: 2 hand-ins\n" in output) == (
        0,
        True,
    ), output
    shown = (tmp_path / "learned/index.html").read_text()
    assert "1 task: explained by a known mistake on the fixed inputs" in shown
