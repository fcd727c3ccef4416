"""How often the sentence on what is right and what is wrong is given, and whether it is true.

    .venv/bin/python benchmarks/narrowed.py [ASSIGNMENT...] [--every 10] [--mistakes]

Every so manieth mutant of the solution is graded on its own task, or every so manieth known mistake
as if nobody knew it. Where it fails and no known
mistake explains it fully, `narrow` may say something. Each claim is then tried on the mutant and on
the solution itself, of which the sentence knows nothing. The recorded calls are made again with
other numbers of the same kind, 20 times over: what is zero or missing stays so, and so do shapes.
The checks are also run with two other seeds.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.grading.diagnosis.explain import explain
from kit.grading.suites import Suites
from kit.intake.submission import Submission, sources_of
from kit.release import coverage, mutants
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.sandbox.tester.transcript import OBJECT, Transcript, plain

ROOT = Path(__file__).resolve().parents[1]
TIMES = 20
SEED, OTHER_SEEDS = 7, (8, 9)
Calls = dict[str, list[dict[str, Any]]]


class Sample(NamedTuple):
    """A submission that is wrong in one task; ``changes`` are those of a known mistake."""

    task: str
    submission: Submission
    changes: Any = None


class Outcome(NamedTuple):
    """What became of a sample: ``kind`` is one of KINDS."""

    name: str
    kind: str
    text: str = ""
    why: str = ""


KINDS = ("passed", "explained", "raises", "silent", "true", "FALSE")
"""``raises``: each failed check ended in an exception, and nothing more is said."""


class Bench:
    """Judges the samples of one assignment."""

    def __init__(self, assignment: Assignment, parent: WarmParent, suites: Suites) -> None:
        self._assignment, self._parent, self._suites = assignment, parent, suites
        self._known = catalogue.load(assignment)
        sys.modules["mistakes"] = catalogue.module(assignment)
        for name in ("replay", "circumstances", "compared", "narrow"):
            sys.modules.pop(name, None)
        self._narrow = importlib.import_module("narrow")
        files = {path: assignment.written[path].read_bytes() for path in assignment.student_files}
        self._solution = self._functions(Submission("solution", files))
        self._ours = sys.modules["mistakes"].implementation

    def _functions(self, submission: Submission) -> dict[str, Any]:
        """What students write, imported from the files of ``submission``."""
        sources = sources_of(self._assignment, submission)
        modules = {Path(name).stem: name[:-3].replace("/", ".") for name in sources}
        with tempfile.TemporaryDirectory() as folder:
            for name, text in sources.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text)
            sys.path.insert(0, folder)
            importlib.invalidate_caches()
            try:
                return {
                    f"{module}.{name}": getattr(importlib.import_module(modules[module]), name)
                    for module, names in self._known.functions.items()
                    for name in names
                    if module in modules
                }
            finally:
                sys.path.remove(folder)
                tops = {name.partition("/")[0].removesuffix(".py") for name in sources}
                for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
                    del sys.modules[name]

    def samples(self, *, mistakes: bool) -> list[Sample]:
        """The mutants, or the known mistakes."""
        known = self._known
        if mistakes:
            return [
                Sample(task, coverage.made(self._assignment, known, name), known.changes[name])
                for name, task in known.tasks.items()
            ]
        return [
            Sample(each.task, mutants.submission(self._assignment, each))
            for each in mutants.mutants(self._assignment)
            if each.task in set(known.tasks.values())
        ]

    def judge(self, sample: Sample) -> Outcome:
        """Grade a sample on its task, and try what is said of it."""
        task, submission, changes = sample
        name = submission.student
        verdicts, calls = self._run(submission, task, SEED)
        said = {each.check.name: str(each.problem) for each in verdicts if each.problem}
        if not said:
            return Outcome(name, "passed")
        if changes is None:
            failed, made = {task: list(said)}, {task: calls}
            found = explain(self._known, self._parent, failed, made, said=said).get(task)
            if found is not None and len(found.checks) == len(said):
                return Outcome(name, "explained")
        rows = self._narrow.rows_of(calls, self._known.names, [])
        statement = self._narrow.find(rows, list(said), said, self._known.names)
        if statement is None:
            raised = all(getattr(each.problem, "error", None) for each in verdicts if each.problem)
            return Outcome(name, "raises" if raised else "silent")
        functions = self._functions(submission) if changes is None else self._ours(changes)
        known = {key for row in rows for key, _ in row.keyed()}
        why = self._untrue(statement, known, self._on_other_numbers(rows, functions, calls))
        for seed in OTHER_SEEDS:
            more = self._rows_by_solution(self._run(submission, task, seed)[1])
            why = why or self._untrue(statement, known, more)
        text = self._narrow.sentence(statement, rows)
        return Outcome(name, "FALSE" if why else "true", text, why)

    def _run(self, submission: Submission, task: str, seed: int) -> tuple[Any, Calls]:
        """The verdicts on a task, and the calls that its checks made."""
        transcript = Transcript(self._known.tasks.values(), self._known.opaque)
        names = [check.name for check in self._suites.checks if check.task == task]
        sources = sources_of(self._assignment, submission)
        with closing(Session(sources, self._parent, transcript)) as session:
            verdicts = self._suites.run(Student(session), seed, names)
        return verdicts, transcript.calls[task]

    def _on_other_numbers(self, rows: Any, functions: Any, calls: Calls) -> list[Any]:
        """The calls of ``rows``, made again on ``functions`` with other numbers."""
        inputs = {(row.check, row.number): row.inputs for row in rows}
        rng = np.random.default_rng(SEED)
        more = []
        for _ in range(TIMES):
            again = {name: self._again(made, functions, rng) for name, made in calls.items()}
            more += [
                row._replace(inputs=inputs[row.check, row.number])
                for row in self._rows_by_solution(again)
                if (row.check, row.number) in inputs
            ]
        return more

    def _rows_by_solution(self, calls: Calls) -> Any:
        """The calls, compared with the solution in place of the catalogue."""
        module: Any = sys.modules["mistakes"]
        module.implementation = lambda _: self._solution
        try:
            return self._narrow.rows_of(calls, self._known.names, [])
        finally:
            module.implementation = self._ours

    def _untrue(self, statement: Any, known: set[Any], rows: Sequence[Any]) -> str:
        """Which claim of ``statement`` is not so in ``rows``; "" if all are.

        Only ``known`` parts count: the solution puts defaults into a dict that are nobody's task.
        """
        return next(self._violations(statement, [_only(row, known) for row in rows]), "")

    def _violations(self, statement: Any, rows: Sequence[Any]) -> Iterator[str]:
        is_in = self._narrow.is_in
        seen: dict[Any, set[bool | None]] = {}
        for row in rows:
            for key, good in row.keyed():
                seen.setdefault(key, set()).add(good)
        for key in statement.right:
            if False in seen.get(key, ()):
                yield f"{key} is not always right"
        for key in statement.wrong:
            if not any(False in goods for other, goods in seen.items() if is_in(other, [key])):
                yield f"{key} is never wrong"
        if statement.only:
            for key, goods in seen.items():
                if False in goods and not is_in(key, statement.wrong):
                    yield f"{key} is wrong, too"
        yield from self._wrong_first(statement, rows)
        yield from self._wrong_splits(statement, rows)

    @staticmethod
    def _wrong_first(statement: Any, rows: Sequence[Any]) -> Iterator[str]:
        if statement.first is not None:
            others = [key for key in statement.wrong if key != statement.first]
            for row in rows:
                if row.right(others) is False and row.right([statement.first]) is True:
                    yield f"{statement.first} is right where others are wrong"

    @staticmethod
    def _wrong_splits(statement: Any, rows: Sequence[Any]) -> Iterator[str]:
        functions = {function for function, _ in statement.wrong} if statement.splits else set()
        wrong = 0
        for row in rows:
            if row.function in functions:
                values = [
                    (row.inputs.get((s.kind, name)), s)
                    for s in statement.splits
                    for name in s.names
                ]
                bad = row.right(statement.wrong) is False
                if bad and all(value in split.right for value, split in values):
                    yield f"wrong in {row.check} {row.number}, where all should be right"
                wrong += bad
        if functions and not wrong:
            yield "never wrong"

    def _again(self, calls: list[dict[str, Any]], functions: Any, rng: Any) -> Any:
        """The calls with other numbers, and what ``functions`` answer to them."""
        run = sys.modules["compared"]._Run(0)
        run.functions = functions
        made: list[dict[str, Any]] = []
        for call in calls:
            given = [
                ["value", _other(each[1], rng)] if each[0] == "value" else each
                for each in call["given"]
            ]
            new = {k: v for k, v in call.items() if k not in {"raised", "value"}} | {"given": given}
            made.append(new)
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    answer = run.make(new, made)
            except Exception as error:
                new["raised"] = "" if type(error) is LookupError else repr(error)
                continue
            hidden = self._known.opaque.get(call["function"])
            if call["kind"] == "place":
                answer = OBJECT
            elif hidden is not None and isinstance(answer, tuple) and len(answer) > hidden:
                answer = (*answer[:hidden], None, *answer[hidden + 1 :])
            new["value"] = None if call["other"] else _seen(answer)
        return made


def _only(row: Any, known: set[Any]) -> Any:
    parts = {part: good for part, good in row.parts.items() if (row.function, part) in known}
    return row._replace(parts=parts)


def _other(value: Any, rng: Any) -> Any:
    """A value of the same kind with other numbers: signs, zeros, shapes and dtypes stay."""
    if isinstance(value, dict):
        return {key: _other(item, rng) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_other(item, rng) for item in value) if _floats(value) else value
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return (value * rng.uniform(0.4, 1.6, value.shape)).astype(value.dtype)
        return rng.permutation(value) if value.ndim else value
    if isinstance(value, float) and not isinstance(value, bool):
        other = value * rng.uniform(0.7, 1.3)
        return float(other if not 0 < value < 1 else min(other, (1 + value) / 2))
    return value


def _floats(value: Any) -> bool:
    return not all(type(item) is int for item in value)


def _seen(value: Any) -> Any:
    """An answer as the tester sees it: a copy, and what is no data stays in the worker."""
    if isinstance(value, dict):
        return {key: _seen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_seen, value))
    known = value is None or isinstance(value, np.ndarray | np.generic | int | float | str)
    return plain(value) if known else OBJECT


def measure(assignment: Assignment, every: int, *, mistakes: bool, show: bool) -> Counter[str]:
    """How many samples of ``assignment`` there are of each kind."""
    counted: Counter[str] = Counter()
    suites = Suites(assignment)
    with WarmParent(packages=assignment.packages) as parent, closing(suites):
        bench = Bench(assignment, parent, suites)
        for sample in bench.samples(mistakes=mistakes)[::every]:
            outcome = bench.judge(sample)
            counted[outcome.kind] += 1
            if show or outcome.kind == "FALSE":
                print(*outcome, sep="  ", flush=True)
    return counted


def main() -> None:
    """Print for each assignment what became of its samples."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assignments", nargs="*", default=["optimization", "batchnorm", "cnn"])
    parser.add_argument("--every", type=int, default=10, help="every so manieth is tried")
    parser.add_argument("--show", action="store_true", help="print every sentence")
    parser.add_argument("--mistakes", action="store_true", help="known mistakes, not mutants")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT / "kit/grading/diagnosis"))
    for name in asked.assignments:
        assignment = Assignment(ROOT, name)
        counted = measure(assignment, asked.every, mistakes=asked.mistakes, show=asked.show)
        print(name, *(f"{kind} {counted[kind]}" for kind in KINDS), sep="  ", flush=True)


if __name__ == "__main__":
    main()
