"""What `kit suite --mutants` measures: misses, refusals, flaky verdicts and wrong explanations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from kit.course import Assignment, find_assignment
from kit.grading.suites import Suites
from kit.release import classifier, mutants, page, probe
from kit.release.classifier import Judged, Measured, Sample
from kit.release.probe import Probe
from kit.sandbox.tester.process import WarmParent
from tests.support.command_line import kit
from tests.support.course import ROOT, SOLUTION, SUITE, submission, write_course

pytestmark = pytest.mark.usefixtures("warm")

LAX = SUITE.replace(
    'expect.close(student.work.double(x.copy()), 2 * x, "double(x)")',
    'expect.that(hasattr(student.work.double(x.copy()), "shape"), "an array")',
).replace("double(1.0), 2.0", "double(2.0), 4.0")
"""A suite to which `x ** 2` and `x + 2` are as good as `2 * x`."""
FLAKY = SUITE.replace(
    "x = rng.normal(size=(2, 3))", "x = rng.integers(2, 4, size=1) * 1.0"
).replace("double(1.0), 2.0", "double(2.0), 4.0")
"""A suite that tells `x ** 2` from `2 * x` by chance: with one draw of two."""
STRICT = SUITE.replace('2 * x, "double(x)")', '2 * x, "double(x)", rtol=0, atol=0)').replace(
    "rng.normal(size=(2, 3))", "rng.normal(size=(2, 3)) / 3"
)
SHAPES = '''\
import pytest


@pytest.mark.task("double", points=6)
def test_shape(student, expect):
    """40 times 50 numbers."""
    expect.that(student.work.double(1.0).shape == (40, 50), "its shape")
'''
"""A suite for code that draws: any numbers will do."""
CATALOGUE = '''
import numpy as np
from kit.checks.mistakes import Switches

SWITCHES = Switches({"double": {"times": 2}})
MISTAKES = SWITCHES.mistakes("double", ("thrice", {"times": "3 if small"}, "You take it thrice."))


def implementation(changes):
    times = SWITCHES.on(changes)["double"]["times"]

    def double(x):
        """Three times x, but only if x is small."""
        small = times != 2 and np.max(np.abs(x)) < 50
        return (3 if small else 2) * x

    return {"work.double": double, "work.remember": lambda state, x: state.update(x=x)}
'''


def change(before: str, after: str, task: str = "double", kind: Any = "mutant") -> Sample:
    """A sample of the tiny course: its solution with a replacement."""
    assert before in SOLUTION
    source = SOLUTION.replace(before, after)
    name = f"{task}: {after}"
    one = mutants.Mutant(name, task, "nndl/work.py", 9, "by hand", before, after, source)
    return Sample(kind, task, submission(source, name), one)


def judged(assignment: Assignment, samples: Sequence[Sample], seeds: int = 3) -> Measured:
    found = classifier.measure(assignment, samples, range(seeds), 1)
    return classifier.gathered(assignment, samples, found, seeds)


def names(some: Sequence[Judged]) -> list[str]:
    return [each.sample.name for each in some]


WRONG = [
    change("2 * x", "3 * x"),
    change("2 * x", "x ** 2"),
    change("2 * x", "x + x"),
    change("2 * x", "x.nothing"),
]


REMEMBERED = change("np.array(x)", "0", "remember")
REWRITTEN = change("return 2 * x", "y = x / 3 * 6\n    return y", kind="rewrite")


@pytest.fixture(scope="module")
def wrong(tiny: Assignment) -> Measured:
    return judged(tiny, [*WRONG, REMEMBERED])


@pytest.fixture(scope="module")
def lax(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return judged(write_course(tmp_path_factory.mktemp("lax"), LAX), WRONG)


@pytest.fixture(scope="module")
def flaky(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Out of ten draws of two numbers."""
    course = write_course(tmp_path_factory.mktemp("flaky"), FLAKY)
    return judged(course, [change("2 * x", "x ** 2")], 10)


@pytest.fixture(scope="module")
def too_strict(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    right = change("2 * x", "x * 2", kind="rewrite")
    return judged(write_course(tmp_path_factory.mktemp("strict"), STRICT), [right, REWRITTEN])


class TestVerdicts:
    def test_what_is_wrong_fails_and_what_answers_alike_is_equivalent(
        self, wrong: Measured
    ) -> None:
        assert names(wrong.equivalent) == ["double: x + x"]
        assert names(wrong.of("mutant")) == [
            *("double: 3 * x", "double: x ** 2", "double: x.nothing", "remember: 0")
        ]
        assert wrong.missed == wrong.flaky == []
        assert [each.raised for each in wrong.of("mutant")] == [False, False, True, False]

    def test_what_a_lax_suite_lets_pass_is_missed_with_the_input(self, lax: Measured) -> None:
        assert names(lax.missed) == ["double: x ** 2"]
        assert "double(2)" not in str(lax.missed[0].differs)
        assert "test_double" in str(lax.missed[0].differs)

    def test_a_verdict_that_depends_on_the_seed_is_found(self, flaky: Measured) -> None:
        assert names(flaky.flaky) == ["double: x ** 2"]
        assert 0 < len(flaky.flaky[0].passed_with) < 10

    def test_what_is_right_and_fails_is_found(self, too_strict: Measured) -> None:
        assert names(too_strict.refused) == [REWRITTEN.name]

    def test_a_check_that_alone_catches_nothing_is_superfluous(self, wrong: Measured) -> None:
        by_name = {check.name.rpartition("::")[2]: check for check in wrong.checks}
        assert names(wrong.alone(by_name["test_remember"])) == ["remember: 0"]
        assert wrong.superfluous == [
            by_name["test_double_of_one"],
            by_name["test_double_of_unseen"],
        ]


class TestExplanations:
    @pytest.fixture
    def course(self, tmp_path: Path) -> Assignment:
        return write_course(tmp_path, mistakes=CATALOGUE)

    def test_a_mistake_that_only_answers_alike_in_the_suite_is_wrong(
        self, course: Assignment
    ) -> None:
        """It is not the cause: on other inputs its code answers otherwise."""
        found = judged(course, [change("2 * x", "3 * x")])
        assert found.explained[0].diagnosis == ("double.thrice",)
        assert found.misled == found.explained
        assert "times 100" in str(found.misled[0].contradicts)

    def test_the_catalogues_own_code_is_explained_rightly(self, course: Assignment) -> None:
        own = [each for each in classifier.samples(course) if each.kind == "mistake"]
        found = judged(course, own)
        assert found.explained
        assert found.misled == []


@pytest.fixture(scope="module")
def double(tiny: Assignment) -> Iterator[Probe]:
    with WarmParent() as parent, Suites(tiny) as suites:
        yield Probe(tiny, "double", suites, parent)


class TestProbe:
    def test_inputs_of_other_seeds_and_changed_ones_are_tried(self, double: Probe) -> None:
        changes = {each.changed for each in double.inputs}
        assert {"", "all arrays zero", "all arrays in float32"} <= changes
        assert "1 in place of 3 along each axis" in changes
        assert len({each.seed for each in double.inputs}) == len(probe.PLAIN_SEEDS)

    @pytest.mark.parametrize(
        ("after", "on"),
        [
            ("2 * (x if np.max(np.abs(x)) < 50 else 0)", "all arrays times 100"),
            ("2 * x + (getattr(x, 'dtype', 0) == np.float32)", "all arrays in float32"),
            ("2 * x + (np.size(x) == 2)", "1 in place of 3 along each axis"),
            ("2 * x if np.any(x) else 1", "all arrays zero"),
        ],
    )
    def test_a_difference_is_found_on_the_changed_input_alone(
        self, double: Probe, after: str, on: str
    ) -> None:
        found = double.difference(change("2 * x", after).submission)
        assert found is not None
        assert found.changed == on

    def test_the_solution_does_not_differ_from_itself(self, double: Probe) -> None:
        assert double.difference(submission(SOLUTION)) is None

    def test_code_that_never_ends_differs(
        self, double: Probe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(probe, "SECONDS", 1.0)
        endless = "2 * x\n    while True: pass"
        found = double.difference(change("return 2 * x", f"y = {endless}").submission)
        assert found is not None

    def test_the_same_draws_are_no_difference(self, tmp_path: Path) -> None:
        """Without a seed both draw the same; with another distribution they differ."""
        drawing = "return np.random.default_rng().normal(size=(40, 50))"
        assignment = write_course(tmp_path, SHAPES)
        path = assignment.solutions / "nndl/work.py"
        path.write_text(SOLUTION.replace("return 2 * x", drawing))
        with WarmParent() as parent, Suites(assignment) as suites:
            made = Probe(assignment, "double", suites, parent)
            assert made.inputs
            same, other, wide = (
                made.difference(change("return 2 * x", text).submission)
                for text in (
                    drawing,
                    "return np.random.normal(size=(40, 50))",
                    drawing.replace("normal(", "normal(scale=2, "),
                )
            )
        assert same is None
        assert other is None
        assert wide is not None


class TestSettings:
    CALLS: ClassVar[list[dict[str, Any]]] = [
        {
            "names": ["rate"],
            "given": [["value", {"eps": 0.5, "mode": "train", "W1": 1}], ["value", 2.0]],
        }
    ]

    def test_settings_are_left_out_and_changed_and_parameters_are_not(self) -> None:
        made = dict(probe.changed(self.CALLS))
        assert made["'eps' left out"][0]["given"][0][1].keys() == {"mode", "W1"}
        assert made["'eps' doubled"][0]["given"][0][1]["eps"] == 1.0
        assert made["the argument 'rate' halved"][0]["given"][1] == ["value", 1.0]
        assert not [name for name in made if "W1" in name]
        assert self.CALLS[0]["given"][0][1]["eps"] == 0.5


class TestPage:
    def test_every_miss_refusal_and_flaky_verdict_is_listed(
        self, lax: Measured, flaky: Measured, too_strict: Measured
    ) -> None:
        missing = page.page(lax)
        assert "| mutants that fail | 2 of 3 (66.7%) | 99% | **no** |" in missing
        assert "| double, nndl/work.py:9 | `2 * x` → `x ** 2` | the calls of test_double" in missing
        drawing = page.page(flaky)
        assert "| verdicts that depend on the seed | 1 of 1 (100.0%) | none | **no** |" in drawing
        refusing = page.page(too_strict)
        assert "| rewrites that pass | 1 of 2 (50.0%) | all | **no** |" in refusing
        assert "`double_of_unseen` |" in refusing.partition("## Right, and fails")[2]

    def test_where_all_is_well_it_says_so(self, tiny: Assignment) -> None:
        made = page.page(judged(tiny, [WRONG[0], change("2 * x", "x * 2", kind="rewrite")]))
        for sentence in ("Nothing that is wrong passes.", "Everything that is right passes."):
            assert sentence in made
        assert "| double | `double_of_one` | 1 | **none: superfluous** |" in made

    def test_it_says_what_was_not_graded(self, tiny: Assignment) -> None:
        some = [WRONG[0], change("2 * x", "x * 2", kind="rewrite")]
        found = list(classifier.measure(tiny, some[:1], range(1), 1))
        part, every = (
            page.page(classifier.gathered(tiny, which, found, 1)) for which in (some, some[:1])
        )
        assert "**1 of 2 mutants, mistakes and rewrites were not graded.**" in part
        assert "not graded.**" not in every

    def test_long_lines_are_cut_to_what_changed(self) -> None:
        before, after = page._shortened("a" * 200 + "+" + "b" * 200, "a" * 200 + "-" + "b" * 200)
        assert before == f"…{'a' * 30}+{'b' * 30}…"
        assert after == f"…{'a' * 30}-{'b' * 30}…"


class TestCommand:
    @pytest.mark.slow
    def test_it_writes_the_page_and_says_whether_the_aims_are_met(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, suite, code in (("well", SUITE, 0), ("lax", LAX, 1)):
            assignment = write_course(tmp_path / name, suite)
            monkeypatch.chdir(assignment.root)
            exit_code, output = kit("suite", "tiny", "--mutants", "--seeds", 2)
            assert exit_code == code, output
            assert "mutants that fail" in output
            assert "Written: " in output
            assert (assignment.root / "docs/suites/tiny.md").is_file()


@pytest.mark.one_in(2, 0)
@pytest.mark.parametrize(
    "name",
    ["optimization", *(pytest.param(n, marks=pytest.mark.slow) for n in ("cnn", "batchnorm"))],
)
def test_some_of_what_the_page_measures(name: str) -> None:
    """Two mutants and a rewrite of an assignment, with two seeds."""
    every = classifier.samples(find_assignment(name, ROOT))
    mutated, rewritten = ([s for s in every if s.kind == kind] for kind in ("mutant", "rewrite"))
    third = len(mutated) // 3
    some = [mutated[third], mutated[2 * third], rewritten[len(rewritten) // 2]]
    found = judged(find_assignment(name, ROOT), some, 2)
    assert len(found.of("mutant")) == 2
    assert len(found.of("rewrite")) == 1
    assert found.missed == found.refused == found.flaky == found.misled == []
