"""Nobody's code changes anybody else's grade: not by changed arguments, not in any order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.batch import pool
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from kit.limits import Limits
from tests.support.course import CONSTANTS, SOLUTION, submission, write_course
from tests.support.hostile import Surroundings, read_programs, reference, submission_of
from tests.support.results import without_time
from tests.support.variants import files_in, rewritten

pytestmark = pytest.mark.usefixtures("warm")

SLIPS = {
    "a list is overwritten": "x[:] = [7]",
    "a list is emptied": "x.clear()",
    "a list holds itself": "x.append(x)",
    "an array is overwritten": "x[...] = 7",
    "an array is reshaped": "x.shape = (x.size,)",
    "a dict is emptied": "state.clear()",
    "a dict holds itself": "state['state'] = state",
    "what a dict holds is overwritten": "[v.__setitem__(slice(None), 7) for v in state.values()]",
    "a setting is changed": "state['rate'] = float('nan')",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return write_course(tmp_path_factory.mktemp("course"), CONSTANTS)


@pytest.fixture(scope="module")
def alone(course: Assignment) -> dict[str, Any]:
    with Grader(course) as grader:
        return without_time(grader.grade(submission(SOLUTION)).as_dict())


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course) as ready:
        yield ready


class TestWhatASuiteHolds:
    """No constant, fixture or array of a suite changes, whatever a student does to arguments."""

    @pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
    def test_a_slip_is_its_author_s_own(
        self, grader: Grader, alone: dict[str, Any], slip: str
    ) -> None:
        attempt = f"    try:\n        {slip}\n    except Exception:\n        pass\n"
        work = SOLUTION.replace("    return 2 * x", f"{attempt}    return 2 * x")
        work = work.replace('    state["x"] =', f'{attempt}    state["x"] =')
        assert grader.grade(submission(work)).status == "graded"
        assert alone["score"] == 6
        assert without_time(grader.grade(submission(SOLUTION)).as_dict()) == alone


LIMITS = Limits(call_seconds=1.0, total_seconds=60)
SLOW = {"bell", "bomb", "calls", "end", "network", "training"}
"""Groups of programs of which many wait for a limit; each of them is followed by the reference in
test_hostile.py."""


@pytest.fixture(scope="module")
def settings(optimization: Assignment) -> pool.Settings:
    unit = [task.id for task in optimization.tasks if not task.manual and task.id != "cifar10"]
    return pool.Settings(optimization, LIMITS, tuple(unit))


@pytest.fixture(scope="module")
def everybody(optimization: Assignment, pytestconfig: pytest.Config) -> list[Submission]:
    """Right, wrong and hostile code, and the reference among them."""
    with Surroundings() as surroundings:
        hostile = [
            submission_of(program, optimization, surroundings.tools())
            for program in read_programs()
            if program.group not in SLOW
            and program.name != "memorise_chance"  # it asks the kernel for chance
            and "did not return" not in program.header.get("says", "")
        ]
    variants = [*list(files_in("correct").values())[::5], *files_in("mistaken").values()]
    rest = [rewritten(optimization, path) for path in variants]
    everybody = [*hostile, *rest]
    if not pytestconfig.getoption("--all-cases"):
        everybody = everybody[::8]
    return [*everybody, reference(optimization)]


class TestOrder:
    """A class gets the same result files whatever the order and the number of processes."""

    def graded(self, settings: pool.Settings, order: list[Submission], jobs: int) -> dict[str, str]:
        results = pool.grade_all(settings, order, jobs)
        return {each.student: json.dumps(without_time(each.as_dict())) for each in results}

    def test_other_orders_and_several_processes_give_the_same_results(
        self,
        settings: pool.Settings,
        everybody: list[Submission],
        pytestconfig: pytest.Config,
    ) -> None:
        """With ``--all-cases`` two other orders, else one."""
        others = ((2, 3), (1, 2)) if pytestconfig.getoption("--all-cases") else ((2, 3),)
        assert len(everybody) > 15
        first = self.graded(settings, everybody, 1)
        assert len(first) == len({each.student for each in everybody})
        for seed, jobs in others:
            order = random.Random(seed).sample(everybody, len(everybody))
            again = self.graded(settings, order, jobs)
            assert [name for name in first if again[name] != first[name]] == []


@pytest.mark.parametrize("path", [*files_in("correct").values()], ids=lambda path: path.stem)
def test_every_byte_that_runs_takes_part_in_the_seed(optimization: Assignment, path: Path) -> None:
    """So nobody can write answers into what he hands in: with them, he is asked something else."""
    handed_in = rewritten(optimization, path)
    for name, content in handed_in.files.items():
        for other in (content + b"\n", content[:-1] + b" "):
            changed = Submission(handed_in.student, {**handed_in.files, name: other})
            assert changed.seed != handed_in.seed
