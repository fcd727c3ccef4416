"""Writes the page on how often an assignment's suites are right, from measurements alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kit.release.classifier import Judged, Measured

CAUGHT, MISLED = 0.99, 1 / 200
"""The aims: the share of mutants that fail, and that of wrong code with a wrong explanation."""


@dataclass(frozen=True)
class Figure:
    """One line of the summary: what was counted, how many of how many, and the aim."""

    name: str
    count: int
    of: int
    aim: str
    met: bool

    @property
    def value(self) -> str:
        """The count with its share."""
        share = f" ({100 * self.count / self.of:.1f}%)" if self.of else ""
        return f"{self.count} of {self.of}{share}"


def figures(measured: Measured) -> list[Figure]:
    """The summary of what was measured; the command succeeds where every aim is met."""
    mutants, mistakes = measured.of("mutant"), measured.of("mistake")
    rewrites, wrong = measured.of("rewrite"), [*mutants, *mistakes]
    caught, known = (sum(bool(each.failed) for each in some) for some in (mutants, mistakes))
    passed, misled = len(rewrites) - len(measured.refused), len(measured.misled)
    return [
        Figure("mutants that fail", caught, len(mutants), "99%", caught >= CAUGHT * len(mutants)),
        Figure("known mistakes that fail", known, len(mistakes), "all", known == len(mistakes)),
        Figure("rewrites that pass", passed, len(rewrites), "all", passed == len(rewrites)),
        Figure("verdicts that depend on the seed", len(measured.flaky), len(measured.judged),
               "none", not measured.flaky),
        Figure("wrong explanations", misled, len(wrong), "1 in 200", misled <= MISLED * len(wrong)),
    ]  # fmt: skip


def page(measured: Measured) -> str:
    """The whole page, as Markdown."""
    name = measured.assignment.name
    parts = [
        f"# How good the suites of {name} are",
        f"Written by `kit suite {name} --mutants`; a change by hand would be lost.",
        *_summary(measured),
        *_kinds(measured),
        *_missed(measured),
        *_refused(measured),
        *_flaky(measured),
        *_misled(measured),
        *_checks(measured),
        *_equivalent(measured),
    ]
    return "\n\n".join(parts) + "\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str) -> str:
    """``text`` as code in a cell of a table."""
    quoted = text.replace("|", "\\|").replace("\n", " ⏎ ")
    return f"`` {quoted} ``" if "`" in quoted else f"`{quoted}`"


def _of(each: Judged) -> list[str]:
    """Where a sample was changed, and what was changed there."""
    change = each.sample.change
    if change is None:
        return [each.sample.task, f"the known mistake `{each.sample.name}`"]
    before, after = _shortened(change.before, change.after)
    return [
        f"{each.sample.task}, {change.file}:{change.line}",
        f"{_code(before)} → {_code(after)}",
    ]


LONGEST = 110


def _shortened(before: str, after: str) -> tuple[str, str]:
    """Both texts without most of what is the same at the beginning and at the end of long ones."""
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    first, last = max(start - 30, 0), max(end - 30, 0)
    cut = [text[first : len(text) - last] for text in (before, after)]
    dots = ["…" * (first > 0), "…" * (last > 0)]
    return dots[0] + cut[0] + dots[1], dots[0] + cut[1] + dots[1]


def _same(one: str, other: str) -> int:
    """How many characters both texts begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _summary(measured: Measured) -> list[str]:
    rows = [
        [each.name, each.value, each.aim, "yes" if each.met else "**no**"]
        for each in figures(measured)
    ]
    explained = len(measured.explained)
    mutants, mistakes = measured.of("mutant"), measured.of("mistake")
    raised = sum(each.raised for each in mutants)
    return [
        _table(["what", "measured", "aim", "met"], rows),
        "A *mutant* is the solution with one small change, made automatically in what a student "
        "writes. A *known mistake* is one of the catalogue. A *rewrite* is the solution with one "
        "change that keeps its meaning. Each was graded on its own task: wrong ones should fail "
        "it, right ones should pass.",
        f"{len(mutants)} mutants differ from the solution, of which {raised} end in an exception "
        f"in every check that fails. {len(measured.equivalent)} more are equivalent: on the "
        "inputs of ten other seeds, and on those of one of them changed in some thirty ways "
        "(zeros, other signs, scales, types and sizes, settings left out or changed), they answer "
        "as the solution does, and every task passes. For "
        f"{explained} of {len(mutants) + len(mistakes)} that are wrong a known mistake was named. "
        "It counts as wrong where its code answers otherwise on one of those "
        "inputs.",
        f"Verdicts were looked at with {measured.seeds} seeds. What fails on inputs that the "
        "notebook shows fails with every seed, and was not graded again. The training, and what a "
        "person grades, are left out.",
        *_incomplete(measured),
    ]


def _incomplete(measured: Measured) -> list[str]:
    """What is said where not every sample was judged."""
    every = measured.left_out + len(measured.judged)
    if not measured.left_out:
        return []
    return [f"**{measured.left_out} of {every} mutants, mistakes and rewrites were not graded.**"]


def _kinds(measured: Measured) -> list[str]:
    found: dict[str, list[Judged]] = {}
    for each in measured.of("mutant"):
        assert each.sample.change is not None
        found.setdefault(each.sample.change.kind, []).append(each)
    rows = [
        [kind, str(len(some)), str(sum(bool(each.failed) for each in some))]
        for kind, some in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
    return ["## Mutants by what was changed", _table(["kind", "mutants", "fail"], rows)]


def _missed(measured: Measured) -> list[str]:
    rows = [[*_of(each), each.differs or "it is a known mistake"] for each in measured.missed]
    none = "Nothing that is wrong passes."
    return _section("Wrong, and passes", ["where", "change", "differs on"], rows, none)


def _refused(measured: Measured) -> list[str]:
    rows = [[*_of(each), ", ".join(map(_short, each.failed))] for each in measured.refused]
    none = "Everything that is right passes."
    return _section("Right, and fails", ["where", "change", "checks"], rows, none)


def _flaky(measured: Measured) -> list[str]:
    rows = [
        [*_of(each), f"{measured.seeds - len(each.passed_with)} of {measured.seeds}"]
        for each in measured.flaky
    ]
    none = "No verdict depends on the seed."
    return _section(
        "Verdicts that depend on the seed", ["where", "change", "fails with"], rows, none
    )


def _misled(measured: Measured) -> list[str]:
    rows = [
        [
            *_of(each),
            ", ".join(f"`{name}`" for name in each.diagnosis),
            f"{each.explains} of {len(each.failed)}",
            each.contradicts or "",
        ]
        for each in measured.misled
    ]
    none = "Every explanation answers as the code that it explains, on all inputs that were tried."
    heads = ["where", "change", "explained by", "checks", "which differs on"]
    return _section("Wrong explanations", heads, rows, none)


def _checks(measured: Measured) -> list[str]:
    rows = []
    for check in measured.checks:
        fails = sum(check.name in each.failed for each in measured.judged)
        alone = measured.alone(check)
        only = f"{len(alone)}" if alone else "**none: superfluous**"
        rows.append([check.task, _short(check.name), str(fails), only])
    return [
        "## What each check catches",
        "A check that alone catches nothing, among the mutants and the known mistakes, is said to "
        "be superfluous: without it nothing that was tried would pass. It may still guard against "
        "what was not tried, give points for a part that is right, or say more clearly what is "
        "wrong. Two superfluous checks may stand in for one another.",
        _table(["task", "check", "catches", "only it catches"], rows),
    ]


def _equivalent(measured: Measured) -> list[str]:
    rows = [_of(each) for each in measured.equivalent]
    return [
        "## Equivalent mutants",
        "No input was found to which they answer otherwise than the solution.",
        _table(["where", "change"], rows),
    ] if rows else []  # fmt: skip


def _section(title: str, heads: Sequence[str], rows: list[list[str]], none: str) -> list[str]:
    return [f"## {title}", _table(heads, rows) if rows else none]


def _short(name: str) -> str:
    return f"`{name.rpartition('::')[2].removeprefix('test_')}`"
