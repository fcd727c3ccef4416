"""The report pages: what they say, what they may show, and that a submission can't change them."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kit import feedback
from kit.course import CourseError
from kit.report import arrange, overview, pages, pseudonyms
from kit.report.curve import curve, curves, nice
from kit.report.pages import class_page, student_page
from kit.report.visible import Unseen, anonymous, for_student
from kit.report.writer import write
from kit.results import Result as Typed
from tests.support.command_line import kit
from tests.support.course import ROOT
from tests.support.report import HOSTILE, SCRIPT, TASKS, class_of, names, write_all, wrong
from tests.support.results import require_documented

Result = dict[str, Any]
EXPECTED, GOT, PRINTED = "0.123456789", "0.987654321", "seventeen"


@pytest.fixture(scope="module")
def sixty() -> list[Result]:
    return class_of(60)


@pytest.fixture
def result() -> Result:
    """Everything passed, but for a documented and an unseen check of Adam's."""
    made = next(each for each in class_of(60)[10:] if each["score"] == each["max_score"])
    made = copy.deepcopy(made)
    task = task_of(made, "adam")
    task["checks"][0] |= wrong("w_seen", EXPECTED, GOT)
    task["checks"][1] |= wrong("w_unseen", EXPECTED, GOT)
    task |= {"status": "failed", "score": 5.0}
    made |= {"score": 50.0, "output": PRINTED}
    return made


def task_of(result: Result, task: str) -> dict[str, Any]:
    return next(each for each in result["tasks"] if each["id"] == task)


def page(result: Result, unseen: Unseen = Unseen.MESSAGE) -> str:
    return student_page(for_student(Typed.from_dict(result), unseen)).decode()


def view_of(result: Result) -> arrange.StudentView:
    return arrange.arrange(Typed.from_dict(result))


def overview_of(results: list[Result]) -> overview.Overview:
    return overview.overview([Typed.from_dict(each) for each in results])


def nameless(result: Result, pseudonym: str) -> Result:
    return anonymous(Typed.from_dict(result), pseudonym).as_dict()


def class_text(results: list[Result]) -> str:
    typed = [Typed.from_dict(each) for each in results]
    return class_page(typed, {each.student: "x.html" for each in typed}, nameless=False).decode()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"code", "wbr"}:
            self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in ([("style", ())], [("script", ())]):
            self.text.append(data)


def parsed(html: str) -> _Parser:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser


def text_of(html: str) -> str:
    """What a reader sees, with single spaces."""
    return re.sub(r"\s+", " ", "".join(parsed(html).text))


@contextmanager
def without_pictures() -> Iterator[None]:
    """Pages of the class have no pictures meanwhile: they show numbers alone, and take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "_pictures", lambda found: [])
        yield


def test_the_made_up_results_have_the_form_of_real_ones(sixty: list[Result]) -> None:
    for result in sixty:
        require_documented(result)


class TestUnseen:
    """What a student sees of checks whose inputs no notebook shows."""

    def test_by_default_the_message_but_no_number(self, result: Result) -> None:
        task_of(result, "adam")["checks"][0] |= {"expected": "1", "got": "2"}
        html = page(result)
        assert "w_unseen" in html
        assert EXPECTED not in html
        assert GOT not in html

    def test_documented_numbers_are_always_shown(self, result: Result) -> None:
        task_of(result, "adam")["checks"][1] |= {"expected": "1", "got": "2"}
        for unseen in Unseen:
            html = page(result, unseen)
            assert EXPECTED in html
            assert GOT in html
            assert "w_seen" in html

    def test_full_shows_all(self, result: Result) -> None:
        task_of(result, "adam")["checks"][0] |= {"expected": "1", "got": "2"}
        assert EXPECTED in page(result, Unseen.FULL)

    def test_an_example_is_shown_where_it_is_allowed(self, result: Result) -> None:
        lines = {"inputs": "w = 1", "gives": "adam(w)  # gives <2>", "right": "# right: 3"}
        task_of(result, "adam")["example"] = lines
        for unseen in (Unseen.HIDDEN, Unseen.MESSAGE):
            assert "adam(w)" not in page(result, unseen)
        for unseen in (Unseen.EXAMPLE, Unseen.FULL):
            assert "w = 1 adam(w) # gives <2> # right: 3" in text_of(page(result, unseen))
        assert EXPECTED not in page(result, Unseen.EXAMPLE).split("w_unseen")[1]
        shown = page(nameless(result, "Student 001"), Unseen.FULL)
        assert "adam(w)" not in shown

    def test_hidden_shows_name_status_and_points_alone(self, result: Result) -> None:
        check = task_of(result, "adam")["checks"][1]
        check |= {
            "hint": "the rule",
            "diagnosis": "a_mistake",
            "measured": {"loss_by_step": [3, 2]},
            "error": {"type": "ValueError", "message": "raised", "trace": []},
        }
        task_of(result, "adam")["diagnosis"] = {"mistakes": ["a_mistake"], "text": "the diagnosis"}
        html = page(result, Unseen.HIDDEN)
        said = text_of(html)
        assert f"{check['name'].rpartition('::')[2]}, 6 points" in said
        for secret in ("w_unseen", "the rule", "a_mistake", "the diagnosis", "raised", PRINTED):
            assert secret not in said
        assert 'class="curve"' not in html
        assert "the diagnosis" in page(result, Unseen.MESSAGE)

    def test_hidden_keeps_a_diagnosis_that_documented_checks_give(self, result: Result) -> None:
        adam = task_of(result, "adam")
        adam["diagnosis"] = {"mistakes": ["a_mistake"], "text": "the diagnosis"}
        adam["checks"][0]["diagnosis"] = "a_mistake"
        assert "the diagnosis" in page(result, Unseen.HIDDEN)
        adam["diagnosis"]["mistakes"].append("seen_by_an_unseen_check")
        assert "the diagnosis" not in page(result, Unseen.HIDDEN)

    def test_what_is_narrowed_is_shown_as_a_message_is(self, result: Result) -> None:
        """It is about all calls, also those on inputs that no notebook shows."""
        task_of(result, "adam")["narrowed"] = "Only the `step` is wrong."
        assert "Only the step is wrong." not in text_of(page(result, Unseen.HIDDEN))
        for unseen in (Unseen.MESSAGE, Unseen.FULL):
            assert "Only the step is wrong." in text_of(page(result, unseen))

    @pytest.mark.parametrize("documented", [None, False, "true", 1])
    def test_only_what_says_that_it_is_documented_is(
        self, result: Result, documented: object
    ) -> None:
        for check in task_of(result, "adam")["checks"]:
            check["documented"] = documented
        assert EXPECTED not in page(result)


class TestStudentPage:
    """One page that says what to fix, and in which order."""

    def test_tasks_with_a_diagnosis_come_first(self, sixty: list[Result]) -> None:
        result = copy.deepcopy(sixty[7])  # nothing passed, nothing diagnosed
        task_of(result, "cifar10")["diagnosis"] = {"mistakes": ["a"], "text": "Mend this."}
        assert [part.task.id for part in view_of(result).to_fix] == [
            "cifar10",
            "affine_forward",
            "affine_backward",
            "fc_net",
            "sgd_momentum",
            "adam",
        ]
        html = page(result)
        assert html.index("Mend this.") < html.index("not implemented yet")

    def test_every_task_is_on_the_page_once(self, sixty: list[Result]) -> None:
        for result in sixty:
            view = view_of(result)
            heaps = (view.to_fix, view.unchecked, view.passed, view.by_a_person, view.not_graded)
            found = [part.task.id for heap in heaps for part in heap]
            assert sorted(found) == sorted(task[0] for task in TASKS)

    def test_checks_that_say_the_same_are_told_once(self, sixty: list[Result]) -> None:
        text = text_of(page(sixty[7]))
        assert text.count("Your fc_net is not implemented yet") == 1
        assert "4 checks failed for this reason" in text

    def test_points_that_are_given_for_another_tasks_mistake_are_explained(
        self, sixty: list[Result]
    ) -> None:
        result = next(r for r in sixty if any("follows_from" in task for task in r["tasks"]))
        view = view_of(result)
        assert [part.task.id for part in view.passed if part.earlier] == ["affine_backward"]
        text = text_of(page(result))
        assert "Affine layer, backward 6 of 6 points ✓ points given" in text
        assert "Correct given your Affine layer, forward; fix Affine layer, forward first." in text
        assert 'given your <a href="#task-affine_forward">Affine layer, forward</a>;' in page(
            result
        )

    def test_an_error_that_stops_several_tasks_is_told_first(self, result: Result) -> None:
        frame = {"file": "nndl/optim.py", "line": 178, "function": "", "text": "def ("}
        error = {"type": "SyntaxError", "message": "invalid syntax", "trace": [frame]}
        task_of(result, "adam")["checks"][1]["error"] = error
        assert view_of(result).stops == []
        task_of(result, "sgd_momentum")["checks"][0] |= {"status": "failed", "error": error}
        task_of(result, "sgd_momentum")["status"] = "failed"
        text = text_of(page(result))
        told = (
            "Fix this first. It stops the checks of: SGD with momentum, Adam. "
            "nndl/optim.py, line 178"
        )
        assert "One error stops 2 tasks" in text
        assert text.index(told) < text.index("SGD with momentum 10 of 10")

    def test_many_messages_do_not_bury_the_first(self, result: Result) -> None:
        checks = task_of(result, "adam")["checks"]
        checks += [checks[1] | {"name": f"t::test_{n}", "message": f"No. {n}."} for n in range(3)]
        html = page(result)
        assert "4 checks did not pass" not in html
        assert "3 more checks did not pass" in html
        assert html.index("w_unseen") < html.index("3 more checks") < html.index("No. 0.")

    def test_scores_and_points_to_gain(self, result: Result) -> None:
        text = text_of(page(result))
        assert "50 of 60 automatic points" in text
        assert "Adam (10 points to gain)" in text
        assert "A person gives up to 10 more: What the comparison shows." in text

    def test_nothing_to_fix(self, result: Result) -> None:
        for check in task_of(result, "adam")["checks"]:
            check |= {"status": "passed", "message": "Passed."}
        task_of(result, "adam").update(status="passed", score=15.0)
        text = text_of(page(result))
        assert "There is nothing to fix." in text
        assert "to fix" not in text.replace("There is nothing to fix.", "")

    def test_a_rejected_submission_is_told_why(self, sixty: list[Result]) -> None:
        text = text_of(page(sixty[5]))
        assert "None of the files to hand in was found." in text
        assert "0 of 60" in text

    @pytest.mark.parametrize("place", [6, 8])
    def test_after_a_fault_of_ours_there_is_no_score(self, sixty: list[Result], place: int) -> None:
        text = text_of(page(sixty[place]))
        assert "No score yet" in text
        assert "The grader failed. This is not the fault of the submission." in text
        assert "0 of 60" not in text

    def test_where_an_exception_was_raised(self, result: Result) -> None:
        frame = {"file": "nndl/optim.py", "line": 9, "function": "adam", "text": "return 1 / 0"}
        task_of(result, "adam")["checks"][1]["error"] = {
            "type": "ZeroDivisionError",
            "message": "division by zero",
            "trace": [frame],
        }
        assert (
            "nndl/optim.py, line 9, in adam return 1 / 0 ZeroDivisionError: division by zero"
            in text_of(page(result))
        )

    def test_rules_and_messages_have_their_code_in_code(self, result: Result) -> None:
        assert "<code>w_unseen</code> after step 1 of 5" in page(result)

    def test_how_it_was_graded(self, result: Result) -> None:
        text = text_of(page(result))
        assert str(result["seed"]) in text
        assert "numpy 2.4.6" in text

    def test_it_loads_nothing(self, sixty: list[Result]) -> None:
        for result in sixty:
            assert all(link.startswith("#") for link in parsed(page(result)).links)

    def test_its_policy_allows_its_own_style_and_pictures_only(self, result: Result) -> None:
        """So markup that got onto a page all the same would run, load and send nothing."""
        policy = page(result).partition('http-equiv="Content-Security-Policy" content="')[2]
        assert policy.partition('"')[0].split("; ") == [
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]

    def test_the_same_result_gives_the_same_page(self, result: Result) -> None:
        assert page(copy.deepcopy(result)) == page(result)

    def test_text_that_no_encoding_can_hold_is_spelled_out(self, result: Result) -> None:
        result["notes"] = ["\ud800"]
        assert "\\ud800" in page(result)


class TestCurve:
    """A list of numbers that a check measured is drawn, whatever it is called."""

    def test_every_value_has_a_point_and_what_was_needed_a_line(self) -> None:
        (drawn,) = curves({"accuracy_percent_by_epoch": [20, 40.5, 52], "needed_percent": 50})
        assert (drawn.title, drawn.x_label) == ("accuracy percent", "epoch")
        assert len(drawn.points) == 3
        heights = [y for _, y in drawn.points]
        assert heights == sorted(heights, reverse=True)
        assert drawn.needed is not None
        assert heights[1] > drawn.needed.at > heights[2]

    def test_what_is_needed_is_for_values_of_that_unit(self) -> None:
        (drawn,) = curves({"loss_by_step": [3.0, 2.0], "needed_percent": 50.0})
        assert drawn.needed is None

    @pytest.mark.parametrize("value", [[], ["x"], [1, None], [True], "text", 3.0, [1e300]])
    def test_nothing_else_is_drawn(self, value: object) -> None:
        assert curves({"a": value}) == []

    @settings(deadline=None)
    @given(
        st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
        st.none() | st.floats(-1e9, 1e9),
    )
    def test_everything_stays_inside_the_drawing(
        self, values: list[float], goal: float | None
    ) -> None:
        drawn = curve("a_by_b", values, goal)
        ys = [y for _, y in drawn.points] + [tick.at for tick in drawn.y_ticks]
        ys += [drawn.needed.at] if drawn.needed else []
        assert all(0 <= y <= drawn.bottom + 0.1 for y in ys)
        assert all(drawn.left <= x <= drawn.right for x, _ in drawn.points)

    @settings(deadline=None)
    @given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
    def test_an_axis_has_a_few_marks_and_reaches_both_ends(self, low: float, span: float) -> None:
        marks = nice(low, low + span)
        assert 2 <= len(marks) <= 9
        dust = 1e-9 * max(1.0, abs(low), span)
        assert marks[0] <= low + dust
        assert marks[-1] >= low + span - dust

    def test_the_page_says_the_numbers_in_words(self, sixty: list[Result]) -> None:
        result = next(r for r in sixty[10:] if r["status"] == "graded" and "52" in json.dumps(r))
        values = task_of(result, "cifar10")["checks"][0]["measured"][
            "validation_accuracy_percent_by_epoch"
        ]
        listed = ", ".join(str(value) for value in values)
        assert f'aria-label="validation accuracy percent by epoch: {listed}; 50 needed"' in page(
            result
        )


class TestEscaping:
    """Whatever a submission wrote is text, on its own page and on that of the class."""

    @settings(
        max_examples=settings.default.max_examples // 10,  # each makes four pages
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @example(text=SCRIPT)
    @example(text=HOSTILE)
    @example(text="</style>")
    @given(text=st.text(min_size=1, max_size=40))
    def test_no_text_adds_a_tag_or_an_attribute(self, result: Result, text: str) -> None:
        def filled(value: str) -> Result:
            made = copy.deepcopy(result)
            made |= {"student": value, "notes": [value], "output": value.replace("\n", " ")}
            check = task_of(made, "adam")["checks"][0]
            frame = {"file": value, "line": 1, "function": value, "text": value}
            error = {"type": value, "message": value, "trace": [frame]}
            check |= {"message": value, "expected": value, "got": value, "error": error}
            return made

        hostile, harmless = filled(text), filled("x")
        assert parsed(page(hostile)).tags == parsed(page(harmless)).tags
        with without_pictures():
            assert parsed(class_text([hostile])).tags == parsed(class_text([harmless])).tags

    def test_a_hostile_submission_is_readable(self, sixty: list[Result]) -> None:
        html = page(sixty[0], Unseen.FULL)
        assert SCRIPT in text_of(html)
        assert "Feedback for " + HOSTILE in text_of(html)
        assert "<script" not in html

    def test_the_class_page_runs_its_own_script_alone(self, sixty: list[Result]) -> None:
        html = class_text(sixty)
        assert html.count("<script") == 1
        assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='\"", html)


class TestClassPage:
    """One page that says how the class is doing and what to teach again."""

    def test_everybody_is_counted_once(self, sixty: list[Result]) -> None:
        found = overview_of(sixty)
        assert dict(found.status) == {"graded": 53, "rejected": 4, "error": 3}
        assert len(found.scores) == 53
        text = text_of(class_text(sixty))
        for said in (
            "60submissions",
            "4rejected",
            "3not graded (grader error)",
        ):  # bold, then not
            assert said in text

    def test_full_marks_are_those_of_the_tasks_that_were_graded(self, sixty: list[Result]) -> None:
        some = {"score": 20.0, "max_score": 20.0}  # as --tasks gives; the rejected one has 60
        found = overview_of([sixty[5], sixty[21] | some, sixty[23] | some | {"score": 19.0}])
        assert (found.full_marks, found.max_score) == (1, 20)

    def test_the_rate_of_each_task_and_check(self, sixty: list[Result]) -> None:
        found = overview_of(sixty)
        assert set(found.tasks) == {task[0] for task in TASKS if task[3]}
        for task_id, share in found.tasks.items():
            statuses = [task_of(result, task_id)["status"] for result in sixty]
            assert share.passed == statuses.count("passed")
            assert share.of == statuses.count("passed") + statuses.count("failed")
            for name, check in share.checks.items():
                found_checks = [
                    each["status"]
                    for result in sixty
                    for each in task_of(result, task_id)["checks"]
                    if each["name"] == name
                ]
                assert check.passed == found_checks.count("passed")
                assert check.of == len(found_checks) - found_checks.count("error")

    def test_the_hardest_task_comes_first(self, sixty: list[Result]) -> None:
        rates = [task.percent for task in overview_of(sixty).hardest]
        assert rates == sorted(rates)

    def test_a_mistake_in_two_tasks_is_one_submission(self, result: Result) -> None:
        for task in ("adam", "fc_net"):
            task_of(result, task).update(
                status="failed", diagnosis={"mistakes": ["a_mistake"], "text": "Mend it."}
            )
        (mistake,) = overview_of([result]).commonest
        assert (mistake.id, mistake.count, mistake.text) == ("a_mistake", 1, "Mend it.")
        assert list(mistake.tasks) == ["Fully connected network", "Adam"]
        text = text_of(class_text([result]))
        assert "Mend it 1 submission" in text
        assert "Who hopper_ada_7" in text
        assert "In Fully connected network; Adam." in text

    def test_a_mistake_is_called_by_what_students_read_of_it(self, result: Result) -> None:
        """Its id is for authors; the catalogue has the text also where two were made at once."""
        task_of(result, "adam").update(
            status="failed", diagnosis={"mistakes": ["adam.a", "adam.b_c"], "text": "Both."}
        )
        typed = [Typed.from_dict(result)]
        found = overview.overview(typed, {"adam.a": "Your step is w + v: it lacks μ. Mend it."})
        assert [each.title for each in found.commonest] == ["Your step is w + v", "B c"]

    def test_what_a_person_should_see_is_listed(self, result: Result) -> None:
        """Code that got no point at all, unlike a release that nobody has written in."""
        result["score"], result["notes"] = 0.0, []
        for task in result["tasks"]:
            task.pop("wrong_place", None)
            for check in task["checks"]:
                check["status"] = "failed"
                check["error"] = {"type": "NotImplementedError", "message": "", "trace": []}
        assert overview_of([result]).for_a_person == []
        task_of(result, "adam")["checks"][0]["error"]["type"] = "ValueError"
        assert [each.student for each in overview_of([result]).for_a_person] == ["hopper_ada_7"]
        assert "It holds code, but got no point at all." in text_of(class_text([result]))

    def test_a_training_that_failed_names_its_cause(self, result: Result) -> None:
        for name in ("adam", "cifar10"):
            task_of(result, name)["status"] = "failed"
        task_of(result, "cifar10")["checks"][0]["measured"] = {"accuracy_by_epoch": [10.0]}
        typed = Typed.from_dict(result)
        failed = [task.id for task in typed.tasks if task.status == "failed"]
        training = next(task for task in typed.tasks if task.id == "cifar10")
        others = [name for name in failed if name != "cifar10"]
        said = feedback.training_cause(training, typed)
        assert said.startswith("The training uses all that was written before. Correct ")
        assert all(name in said for name in others)
        page = text_of(student_page(for_student(typed, Unseen.FULL)).decode())
        assert said in page
        assert feedback.training_cause(next(t for t in typed.tasks if t.id == "adam"), typed) == ""

    def test_two_mistakes_at_once_count_for_both(self, result: Result) -> None:
        task_of(result, "adam")["checks"][1]["diagnosis"] = "one+two"
        found = overview_of([result])
        assert [(each.id, each.count) for each in found.commonest] == [("one", 1), ("two", 1)]

    def test_a_failure_that_nothing_explains_is_counted_as_that(self, result: Result) -> None:
        assert overview_of([result]).undiagnosed == 1
        task_of(result, "adam")["checks"][0]["diagnosis"] = "a_mistake"
        assert overview_of([result]).undiagnosed == 0

    def test_those_who_pass_in_spite_of_another_tasks_mistake_are_counted(
        self, sixty: list[Result]
    ) -> None:
        share = overview_of(sixty).tasks["affine_backward"]
        assert share.following == sum(
            task_of(r, "affine_forward")["status"] == "failed" and r["score"] > 0
            for r in sixty
            if r["score"]
        )

    def test_a_fault_of_ours_is_neither_passed_nor_failed(self, sixty: list[Result]) -> None:
        share = overview_of([sixty[8]]).tasks["adam"]
        assert (share.passed, share.of) == (0, 0)
        assert "All submissions" in class_text([sixty[8]])

    def test_what_was_measured_is_drawn_by_its_name(self, sixty: list[Result]) -> None:
        found = overview_of(sixty)
        assert set(found.measures) == {"validation_accuracy_percent", "training_seconds"}
        assert found.measures["validation_accuracy_percent"].needed == 50
        assert found.measures["training_seconds"].needed is None
        html = class_text(sixty)
        assert html.count("<svg") == 4
        reached = sum(v >= 50 for v in found.measures["validation_accuracy_percent"].values)
        assert f"{reached} reached the 50 that are needed" in html

    def test_a_picture_has_all_its_numbers_as_a_table(self, sixty: list[Result]) -> None:
        table = re.search(r"<h3>Scores</h3>.*?<tbody>(.*?)</tbody>", class_text(sixty), re.DOTALL)
        assert table is not None
        counts = re.findall(r'<td class="number">(\d+)</td>', table[1])
        assert sum(map(int, counts)) == 53

    def test_no_id_is_given_twice(self, sixty: list[Result]) -> None:
        ids = re.findall(r'\sid="([^"]+)"', class_text(sixty))
        assert len(set(ids)) == len(ids)

    def test_submissions_that_need_a_person_are_named_with_the_reason(
        self, sixty: list[Result]
    ) -> None:
        odd = [r["student"] for r in sixty if r["status"] != "graded" or r["notes"]]
        html = class_text(sixty)
        section = html[html.index("For a person to look at") : html.index("What to teach again")]
        assert len(re.findall(r"<a href", section)) == len(odd)
        assert "None of the files to hand in was found." in section
        assert "Canvas marks it as late" in section

    def test_results_of_several_versions_are_told(self, sixty: list[Result]) -> None:
        older = copy.deepcopy(sixty[20])
        older["versions"]["course"] = "0000"
        assert "2 versions" not in class_text([sixty[21]])
        assert "2 versions" in class_text([sixty[21], older])

    def test_a_column_stands_for_the_same_task_in_every_row(self, sixty: list[Result]) -> None:
        fewer = copy.deepcopy(sixty[21])
        fewer["tasks"] = fewer["tasks"][1:]  # as an older version of the assignment had it
        rows = re.findall(r"<tr data-is.*?</tr>", class_text([sixty[20], fewer]), re.DOTALL)
        assert {row.count("<td") for row in rows} == {len(re.findall("<td", rows[0]))}

    def test_a_class_of_whom_nobody_could_be_graded(self, sixty: list[Result]) -> None:
        text = text_of(class_text([sixty[5], sixty[6]]))
        assert "All submissions" in text
        assert "In numbers" not in text

    def test_the_same_results_give_the_same_page(self, sixty: list[Result]) -> None:
        assert class_text(copy.deepcopy(sixty)) == class_text(sixty)


class TestSize:
    """Two thousand submissions are as easy as five."""

    def test_two_thousand_fit_on_one_page(self, tmp_path: Path) -> None:
        results = class_of(2000)
        html = class_text(results)
        assert html.count("<tr data-is") == 2000
        assert len(html) < 2_500_000
        # of which nothing but the rows, and those for a person, grew
        assert len(html) / 2000 < len(class_text(results[:200])) / 200

    def test_the_work_grows_no_faster_than_the_class(self) -> None:
        """But for the pictures, which take the same for every class."""
        results = class_of(400)
        with without_pictures():
            class_text(results[:50])  # templates are loaded
            few, many = (_calls(results[:count]) for count in (200, 400))
        assert many < 2.3 * few


def _calls(results: list[Result]) -> int:
    """How many functions making the class page calls: as good as a time, and always the same."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        class_text(results)
    finally:
        sys.setprofile(before)
    return calls


class TestFolder:
    """A report is made anew, and what is not a page of it stays as it is."""

    @pytest.fixture(autouse=True)
    def quick(self) -> Iterator[None]:
        with without_pictures():
            yield

    def test_a_page_for_each_student_and_one_for_the_class(self, tmp_path: Path) -> None:
        results = write_all(class_of(30), tmp_path / "results")
        made = write("optimization", results, tmp_path / "report")
        assert made.students == 30
        assert len(list((tmp_path / "report/students").iterdir())) == 30
        links = parsed((tmp_path / "report/index.html").read_text("utf-8")).links
        linked = {(tmp_path / "report" / unquote(link)) for link in links if "students/" in link}
        assert linked == set((tmp_path / "report/students").iterdir())

    def test_no_name_leads_out_of_the_folder(self, tmp_path: Path) -> None:
        odd = ["../x", "a/b", "..", ".", "", ".hidden", "con?*", "#a", "index", "a\nb", "%2e"]
        (result,) = class_of(12)[11:]
        write_all([result | {"student": name} for name in odd], tmp_path / "results")
        write("optimization", tmp_path / "results", tmp_path / "report")
        files = Counter(path.parent for path in tmp_path.rglob("*") if path.is_file())
        assert files == {
            tmp_path / "results": len(odd),
            tmp_path / "report": 1,
            tmp_path / "report/students": len(odd),
        }

    def test_pages_of_an_earlier_report_vanish_and_other_files_stay(self, tmp_path: Path) -> None:
        results, out = tmp_path / "results", tmp_path / "report"
        write_all(class_of(12), results)
        write("optimization", results, out)
        (out / "students/mine.html").write_text("<p>mine</p>")
        (out / "students/notes.txt").write_text("mine")
        (results / "11.json").unlink()
        write("optimization", results, out)
        left = {path.name for path in (out / "students").iterdir()}
        assert len(left) == 11 + 2
        assert {"mine.html", "notes.txt"} < left
        assert not any("frances" in name for name in left)
        assert f"{names(12)[11]}.html" not in left

    def test_a_foreign_file_in_the_way_is_not_written_over(self, tmp_path: Path) -> None:
        results, out = write_all(class_of(12), tmp_path / "results"), tmp_path / "site"
        out.mkdir()
        (out / "index.html").write_text("<p>a home page</p>")
        with pytest.raises(CourseError, match=r"index.html is there already"):
            write("optimization", results, out)
        assert (out / "index.html").read_text() == "<p>a home page</p>"
        assert list(out.rglob("*.html")) == [out / "index.html"]

    def test_a_link_in_the_way_is_not_followed(self, tmp_path: Path) -> None:
        results, out = write_all(class_of(12), tmp_path / "results"), tmp_path / "report"
        write("optimization", results, out)
        (out / "index.html").rename(tmp_path / "elsewhere.html")
        (out / "index.html").symlink_to(tmp_path / "elsewhere.html")
        with pytest.raises(CourseError, match="no page of a report"):
            write("optimization", results, out)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"assignment": "other"}, "is a result of other, not of optimization"),
            ({"schema_version": 2}, "of version 2"),
            ({"student": "same"}, "two results of 'same'"),
        ],
    )
    def test_results_that_can_not_be_used(self, tmp_path: Path, change: Result, said: str) -> None:
        write_all([result | change for result in class_of(12)[10:]], tmp_path / "results")
        with pytest.raises(CourseError, match=said):
            write("optimization", tmp_path / "results", tmp_path / "report")
        assert not (tmp_path / "report").exists()

    @pytest.mark.parametrize("content", ["{", "[]", "{}", "3"])
    def test_a_file_that_is_no_result(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(CourseError, match="no result"):
            write("optimization", tmp_path, tmp_path / "report")


class TestAnonymous:
    """No page holds a name, or what could hold it."""

    def test_nothing_of_a_name_is_in_any_file(self, tmp_path: Path) -> None:
        results = class_of(40)
        for result in results[10:]:
            who = result["student"]
            result["output"] = f"by {who}"
            for task in result["tasks"]:
                for check in task["checks"]:
                    if check["status"] == "failed":
                        check["message"] += f" There is no 'v'; it holds '{who}'."
        write_all(results, tmp_path / "results")
        out = tmp_path / "report"
        write("optimization", tmp_path / "results", out, Unseen.FULL, nameless=True)
        found = {path.name: path.read_text("utf-8") for path in out.rglob("*.html")}
        assert len(found) == 41
        read = " ".join([*found, *map(text_of, found.values())]).lower()
        for student in names(40):
            for name in (student, *student.split("_")):
                assert len(name) < 4 or name.lower() not in read
        everything = "".join(found.values())
        for result in results:
            for value in (result["seed"], result["submission_sha256"]):
                assert value is None or str(value) not in everything

    def test_what_code_raised_is_left_out(self, sixty: list[Result]) -> None:
        html = page(nameless(sixty[0], "Student 001"), Unseen.FULL)
        assert f"raised {SCRIPT}" not in text_of(html)
        assert "raise ValueError" not in text_of(html)
        assert "The code raised an exception of its own" in html
        skeleton = page(nameless(sixty[7], "Student 002"))
        assert "The code raised NotImplementedError" in skeleton
        assert "One error stops" not in skeleton

    def test_pseudonyms_stay_when_a_student_is_added(self, tmp_path: Path) -> None:
        first = pseudonyms.pseudonyms(tmp_path, ["ada", "bob", "eve"])
        again = pseudonyms.pseudonyms(tmp_path, ["eve", "dan", "ada", "bob"])
        assert first.items() <= again.items()
        assert sorted(again.values()) == [f"Student 00{n}" for n in (1, 2, 3, 4)]

    def test_pseudonyms_can_not_be_computed_from_names(self, tmp_path: Path) -> None:
        students = names(300)
        drawn = []
        for place in ("one", "two"):
            (tmp_path / place).mkdir()
            drawn.append(pseudonyms.pseudonyms(tmp_path / place, students))
        assert drawn[0] != drawn[1]
        assert sorted(students, key=drawn[0].__getitem__) != sorted(students)

    @pytest.mark.parametrize("name", [HOSTILE, "a: b", 'quo"te', "new\nline", "é", "=1+1"])
    def test_every_name_can_be_kept(self, tmp_path: Path, name: str) -> None:
        first = pseudonyms.pseudonyms(tmp_path, [name, "other"])
        assert pseudonyms.pseudonyms(tmp_path, [name, "other"]) == first

    @pytest.mark.parametrize("content", ["x", "Student 1: ", 'Student one: "a"', "Student 1: [1]"])
    def test_a_damaged_list_is_not_written_over(self, tmp_path: Path, content: str) -> None:
        (tmp_path / pseudonyms.FILE).write_text(content)
        with pytest.raises(CourseError, match="can't be read"):
            pseudonyms.pseudonyms(tmp_path, ["ada"])
        assert (tmp_path / pseudonyms.FILE).read_text() == content

    def test_the_list_is_with_the_results_and_not_in_the_report(self, tmp_path: Path) -> None:
        results = write_all(class_of(12), tmp_path / "results")
        write("optimization", results, tmp_path / "report", nameless=True)
        assert (results / pseudonyms.FILE).is_file()
        files = [path for path in (tmp_path / "report").rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".html"}

    def test_pages_with_names_are_gone_afterwards(self, tmp_path: Path) -> None:
        results = write_all(class_of(12), tmp_path / "results")
        with without_pictures():
            write("optimization", results, tmp_path / "report")
            write("optimization", results, tmp_path / "report", nameless=True)
        found = {path.name for path in (tmp_path / "report/students").iterdir()}
        assert found == {f"student-{number:03}.html" for number in range(1, 13)}


class TestCommand:
    def test_kit_report_says_where_the_pages_are(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(ROOT)
        results = write_all(class_of(12), tmp_path / "results")
        out = tmp_path / "pages"
        code, output = kit("report", "optimization", "--results", results, "--out", out)
        assert code == 0
        assert str(out / "index.html") in output
        assert "12 pages" in output

    def test_unseen_and_anonymous_are_passed_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(ROOT)
        results = write_all(class_of(12), tmp_path / "results")
        paths = ("--results", results, "--out", tmp_path / "pages")
        kit("report", "optimization", *paths, "--unseen", "hidden", "--anonymous")
        found = [path.read_text("utf-8") for path in (tmp_path / "pages").rglob("student-*.html")]
        assert len(found) == 12
        assert not any("after step 1 of 5 is wrong at" in html for html in found if HOSTILE in html)
        assert any("inputs that are not shown did not pass" in html for html in found)

    def test_without_results_it_says_how_to_make_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(ROOT)
        code, output = kit("report", "optimization", "--results", tmp_path)
        assert code == 2
        assert "kit grade" in output
