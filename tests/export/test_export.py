"""Results in other tools' formats: the same scores in each, whatever a student's text is."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.course import Assignment
from kit.export import canvas, github, gradescope, junit, spreadsheet
from kit.export.gradescope import NoScoreError
from kit.feedback import explain
from kit.finals import automatic_alone
from kit.grading.verdicts import Check
from kit.nbgrader import gradebook
from kit.results import CheckResult, Diagnosis, Result, SmallExample, TaskResult, printable
from kit.sandbox.faults import KitFault
from tests.support.results import broken, rejected, require_documented, result_of

ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Essay (7),tiny (42),Current Score\r\n"
    ",,,,,Manual Posting,,\r\n"
    '"    Points Possible",,,,,10,6,(read only)\r\n'
    '"Lovelace, Ada",1001,u1,ada,"A, B",9,,90\r\n'
    '"Boole, Bob",bob,u2,gb,A,8,3,80\r\n'
)

GRADESCOPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score", "tests"],
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
        "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "stdout_visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["score", "max_score", "status", "name"],
                "properties": {
                    "score": {"type": "number", "minimum": 0},
                    "max_score": {"type": "number", "minimum": 0},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": {"const": "visible"},
                },
            },
        },
    },
}
GITHUB = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "status", "max_score", "tests"],
    "properties": {
        "version": {"const": 3},
        "status": {"enum": ["pass", "fail", "error"]},
        "max_score": {"type": "number", "minimum": 0},
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "status", "message", "score"],
                "properties": {
                    "name": {"type": "string"},
                    "status": {"enum": ["pass", "fail", "error"]},
                    "message": {"type": ["string", "null"]},
                    "test_code": {"type": "string"},
                    "task_id": {"type": "string"},
                    "filename": {"type": "string"},
                    "line_no": {"type": "integer"},
                    "duration": {"type": "number"},
                    "score": {"type": "number", "minimum": 0},
                },
            },
        },
    },
}


def half_broken(assignment: Assignment) -> Result:
    """A check of three could not be carried out."""
    return result_of(assignment, problems=(None, KitFault("no memory"), None))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def csv_of(results: list[Result]) -> str:
    """The table where no gradebook is."""
    return spreadsheet.export(results, automatic_alone(results).of)


def canvas_of(assignment: Assignment, results: list[Result], column: str | None = None) -> str:
    return canvas.export(assignment, results, automatic_alone(results), column)


def merged(
    assignment: Assignment, results: list[Result], roster: str, column: str | None = None
) -> canvas.Merged:
    return canvas.merge(assignment, results, automatic_alone(results), roster, column)


def canvas_score(text: str) -> str:
    return list(csv.reader(io.StringIO(text, newline="")))[2][5]


def decoded(line: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(base64.b64decode(line, validate=True))
    return report


def suites(document: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(document).findall("testsuite")


def scores(assignment: Assignment, result: Result) -> dict[str, float]:
    """The score of a graded or rejected submission, as each format has it."""
    report = gradescope.export(result)
    line = table(csv_of([result]))[0]
    score = suites(junit.export([result]))[0].find("properties/property[@name='score']")
    assert score is not None
    return {
        "csv": float(line["score"]),
        "canvas": float(canvas_score(canvas_of(assignment, [result]))),
        "junit": float(score.attrib["value"]),
        "gradescope": report["score"],
        "gradescope's sum": round(sum(test["score"] for test in report["tests"]), 6),
        "github": round(sum(test["score"] for test in decoded(github.export(result))["tests"]), 6),
    }


class TestScores:
    """Every format has the score of the result, and none has a score where there is none."""

    @pytest.mark.parametrize("failed", range(8))
    def test_all_formats_agree(self, tiny: Assignment, failed: int) -> None:
        problems = [AssertionError("wrong") if failed >> place & 1 else None for place in range(3)]
        result = result_of(tiny, problems=problems)
        require_documented(result.as_dict())
        assert set(scores(tiny, result).values()) == {result.score}

    def test_an_example_is_in_none(self, tiny: Assignment) -> None:
        """They have no levels of what a student may see."""
        result = result_of(tiny, problems=(AssertionError("wrong"), None, None))
        example = SmallExample("x = 1", "double(x)  # gives 3", "# right: 2")
        first, *others = result.tasks
        result = replace(result, tasks=(replace(first, example=example), *others))
        texts = [json.dumps(gradescope.export(result)), json.dumps(decoded(github.export(result)))]
        for text in [*texts, junit.export([result]).decode(), str(gradebook.needed(result))]:
            assert "wrong" in text or "TaskResult" in text
            assert "double(x)" not in text

    def test_a_rejected_submission_has_0_in_all(self, tiny: Assignment) -> None:
        assert set(scores(tiny, rejected(tiny)).values()) == {0}

    def test_thirds_stay_the_same_number(self, tiny: Assignment) -> None:
        checks = [Check(f"t::{n}", "double", 4 / 3, "A third.") for n in range(3)]
        for problem in (None, AssertionError("wrong")):
            result = result_of(tiny, problems=(None, problem, None), checks=checks)
            assert set(scores(tiny, result).values()) == {result.score}

    def test_a_suite_with_too_many_points_gives_no_more_than_the_task(
        self, tiny: Assignment
    ) -> None:
        checks = [Check(f"t::{n}", "double", 3, "Three points.") for n in range(3)]
        assert set(scores(tiny, result_of(tiny, checks=checks)).values()) == {4}

    def test_after_a_fault_of_ours_there_is_no_score(self, tiny: Assignment) -> None:
        both = (broken(tiny), "worker is gone"), (half_broken(tiny), "could not be carried out")
        for result, said in both:
            line = table(csv_of([result]))[0]
            assert (line["raw_score"], line["score"]) == ("", "")
            assert canvas_score(canvas_of(tiny, [result])) == ""
            suite = suites(junit.export([result]))[0]
            assert suite.find("properties/property[@name='score']") is None
            assert decoded(github.export(result))["max_score"] == 0
            with pytest.raises(NoScoreError, match=said):
                gradescope.export(result)

    @settings(max_examples=settings.default.max_examples // 4)  # each makes eight exports
    @given(text=st.text(st.characters(exclude_categories=())), data=st.data())
    def test_no_text_of_a_student_changes_a_score(
        self, tiny: Assignment, text: str, data: st.DataObject
    ) -> None:
        problems = data.draw(st.tuples(*[st.sampled_from([None, AssertionError(text)])] * 3))
        student = printable(text) or "ada"
        result = result_of(tiny, student, problems, output=text.encode("utf-8", "replace"))
        raw = json.loads(json.dumps(result.as_dict()))
        raw["student"] = text  # as it would be if results had not made it harmless
        for task in raw["tasks"]:
            for check in task["checks"]:
                check["message"] = text
        for each in (result, Result.from_dict(raw)):
            assert set(scores(tiny, each).values()) == {result.score}
            jsonschema.validate(gradescope.export(each), GRADESCOPE)
            jsonschema.validate(decoded(github.export(each)), GITHUB)
            json.dumps(gradescope.export(each), ensure_ascii=False).encode()
            csv_of([each]).encode()
            canvas_of(tiny, [each]).encode()


class TestCsv:
    """The columns of nbgrader's own export, for spreadsheets."""

    def test_a_line_for_each_student(self, tiny: Assignment) -> None:
        lines = table(csv_of([result_of(tiny, "ada"), rejected(tiny, "bob")]))
        assert [(line["student_id"], line["score"], line["max_score"]) for line in lines] == [
            ("ada", "6", "7"),
            ("bob", "0", "7"),
        ]

    @pytest.mark.parametrize("student", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1"])
    def test_no_student_is_a_formula(self, tiny: Assignment, student: str) -> None:
        result = result_of(tiny, student)
        assert table(csv_of([result]))[0]["student_id"] == f"'{student}"
        assert table(canvas_of(tiny, [result]))[1]["SIS Login ID"] == f"'{student}"

    @pytest.mark.parametrize("before", ["", "\u3000", "\u00a0 ", "\u200b", "\ufeff", "\u202e"])
    @pytest.mark.parametrize("sign", list("＝＋－＠﹦﹢﹣﹫⁼₊−–⩵﬩"))  # noqa: RUF001 - it is about them
    def test_nor_in_any_other_form_of_its_sign(self, before: str, sign: str) -> None:
        assert spreadsheet.harmless(f"{before}{sign}1+1").startswith("'")

    @pytest.mark.parametrize("student", ["ada", "Åse", "李明", "12345", "1-2", "a=b", "", " ada"])
    def test_other_names_stay_as_they_are(self, student: str) -> None:
        assert spreadsheet.harmless(student) == student

    def test_commas_and_quotes_stay_in_their_cell(self, tiny: Assignment) -> None:
        student = 'O"Neil, Ada; x'
        assert table(csv_of([result_of(tiny, student)]))[0]["student_id"] == student


class TestCanvas:
    """A file that Canvas imports: its first columns, what the assignment is worth, the scores."""

    def test_a_file_made_anew(self, tiny: Assignment) -> None:
        text = canvas_of(tiny, [result_of(tiny, "ada")], column="tiny (42)")
        assert text.splitlines() == [
            "Student,ID,SIS User ID,SIS Login ID,Section,tiny (42)",
            "Points Possible,,,,,6",
            "ada,,,ada,,6",
        ]

    def test_a_student_can_not_change_what_the_assignment_is_worth(self, tiny: Assignment) -> None:
        text = canvas_of(tiny, [result_of(tiny, "Points Possible")])
        assert text.splitlines()[2] == ",,,Points Possible,,6"

    def test_an_exported_gradebook_keeps_everything_else(self, tiny: Assignment) -> None:
        done = merged(tiny, [result_of(tiny, "ada")], ROSTER)
        changed = [(a, b) for a, b in zip(_rows(ROSTER), _rows(done.text), strict=True) if a != b]
        assert len(changed) == 1
        before, after = changed[0]
        assert (before[0], after[6]) == ("Lovelace, Ada", "6")
        assert [*before[:6], *before[7:]] == [*after[:6], *after[7:]]

    @pytest.mark.parametrize(("student", "line"), [("ada", 3), ("1001", 3), ("u2", 4), ("bob", 4)])
    def test_students_are_found_by_login_number_or_user(
        self, tiny: Assignment, student: str, line: int
    ) -> None:
        done = merged(tiny, [result_of(tiny, student)], ROSTER)
        assert _rows(done.text)[line][6] == "6"
        assert done.missing == ()

    def test_a_student_named_as_in_a_download_is_found_by_name_and_number(
        self, tiny: Assignment
    ) -> None:
        done = merged(tiny, [result_of(tiny, "lovelaceada_1001")], ROSTER)
        assert _rows(done.text)[3][6] == "6"
        assert done.missing == ()

    @pytest.mark.parametrize("student", ["bob_1001", "_1001", "lovelaceada_1002", "lovelaceada_"])
    def test_a_number_alone_decides_nothing(self, tiny: Assignment, student: str) -> None:
        assert merged(tiny, [result_of(tiny, student)], ROSTER).missing == (student,)

    def test_without_a_score_what_stood_there_stays(self, tiny: Assignment) -> None:
        assert merged(tiny, [broken(tiny, "gb")], ROSTER).text == ROSTER.replace(
            '"    Points Possible"', "    Points Possible"
        )

    def test_students_that_canvas_does_not_know_are_named(self, tiny: Assignment) -> None:
        done = merged(tiny, [result_of(tiny, "zoe"), broken(tiny, "yan")], ROSTER)
        assert done.missing == ("zoe",)
        assert "zoe" not in done.text

    def test_a_column_is_added_where_there_is_none(self, tiny: Assignment) -> None:
        roster = ROSTER.replace("tiny (42)", "other (42)")
        rows = _rows(merged(tiny, [result_of(tiny, "ada")], roster).text)
        assert [row[8:] for row in rows] == [["tiny"], [""], ["6"], ["6"], [""]]

    def test_semicolons_and_a_byte_order_mark_stay(self, tiny: Assignment) -> None:
        roster = "\ufeffStudent;ID;SIS Login ID;Section;tiny (42)\nAda;1;ada;A;\n"
        done = merged(tiny, [result_of(tiny, "ada")], roster)
        assert done.text == ("\ufeffStudent;ID;SIS Login ID;Section;tiny (42)\r\nAda;1;ada;A;6\r\n")

    @pytest.mark.parametrize(
        ("roster", "said"),
        [
            ("", "not a gradebook"),
            ("Name,Grade\nada,1\n", "lacks Student"),
            (ROSTER.replace("Essay (7)", "tiny (7)"), "Several columns"),
            (ROSTER.replace(",gb,", ",ada,"), "2 lines for ada"),
        ],
    )
    def test_what_can_not_be_merged_is_said(self, tiny: Assignment, roster: str, said: str) -> None:
        with pytest.raises(canvas.RosterError, match=said):
            merged(tiny, [result_of(tiny, "ada")], roster)

    def test_a_column_can_be_chosen(self, tiny: Assignment) -> None:
        done = merged(tiny, [result_of(tiny, "ada")], ROSTER, column="Essay (7)")
        assert _rows(done.text)[3][5:7] == ["6", ""]


class TestJunit:
    """testsuites > testsuite (a student) > testcase (a check) > failure, error or skipped."""

    def test_a_case_for_each_check_and_manual_task(self, tiny: Assignment) -> None:
        problems = (AssertionError("off by 1"), None, None)
        (suite,) = suites(junit.export([result_of(tiny, "ada", problems)]))
        assert suite.attrib == {
            "name": "ada",
            "time": "0.250",
            "tests": "4",
            "failures": "1",
            "errors": "0",
            "skipped": "1",
        }
        assert [case.get("classname") for case in suite.findall("testcase")] == [
            "double",
            "double",
            "remember",
            "essay",
        ]
        failure = suite.find("testcase[@name='test_work.py::test_double_of_one']/failure")
        assert failure is not None
        assert (failure.get("message"), failure.text) == (
            "off by 1",
            "off by 1\nRule: Twice one is two.",
        )
        assert suite.find("testcase[@classname='essay']/skipped") is not None

    def test_points_are_properties(self, tiny: Assignment) -> None:
        problems = (AssertionError("off by 1"), None, None)
        (suite,) = suites(junit.export([result_of(tiny, "ada", problems)]))
        found = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
        assert found == {
            "assignment": "tiny",
            "status": "graded",
            "score": "5",
            "max_score": "6",
            "double.score": "3",
            "double.max_score": "4",
            "remember.score": "2",
            "remember.max_score": "2",
            "essay.max_score": "1",
        }

    def test_what_was_not_run_is_a_failure_of_theirs_or_an_error_of_ours(
        self, tiny: Assignment
    ) -> None:
        document = junit.export([rejected(tiny), broken(tiny), half_broken(tiny)])
        root = ElementTree.fromstring(document)
        assert (root.get("failures"), root.get("errors")) == ("1", "2")
        failure = root.find("testsuite/testcase[@name='submission']/failure")
        assert failure is not None
        assert (failure.get("type"), failure.text) == ("rejected", "There is no work.py.")

    def test_characters_that_xml_can_not_hold_are_left_out(self, tiny: Assignment) -> None:
        raw = result_of(tiny, problems=(AssertionError("x"), None, None)).as_dict()
        raw["tasks"][0]["checks"][0]["message"] = "a\x00\x1b\ud800\ufffe<b>&\U0001f600"
        failure = suites(junit.export([Result.from_dict(raw)]))[0].find("testcase/failure")
        assert failure is not None
        assert failure.get("message") == "a<b>&\U0001f600"


class TestGradescope:
    """results.json: an entry a check, seen by the student."""

    def test_a_graded_submission(self, tiny: Assignment) -> None:
        report = gradescope.export(result_of(tiny, problems=(None, AssertionError("no"), None)))
        jsonschema.validate(report, GRADESCOPE)
        entries = [(t["number"], t["status"], t["score"], t["max_score"]) for t in report["tests"]]
        assert entries == [
            ("1.1", "passed", 1, 1),
            ("1.2", "failed", 0, 3),
            ("2.1", "passed", 2, 2),
        ]
        assert report["tests"][1]["output"] == "no\nRule: y = 2 x"

    def test_a_rejected_submission_has_one_failed_entry(self, tiny: Assignment) -> None:
        report = gradescope.export(rejected(tiny))
        jsonschema.validate(report, GRADESCOPE)
        (entry,) = report["tests"]
        assert (entry["status"], entry["score"], entry["max_score"]) == ("failed", 0, 6)
        assert entry["output"] == "There is no work.py."


class TestGithub:
    """GitHub Classroom's result: never empty, a score on each test, no score by our fault."""

    def test_a_graded_submission(self, tiny: Assignment) -> None:
        report = decoded(
            github.export(result_of(tiny, problems=(None, AssertionError("no"), None)))
        )
        jsonschema.validate(report, GITHUB)
        assert (report["status"], report["max_score"]) == ("fail", 6)
        assert [(test["status"], test["score"]) for test in report["tests"]] == [
            ("pass", 1),
            ("fail", 0),
            ("pass", 2),
        ]

    def test_a_perfect_submission_passes(self, tiny: Assignment) -> None:
        assert decoded(github.export(result_of(tiny)))["status"] == "pass"

    @pytest.mark.parametrize(
        ("make", "status"), [(rejected, "fail"), (broken, "error"), (half_broken, "error")]
    )
    def test_it_is_never_empty(self, tiny: Assignment, make: Any, status: str) -> None:
        report = decoded(github.export(make(tiny)))
        jsonschema.validate(report, GITHUB)
        assert report["status"] == status
        (only,) = report["tests"]
        assert only["score"] == 0
        assert only["message"]

    def test_no_message_is_a_command_to_the_runner(self, tiny: Assignment) -> None:
        problem = AssertionError("x\n::set-output name=a::b\n##[error]no")
        text = decoded(github.export(result_of(tiny, problems=(problem, None, None))))["tests"]
        assert "\n::" not in text[0]["message"]
        assert "##[" not in text[0]["message"]

    def test_it_fits_into_a_variable_of_the_environment(self, tiny: Assignment) -> None:
        checks = [Check(f"t::{n}", "double", 0.01, "A rule.") for n in range(150)]
        problems = [AssertionError("\U0001f600" * 2000)] * len(checks)
        line = github.export(result_of(tiny, problems=problems, checks=checks))
        assert len(line) < 128 * 1024
        assert len(decoded(line)["tests"]) == 150


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_named_mistake_is_the_first_thing_that_a_student_reads() -> None:
    known = Diagnosis(("triple",), "Yours is three times x.")
    check = CheckResult("t::test", "failed", 1.0, False, "`y` is wrong.", "y = 2 x")
    task = TaskResult("double", "Double", 0.0, 1.0, False, "failed", (check,), known)
    number = replace(check, expected="2", got="3", diagnosis="triple")
    assert explain(number, task).splitlines() == [
        "Yours is three times x.",
        "`y` is wrong.",
        "Expected 2, got 3.",
        "Rule: y = 2 x",
    ]
    assert explain(check, task) == "`y` is wrong.\nRule: y = 2 x"
