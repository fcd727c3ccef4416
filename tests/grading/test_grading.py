"""One submission graded: who gets which points, and what a student is told."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from kit.course import Assignment, CourseError
from kit.grading.grader import Grader
from kit.grading.suites import Suites
from kit.results import printable, write
from kit.sandbox.faults import KitFault
from tests.support.course import SOLUTION, STUB, SUITE, submission, write_course
from tests.support.processes import descendants
from tests.support.results import require_documented, task_of, without_time


class TestPoints:
    """Points are those of the checks that passed, out of the notebook's."""

    def test_a_solution_gets_all(self, grader: Grader) -> None:
        result = grader.grade(submission(SOLUTION)).as_dict()
        assert (result["status"], result["score"], result["max_score"]) == ("graded", 6, 6)
        assert {task["status"] for task in result["tasks"]} == {"passed", "not_graded"}

    def test_a_stub_costs_its_own_task_only(self, grader: Grader) -> None:
        result = grader.grade(submission(STUB)).as_dict()
        assert result["score"] == 2
        assert task_of(result, "double")["status"] == "failed"
        assert task_of(result, "double")["score"] == 0

    def test_checks_that_pass_earn_their_part(self, grader: Grader) -> None:
        work = SOLUTION.replace("return 2 * x", "return 2.0 if x is 1.0 or np.ndim(x) == 0 else x")
        task = task_of(grader.grade(submission(work)).as_dict(), "double")
        assert (task["status"], task["score"]) == ("failed", 1)

    def test_a_manual_task_waits_for_a_person(self, grader: Grader) -> None:
        task = task_of(grader.grade(submission(SOLUTION)).as_dict(), "essay")
        assert (task["status"], task["manual"], task["checks"]) == ("not_graded", True, [])

    def test_only_chosen_tasks_are_graded(self, tiny: Assignment) -> None:
        with Grader(tiny, ["remember"]) as grader:
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert (result["score"], result["max_score"]) == (2, 2)
        assert task_of(result, "double")["status"] == "not_graded"

    def test_a_single_check_is_run_anew_for_every_submission(self, tiny: Assignment) -> None:
        forgetful = SOLUTION.replace('state["x"] = np.array(x)', "pass")
        with Grader(tiny, ["remember"]) as grader:
            scores = [grader.grade(submission(w)).score for w in (SOLUTION, forgetful, SOLUTION)]
        assert scores == [2, 0, 2]

    def test_what_one_submission_measured_is_not_said_of_the_next(self, tmp_path: Path) -> None:
        suite = SUITE.replace(
            "(student, expect, rng):", "(student, expect, rng, record_property):", 1
        )
        measuring = "    record_property('y', student.work.double(1.0))\n    x = rng"
        tiny = write_course(tmp_path, suite.replace("    x = rng", measuring, 1))
        with Grader(tiny) as grader:
            first, second = (grader.grade(submission(work)).as_dict() for work in (SOLUTION, STUB))
        assert task_of(first, "double")["checks"][1]["measured"] == {"y": 2.0}
        assert "measured" not in task_of(second, "double")["checks"][1]

    def test_an_unknown_task_is_a_usage_error(self, tiny: Assignment) -> None:
        with pytest.raises(CourseError, match="double, remember"):
            Grader(tiny, ["triple"])


class TestMessages:
    """A check that doesn't pass says what was expected, what was got, and where."""

    def check(self, grader: Grader, body: str, number: int = 0) -> dict[str, Any]:
        work = SOLUTION.replace("return 2 * x", body)
        return dict(task_of(grader.grade(submission(work)).as_dict(), "double")["checks"][number])

    def test_a_wrong_number(self, grader: Grader) -> None:
        check = self.check(grader, "return 3 * x")
        assert check["status"] == "failed"
        assert (check["expected"], check["got"]) == ("2", "3")
        assert check["hint"] == "Twice one is two."

    def test_a_wrong_element_is_named_by_its_index(self, grader: Grader) -> None:
        check = self.check(grader, "y = 2 * x; y[1, 2] += 1; return y", 1)
        assert "largest difference is 1 at [1, 2]" in check["message"]

    @pytest.mark.parametrize(
        ("body", "phrase"),
        [
            ("return None", "it is None"),
            ("return 'abc'", "it is a string"),
            ("return object()", "it is an object of type object"),
            ("return float('nan')", "no finite number"),
            ("return np.ones(3)", "must be a number, it is an array of shape (3,)"),
            ("return (x, x)", "it is a tuple of 2 values"),
            ("return {}", "it is a dict"),
            ("return True", "it is the bool True"),
            ("return np.array(['a'])", "it is an object of type ndarray"),
            ("return 1j", "it is an object of type complex"),
        ],
    )
    def test_any_odd_value_is_a_failure_with_a_sentence(
        self, grader: Grader, body: str, phrase: str
    ) -> None:
        check = self.check(grader, body)
        assert check["status"] == "failed"
        assert phrase in (check["message"])

    def test_an_exception_is_told_with_its_place(self, grader: Grader) -> None:
        check = self.check(grader, "return x + undefined")
        assert check["status"] == "failed"
        assert "Your `double` raised NameError" in check["message"]
        assert check["error"]["type"] == "NameError"
        assert check["error"]["trace"][-1]["file"] == "nndl/work.py"
        assert "undefined" in check["error"]["trace"][-1]["text"]

    def test_a_stub_names_its_task(self, grader: Grader) -> None:
        check = task_of(grader.grade(submission(STUB)).as_dict(), "double")["checks"][0]
        assert check["error"]["type"] == "NotImplementedError"
        assert "task double" in check["message"]

    def test_a_file_that_does_not_compile_is_told_with_its_line(self, grader: Grader) -> None:
        result = grader.grade(submission("def double(x):\n    return 2 x\n")).as_dict()
        check = task_of(result, "double")["checks"][0]
        assert check["error"]["type"] == "SyntaxError"
        assert "nndl/work.py, line 2" in check["message"]

    def test_control_characters_are_spelled_out(self, grader: Grader) -> None:
        check = self.check(grader, r"raise ValueError('\x1b[31mred\x07')")
        assert r"\x1b[31mred\x07" in check["message"]
        assert "\x1b" not in check["message"]

    def test_long_texts_are_cut(self) -> None:
        assert len(printable("x" * 10_000)) < 2100

    def test_what_was_printed_is_kept_in_part(self, grader: Grader) -> None:
        result = grader.grade(submission("print('hello ' * 100_000)\n" + SOLUTION)).as_dict()
        assert result["output"].startswith("hello hello")
        assert len(result["output"]) < 10_000
        assert result["score"] == 6


class TestFaultsOfOurs:
    """What we could not find out is an error: no zero, and no pass."""

    def grade(self, folder: Path, suite: str) -> dict[str, Any]:
        with Grader(write_course(folder, suite)) as grader:
            first, second = (grader.grade(submission(SOLUTION)).as_dict() for _ in range(2))
        assert without_time(first) == without_time(second)
        return second

    @pytest.mark.parametrize(
        "line",
        [
            "{}['key']",
            "1 / 0",
            "pytest.skip('not now')",
            "student.nothing.double(1)",
            "raise SystemExit",
        ],
    )
    def test_a_broken_check_is_an_error(self, tmp_path: Path, line: str) -> None:
        suite = SUITE.replace(
            "    expect.close(student.work.double(1.0)",
            f"    {line}\n    expect.close(student.work.double(1.0)",
        )
        result = self.grade(tmp_path, suite)
        assert (result["status"], result["score"]) == ("error", None)
        assert task_of(result, "double")["score"] is None
        assert task_of(result, "remember")["score"] == 2
        assert "fault of the grader" in task_of(result, "double")["checks"][0]["message"]

    def test_a_broken_fixture_is_an_error(self, tmp_path: Path) -> None:
        suite = SUITE.replace(
            "def test_remember(", "@pytest.mark.usefixtures('nobody')\ndef test_remember("
        )
        assert task_of(self.grade(tmp_path, suite), "remember")["status"] == "error"

    def test_a_parent_of_workers_that_cannot_be_had_again_is_an_error(
        self, tiny: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Grader(tiny) as grader:
            for pid in descendants(grader._parent._process.pid) | {grader._parent._process.pid}:
                os.kill(pid, signal.SIGKILL)
            monkeypatch.setattr(sys, "executable", "/bin/false")
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert (result["status"], result["score"]) == ("error", None)
        assert "warm parent" in result["message"]

    def test_a_check_that_was_not_run_is_an_error(
        self, tiny: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Grader(tiny) as grader:
            del grader.suites._items[0]
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert task_of(result, "double")["status"] == "error"

    def test_suites_that_cannot_be_collected_say_why(self, tmp_path: Path) -> None:
        with pytest.raises(CourseError, match="import nowhere"):
            Suites(write_course(tmp_path, "import nowhere\n"))

    def test_a_check_without_its_task_is_refused(self, tmp_path: Path) -> None:
        suite = SUITE.replace('@pytest.mark.task("remember", points=2)\n', "")
        with pytest.raises(CourseError, match="test_remember lacks its marker"):
            Suites(write_course(tmp_path, suite))

    def test_a_check_without_its_rule_is_refused(self, tmp_path: Path) -> None:
        suite = SUITE.replace('    """state["x"] is x."""\n', "")
        with pytest.raises(CourseError, match="test_remember lacks a docstring"):
            Suites(write_course(tmp_path, suite))


class TestSameBytesSameGrade:
    """The result follows from the submission's bytes and the seed alone."""

    def test_twice_the_same(self, grader: Grader) -> None:
        work = SOLUTION.replace("return 2 * x", "return 2.1 * x")
        first, second = (
            grader.grade(submission(work)).as_dict(),
            grader.grade(submission(work)).as_dict(),
        )
        assert without_time(first) == without_time(second)

    def test_unseen_inputs_differ_between_submissions(self, grader: Grader) -> None:
        work = SOLUTION.replace("return 2 * x", "return 2.1 * x")
        first, second = (
            grader.grade(submission(work)).as_dict(),
            grader.grade(submission(work + "\n")).as_dict(),
        )
        assert first["seed"] != second["seed"]
        unseen = [task_of(result, "double")["checks"][1]["expected"] for result in (first, second)]
        assert unseen[0] != unseen[1]

    def test_a_seed_replays(self, grader: Grader) -> None:
        work = SOLUTION.replace("return 2 * x", "return 2.1 * x")
        first = grader.grade(submission(work), seed=7).as_dict()
        second = grader.grade(submission(work + "\n"), seed=7).as_dict()
        assert first["tasks"] == second["tasks"]

    def test_one_submission_leaves_nothing_to_the_next(self, grader: Grader) -> None:
        vandal = "import numpy\nnumpy.allclose = None\nimport builtins\nbuiltins.len = None\n"
        grader.grade(submission(vandal + SOLUTION))
        assert grader.grade(submission(SOLUTION)).score == 6


class TestFixtures:
    """What a check is given and what watches it is the same for the last of many submissions."""

    def scores(self, folder: Path, suite: str, conftest: str = "") -> list[float]:
        tiny = write_course(folder, suite)
        (tiny.suites / "conftest.py").write_text(f"import pytest\n{conftest}", encoding="utf-8")
        works = [SOLUTION, STUB, SOLUTION]
        with Grader(tiny) as grader:
            return [grader.grade(submission(work)).score for work in works]

    def test_a_fixture_of_one_check_is_made_anew(self, tmp_path: Path) -> None:
        conftest = "@pytest.fixture\ndef fresh():\n    yield [0]\n"
        suite = SUITE.replace("(student, expect):", "(student, expect, fresh):").replace(
            "    expect.close(student", "    assert fresh.pop() == 0\n    expect.close(student", 1
        )
        assert "fresh.pop" in suite
        assert self.scores(tmp_path, suite, conftest) == [6, 2, 6]

    def test_a_class_is_made_and_set_up_anew(self, tmp_path: Path) -> None:
        head, marker, check = SUITE.partition('@pytest.mark.task("remember", points=2)\n')
        check = check.replace("(student", "(self, student").replace("{}", "self.states.pop()")
        suite = (
            f"{head}class TestRemember:\n"
            "    def setup_method(self):\n        self.states = [{}]\n\n"
            f"{indent(marker + check, '    ')}"
        )
        assert self.scores(tmp_path, suite) == [6, 2, 6]

    @pytest.mark.parametrize(
        "hook",
        [
            "pytest_runtest_setup(item)",
            "pytest_runtest_call(item)",
            "pytest_pyfunc_call(pyfuncitem)",
        ],
    )
    def test_a_hook_of_the_suite_sees_every_check(self, tmp_path: Path, hook: str) -> None:
        conftest = (
            f"SEEN = []\n\n\ndef {hook}:\n    SEEN.append(1)\n\n\n"
            "@pytest.fixture(scope='session')\ndef seen():\n    return SEEN\n"
        )
        suite = SUITE.replace("(student, expect", "(student, expect, seen").replace(
            '"""\n    ', '"""\n    assert seen.pop()\n    '
        )
        assert suite.count("seen.pop") == 3
        assert self.scores(tmp_path, suite, conftest) == [6, 2, 6]


class TestForm:
    """Every result, of whatever kind, is of the documented form."""

    @pytest.mark.parametrize(
        "work",
        [
            SOLUTION,
            STUB,
            "syntax error",
            "",
            "import os; os._exit(1)",
            "raise ValueError('\ud800')",
        ],
    )
    def test_results_follow_the_schema(self, grader: Grader, work: str) -> None:
        result = grader.grade(submission(work.encode("utf-8", "surrogatepass"))).as_dict()
        require_documented(result)

    def test_errors_follow_the_schema(self, tmp_path: Path) -> None:
        suite = SUITE.replace(
            "    expect.close(student.work.double(1.0)",
            "    1 / 0\n    expect.close(student.work.double(1.0)",
        )
        with Grader(write_course(tmp_path, suite)) as grader:
            require_documented(grader.grade(submission(SOLUTION)).as_dict())

    def test_a_result_is_written_whole_or_not_at_all(
        self, grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "results" / "ada.json"
        result = grader.grade(submission(SOLUTION))
        write(result, path)
        before = path.read_bytes()
        with pytest.raises(ValueError, match="not JSON compliant"):
            write(replace(result, score=float("nan")), path)
        assert path.read_bytes() == before
        assert json.loads(before)["score"] == 6


def test_every_check_has_a_verdict_after_a_run_that_broke(grader: Grader) -> None:
    class Broken:
        def begin(self, task: str, check: str) -> None: ...

        def __getattr__(self, name: str) -> None:
            raise KitFault("no worker")

    verdicts = grader.suites.run(Broken(), 1)  # type: ignore[arg-type]  # stands for a dead worker
    assert [verdict.status for verdict in verdicts] == ["error"] * 3


class TestEnvironment:
    """What is graded does not depend on whose shell, folder or pytest settings it is."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PYTEST_ADDOPTS", "-k 'not unseen'"),
            ("PYTEST_ADDOPTS", "--deselect test_work.py::test_remember"),
            ("PYTEST_ADDOPTS", "--color=yes"),
            ("PYTEST_ADDOPTS", "--collect-only -p no:python"),
            ("PYTEST_ADDOPTS", "--no-such-option"),
            ("PYTEST_PLUGINS", "no_such_plugin"),
            ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", ""),
        ],
    )
    def test_the_environment_tells_the_grader_s_pytest_nothing(
        self, tiny: Assignment, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)
        with Grader(tiny) as grader:
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert (result["score"], result["max_score"]) == (6, 6)
        assert os.environ[name] == value  # which other runs of pytest in this process still see

    @pytest.mark.parametrize(
        ("where", "text"),
        [
            ("conftest.py", "collect_ignore_glob = ['*']\n"),
            ("autograder/conftest.py", "raise RuntimeError('loaded')\n"),
            ("pytest.ini", "[pytest]\naddopts = -k nothing\n"),
            ("autograder/tiny/pytest.ini", "[pytest]\naddopts = -k nothing\n"),
            ("autograder/tiny/pyproject.toml", "[tool.pytest.ini_options]\naddopts='-k x'\n"),
            ("autograder/tox.ini", "[pytest]\npython_functions = nothing_*\n"),
        ],
    )
    def test_no_settings_of_a_folder_reach_it(self, tmp_path: Path, where: str, text: str) -> None:
        course = write_course(tmp_path)
        (tmp_path / where).write_text(text)
        with Grader(course) as grader:
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert (result["score"], result["max_score"]) == (6, 6)

    def test_no_plugin_that_is_installed_reaches_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A package makes one known in its metadata, wherever Python finds that."""
        known = tmp_path / "site" / "keen-1.0.dist-info"
        known.mkdir(parents=True)
        (known / "METADATA").write_text("Metadata-Version: 2.1\nName: keen\nVersion: 1.0\n")
        (known / "entry_points.txt").write_text("[pytest11]\nkeen = keen\n")
        (tmp_path / "site" / "keen.py").write_text("raise RuntimeError('loaded')\n")
        monkeypatch.syspath_prepend(tmp_path / "site")
        with Grader(write_course(tmp_path / "course")) as grader:
            result = grader.grade(submission(SOLUTION)).as_dict()
        assert (result["score"], result["max_score"]) == (6, 6)

    def test_a_check_that_the_suites_leave_out_is_an_error(self, tmp_path: Path) -> None:
        course = write_course(tmp_path)
        (course.suites / "conftest.py").write_text(
            "def pytest_collection_modifyitems(config, items):\n"
            "    config.hook.pytest_deselected(items=[items.pop()])\n"
        )
        with pytest.raises(CourseError, match="test_remember was deselected"):
            Grader(course)
