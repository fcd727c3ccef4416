"""Work that was not written where it is graded: told where it is, given no point, tried once."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kit.course import Assignment
from kit.display import show_result
from kit.feedback import explain, needs_a_person
from kit.grading.grader import Grader, wrong_place
from kit.intake.elsewhere import gather
from kit.intake.submission import Submission, read
from kit.intake.tree import Entry, Tree
from kit.limits import Limits
from kit.nbgrader import cells, gradebook
from kit.report.pages import class_page, student_page
from kit.report.visible import Unseen, anonymous, for_student
from kit.results import Result
from kit.sandbox.faults import KitFault
from tests.support.command_line import kit
from tests.support.course import SOLUTION, submission, write_course
from tests.support.results import require_documented, task_of, without_time

pytestmark = pytest.mark.usefixtures("warm")

STUBS = SOLUTION
for _line in ("    return 2 * x", '    state["x"] = np.array(x)'):
    STUBS = STUBS.replace(_line, '    raise NotImplementedError("task")')
RIGHT = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"
LACKING = "`double` is not written in nndl/work.py"
Grade = Callable[..., dict[str, Any]]


def book(*cells: str | list[str], markdown: int = 0) -> str:
    """A notebook of ``cells`` of code, below so many of text."""
    text = [{"cell_type": "markdown", "metadata": {}, "source": RIGHT}] * markdown
    code = [
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [], "source": cell}
        for cell in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": text + code})


@pytest.fixture
def hand_in(tiny: Assignment, tmp_path: Path) -> Callable[..., Submission]:
    """The submission of a folder with the stubs, but for ``files``."""

    def made(files: Mapping[str, str], **limits: int) -> Submission:
        for name, text in ({"nndl/work.py": STUBS} | dict(files)).items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read(tmp_path / "in", tiny, "ada", Limits(**limits))

    return made


@pytest.fixture
def grade(grader: Grader, hand_in: Callable[..., Submission]) -> Grade:
    """The result of what ``hand_in`` gives; it has the documented form."""

    def graded(files: Mapping[str, str], **limits: int) -> dict[str, Any]:
        result = grader.grade(hand_in(files, **limits)).as_dict()
        require_documented(result)
        assert result["status"] == "graded"
        return result

    return graded


def place(result: dict[str, Any], task: str = "double") -> tuple[str, float | None] | None:
    """What is said of a task's place, and what it would get there."""
    found = task_of(result, task).get("wrong_place")
    return None if found is None else (found["text"], found["would_get"])


class TestPlaces:
    """Wherever a function stands, it is told where, and what to do; it gets no point there."""

    @pytest.mark.parametrize("name", ["nndl/mine.py", "nndl/deep/mine.py", "mine.py", "old/m.py"])
    def test_another_file(self, grade: Grade, name: str) -> None:
        result = grade({name: f"import numpy as np\n\n\n{RIGHT}"})
        text = f"{LACKING}, but it stands in {name}, line 4: move it to nndl/work.py."
        assert place(result) == (text, 4)
        assert result["score"] == 0
        assert place(result, "remember") is None

    @pytest.mark.parametrize("source", [RIGHT, RIGHT.splitlines(keepends=True)])
    def test_a_cell_of_the_notebook(self, grade: Grade, source: str | list[str]) -> None:
        result = grade({"tiny.ipynb": book("1 + 1", source, markdown=2)})
        text = f"{LACKING}, but it stands in cell 4 of tiny.ipynb, line 1: move it to nndl/work.py."
        assert place(result) == (text, 4)
        assert result["score"] == 0

    @pytest.mark.parametrize(
        "name", ["Double", "DOUBLE", "_double", "my_double", "double_v2", "MyDouble", "doubles"]
    )
    def test_a_near_name_in_the_right_file(self, grade: Grade, name: str) -> None:
        near = RIGHT.replace("double", name)
        result = grade({"nndl/work.py": near + STUBS})
        text = f"{LACKING}, but `{name}` in line 1 may be it: call it `double`."
        assert place(result) == (text, 4)
        assert result["score"] == 0

    def test_a_near_name_in_another_file(self, grade: Grade) -> None:
        result = grade({"nndl/mine.py": RIGHT.replace("double", "Double")})
        text = (
            f"{LACKING}, but `Double` in nndl/mine.py, line 1 may be it: move it to nndl/work.py "
            "and call it `double`."
        )
        assert place(result) == (text, 4)

    @pytest.mark.parametrize(
        "stub", ["", "def f(): pass\n", "def double(x): raise NotImplementedError\n"]
    )
    def test_whatever_is_left_of_the_stub(self, grade: Grade, stub: str) -> None:
        assert place(grade({"nndl/work.py": stub, "mine.py": RIGHT})) is not None

    def test_the_file_was_not_handed_in(self, tiny: Assignment, tmp_path: Path) -> None:
        solved = write_course(tmp_path / "two")
        more = "def triple(x):\n    # YOUR CODE HERE: double\n    return 3 * x\n"
        more += "    # END YOUR CODE HERE\n"
        (solved.solutions / "nndl/more.py").write_text(more)
        (tmp_path / "in/nndl").mkdir(parents=True)
        (tmp_path / "in/nndl/more.py").write_text(more)
        (tmp_path / "in/mine.py").write_text(RIGHT)
        taken = read(tmp_path / "in", solved, "ada", Limits())
        with Grader(solved) as ready:
            found = place(ready.grade(taken).as_dict())
        assert found == (
            f"{LACKING}, but it stands in mine.py, line 1: move it to nndl/work.py.",
            4,
        )

    def test_the_exact_name_comes_before_a_near_one(self, grade: Grade) -> None:
        found = place(grade({"a.py": RIGHT.replace("double", "my_double"), "b.py": RIGHT}))
        assert found is not None
        assert "it stands in b.py" in found[0]


class TestNotebook:
    """A notebook is looked through as it is, and one that can't be read costs nothing."""

    @pytest.mark.parametrize(
        "line",
        [
            "%matplotlib inline",
            "!pip install numpy",
            "double?",
            "np.dot??",
            "files = !ls",
            "%%time",
        ],
    )
    def test_lines_for_ipython(self, grade: Grade, line: str) -> None:
        found = place(grade({"tiny.ipynb": book(f"{line}\n{RIGHT}")}))
        assert found is not None
        assert "cell 1 of tiny.ipynb, line 2" in found[0]
        assert found[1] == 4

    def test_a_cell_that_is_no_python(self, grade: Grade) -> None:
        found = place(grade({"tiny.ipynb": book("%%bash\nls | wc", "(", RIGHT, "x = [")}))
        assert found is not None
        assert "cell 3 of" in found[0]

    def test_what_it_needs_may_stand_in_other_cells(self, grade: Grade) -> None:
        cells = ["import numpy as np\nTWO = 2", "def twice(x):\n    return np.multiply(TWO, x)"]
        work = "assert False\n\ndef double(x):\n    return twice(x)"
        found = place(grade({"tiny.ipynb": book(*cells, work)}))
        assert found is not None
        assert found[1] == 4

    def test_the_last_cell_counts(self, grade: Grade) -> None:
        found = place(grade({"tiny.ipynb": book(WRONG, WRONG + RIGHT)}))
        assert found is not None
        assert "cell 2 of tiny.ipynb, line 3" in found[0]
        assert found[1] == 4

    @pytest.mark.parametrize(
        "text",
        [
            book(RIGHT)[:-40],
            "[" * 100_000,
            '{"cells": 7}',
            '{"cells": [1, {"cell_type": "code"}, {"cell_type": "code", "source": [1]}]}',
            book(RIGHT).replace("def", "def \\ud800"),
            "",
        ],
    )
    def test_a_damaged_one(self, grade: Grade, text: str) -> None:
        assert place(grade({"tiny.ipynb": text})) is None


class TestNothingFound:
    """Of work that is in its place nothing is said, nor of what is something else."""

    @pytest.mark.parametrize(
        "other",
        [
            "def halve(x):\n    return x / 2\n",
            "def doable(x):\n    return x\n",
            "def double_all(x, y, z):\n    return x\n",
            "def my_double():\n    return 2\n",
            "class A:\n    def double(self, x):\n        return 2 * x\n",
            "def double(x):\n    raise NotImplementedError\n",
            "def double(x):\n    '''Twice.'''\n    pass\n",
            "def double(x:\n",
            "double = 2\n",
        ],
    )
    def test_something_else(self, grade: Grade, other: str) -> None:
        assert place(grade({"nndl/mine.py": other, "tiny.ipynb": book(other)})) is None

    def test_a_name_of_the_assignment_is_near_to_nothing(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        (course.source / "nndl/given.py").write_text("def double_given(x):\n    return 2 * x\n")
        (tmp_path / "in/nndl").mkdir(parents=True)
        (tmp_path / "in/nndl/work.py").write_text(STUBS)
        (tmp_path / "in/nndl/given.py").write_text("def double_given(x):\n    return 2 * x\n")
        with Grader(course) as ready:
            assert (
                place(ready.grade(read(tmp_path / "in", course, "ada", Limits())).as_dict()) is None
            )

    @pytest.mark.parametrize(
        "work",
        [
            WRONG + "def remember(state, x):\n    raise NotImplementedError\n",
            "from nndl.mine import triple as double\n",
            "double = 7\n",
            "def double(x:\n    raise NotImplementedError\n",
        ],
    )
    def test_a_function_that_is_written_and_wrong(self, grade: Grade, work: str) -> None:
        files = {"nndl/work.py": work, "nndl/mine.py": RIGHT + "def triple(x): return 3 * x\n"}
        assert place(grade(files)) is None

    def test_a_task_with_a_point_is_not_looked_for(self, grade: Grade) -> None:
        work = "def double(x):\n    if x != 1:\n        raise NotImplementedError\n    return 2.0\n"
        result = grade({"nndl/work.py": work, "mine.py": RIGHT})
        assert task_of(result, "double")["score"] == 1
        assert place(result) is None

    def test_nothing_is_taken_along_where_all_is_written(
        self, hand_in: Callable[..., Submission]
    ) -> None:
        files = {"mine.py": RIGHT, "tiny.ipynb": book(RIGHT)}
        assert hand_in({"nndl/work.py": SOLUTION, **files}).elsewhere == ()
        taken = hand_in({"nndl/work.py": STUBS, **files})
        assert [text.where for text in taken.elsewhere] == ["mine.py", "cell 1 of tiny.ipynb"]


class TestWorth:
    """What it would get is what its checks give in its place, in one more run and no other."""

    @pytest.mark.parametrize(
        ("work", "points"),
        [
            (WRONG, 0),
            ("def double(x):\n    return 2.0\n", 1),
            ("def double(x):\n    return undefined\n", 0),
            ("raise SystemExit\n" + RIGHT, 0),
            ("class Double:\n    def step(self, x):\n        return 2 * x\n", 0),
        ],
    )
    def test_it_is_the_points_of_its_checks(self, grade: Grade, work: str, points: float) -> None:
        result = grade({"nndl/mine.py": work})
        found = place(result)
        assert found is not None
        assert found[1] == points
        assert result["score"] == 0

    def test_several_tasks_take_one_run(
        self, grader: Grader, hand_in: Callable[..., Submission], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs: list[Any] = []
        run = grader.suites.run

        def counted(*given: Any) -> Any:
            runs.append(given[2:])
            return run(*given)

        monkeypatch.setattr(grader.suites, "run", counted)
        parts = SOLUTION.partition("def remember")
        files = {
            "a.py": parts[0],
            "tiny.ipynb": book("import numpy as np", "def remember" + parts[2]),
        }
        result = grader.grade(hand_in(files)).as_dict()
        assert [(place(result, task) or ("", 0))[1] for task in ("double", "remember")] == [4, 2]
        assert len(runs) == 2
        runs.clear()
        grader.grade(hand_in({"nndl/work.py": SOLUTION}))
        assert len(runs) == 1

    def test_only_the_tasks_in_question_are_run(
        self, grader: Grader, hand_in: Callable[..., Submission], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Sequence[str]] = []
        run_anew = grader._run_anew

        def noted(seed: int, sources: Mapping[str, bytes], only: list[str]) -> Any:
            asked.append(only)
            return run_anew(seed, sources, only)

        monkeypatch.setattr(grader, "_run_anew", noted)
        grader.grade(hand_in({"mine.py": RIGHT}))
        (names,) = asked
        assert sorted(name.rpartition("::")[2] for name in names) == [
            "test_double_of_one",
            "test_double_of_unseen",
        ]


class TestHarmsNothing:
    """No grade depends on it, and what was handed in can't hurt who looks through it."""

    def test_all_else_is_as_it_would_be_without(
        self, grader: Grader, hand_in: Callable[..., Submission]
    ) -> None:
        result = grader.grade(hand_in({"mine.py": RIGHT, "tiny.ipynb": book(RIGHT)})).as_dict()
        alone = grader.grade(submission(STUBS)).as_dict()
        assert place(result) is not None
        del result["tasks"][0]["wrong_place"], result["elsewhere_sha256"]
        result["notes"] = alone["notes"]  # of the notebook
        assert without_time(result) == without_time(alone)

    def test_nothing_of_it_is_parsed_in_the_tester(
        self, grade: Grade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str] = []
        parse = ast.parse

        def noted(source: Any, *rest: Any, **more: Any) -> Any:
            seen.append(str(source))
            return parse(source, *rest, **more)

        monkeypatch.setattr(ast, "parse", noted)
        found = place(grade({"mine.py": "# of Ada's\n" + RIGHT, "tiny.ipynb": book("# of Ada's")}))
        assert found is not None
        assert seen
        assert not any("of Ada's" in each for each in seen)

    @pytest.mark.parametrize(
        "text",
        [
            "(" * 100_000,
            "x = " + "-" * 100_000 + "1",
            "x = " + "1 + " * 100_000 + "1",
            "x = a" + ".a" * 100_000,
            "x = " + "lambda: " * 20_000 + "1",
            "".join(f"{' ' * n}if x:\n" for n in range(120)),
            "if x: pass\n" + "elif x: pass\n" * 20_000,
            "x = " + "f'{" * 500,
            "\0",
            "# coding: rot13\n" + RIGHT,
            "\N{BYTE ORDER MARK}" * 3,
        ],
        ids=lambda text: text[:12].encode("unicode_escape").decode(),
    )
    def test_what_no_parser_likes(self, grade: Grade, text: str) -> None:
        """It is passed over, and the right function beside it is found."""
        result = grade({"a.py": text, "mine.py": RIGHT})
        found = place(result)
        assert found is not None
        assert "it stands in mine.py" in found[0]
        assert result["score"] == 0

    def test_code_too_deep_to_be_tried(self, grade: Grade) -> None:
        deep = "def deep():\n    return " + "not " * 900 + "1\n"
        result = grade({"mine.py": deep + RIGHT})
        text = f"{LACKING}, but it stands in mine.py, line 3: move it to nndl/work.py."
        assert place(result) == (text, None)

    def test_a_search_that_ends_the_worker(
        self, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = tmp_path / "search.py"
        broken.write_text("import os\ndef find(*_):\n    os._exit(1)\n")
        monkeypatch.setattr(wrong_place, "SEARCH", broken)
        result = grade({"mine.py": RIGHT})
        assert result["score"] == 0
        assert place(result) is None

    def test_code_that_never_ends(
        self, tiny: Assignment, hand_in: Callable[..., Submission]
    ) -> None:
        taken = hand_in({"nndl/mine.py": "def double(x):\n    while True: pass\n"})
        with Grader(tiny, limits=Limits(call_seconds=0.3)) as ready:
            found = place(ready.grade(taken).as_dict())
        assert found is not None
        assert found[1] == 0

    def test_a_run_that_breaks_by_our_fault(
        self, grader: Grader, hand_in: Callable[..., Submission], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> Any:
            raise KitFault("It broke.")

        monkeypatch.setattr(grader, "_run_anew", broken)
        result = grader.grade(hand_in({"mine.py": RIGHT})).as_dict()
        require_documented(result)
        assert result["score"] == 0
        assert place(result) == (
            f"{LACKING}, but it stands in mine.py, line 1: move it to nndl/work.py.",
            None,
        )

    def test_a_large_one_is_left_out(self, hand_in: Callable[..., Submission]) -> None:
        files = {"a.py": RIGHT, "b.py": "#" * 2000, "tiny.ipynb": book("1", "#" * 2000, "2")}
        taken = hand_in(files, elsewhere_bytes=500)
        assert [text.where for text in taken.elsewhere] == ["a.py", "cell 1 of tiny.ipynb"]

    def test_no_more_is_read_than_is_looked_through(self, tiny: Assignment) -> None:
        read_from: list[str] = []

        class Noted(Tree):
            entries = tuple(Entry(f"{number}.py", 400) for number in range(9))

            def open(self, entry: Entry) -> BytesIO:
                read_from.append(entry.name)
                return BytesIO(b"#" * entry.size)

        limits = Limits(elsewhere_bytes=1000)
        gather(Noted(), {}, tiny, limits, taken=(), home="")
        assert read_from == ["0.py", "1.py"]

    def test_a_course_whose_marks_are_wrong_grades_as_before(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        path = course.solutions / "nndl/work.py"
        path.write_text(SOLUTION.replace("# END YOUR CODE HERE", "# the end"))
        (tmp_path / "in/nndl").mkdir(parents=True)
        (tmp_path / "in/nndl/work.py").write_text(SOLUTION)
        with Grader(course) as ready:
            assert ready.grade(read(tmp_path / "in", course, "ada", Limits())).score == 6


class TestShown:
    """The student reads where it is; the instructor also what it would get, and is called."""

    @pytest.fixture
    def result(self, grade: Grade) -> Result:
        return Result.from_dict(grade({"of_ada.py": RIGHT}))

    def test_the_class_page_lists_it_for_a_person(self, result: Result) -> None:
        result = replace(result, notes=())
        assert needs_a_person(result)
        html = class_page([result], {"ada": "ada.html"}, nameless=False).decode()
        section = html[html.index("For a person to look at") :]
        assert "it stands in of_ada.py, line 1" in section
        assert "It would get 4 of 4 points there." in section

    def test_an_unknown_worth_is_not_told(self, result: Result) -> None:
        raw = result.as_dict()
        task_of(raw, "double")["wrong_place"]["would_get"] = None
        result = Result.from_dict(raw)
        html = class_page([result], {"ada": "ada.html"}, nameless=False).decode()
        assert "it stands in of_ada.py, line 1" in html
        assert "would get" not in html

    @pytest.mark.parametrize("unseen", Unseen)
    def test_a_students_page_says_where_and_not_how_much(
        self, result: Result, unseen: Unseen
    ) -> None:
        shown = for_student(result, unseen)
        assert task_of(shown.result.as_dict(), "double")["wrong_place"]["would_get"] is None
        assert "it stands in of_ada.py, line 1" in student_page(shown).decode()

    def test_nameless_pages_do_not_say_where(self, result: Result) -> None:
        nameless = anonymous(result, "s1")
        for page in (
            class_page([nameless], {"s1": "s1.html"}, nameless=True),
            student_page(for_student(nameless, Unseen.MESSAGE)),
        ):
            assert b"of_ada" not in page
            assert b"It is in the wrong place" in page

    def test_kit_check_and_the_platforms_say_it(self, result: Result) -> None:
        console = Console(file=StringIO(), width=200)
        show_result(console, result)
        task = next(each for each in result.tasks if each.id == "double")
        for said in (
            console.file.getvalue(),  # type: ignore[attr-defined]  # it is a StringIO
            explain(task.checks[0], task),
            " ".join(cells.said(task).split()),
        ):
            assert "it stands in of_ada.py, line 1" in said
            assert "would get" not in said

    def test_in_nbgrader_the_task_waits_for_a_person(self, result: Result) -> None:
        for told in (result, gradebook.needed(result)):
            waits = {
                task.id: gradebook._scores((None, None, False), task, told, False)[2]
                for task in told.tasks
            }
            assert waits == {"double": True, "remember": False, "essay": True}


class TestGradedAgain:
    """What stands elsewhere is not graded, but where it changed a result may say more."""

    def test_another_notebook_is_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        course = write_course(tmp_path / "course")
        monkeypatch.chdir(course.root)
        folder, stored = tmp_path / "submitted/ada", course.root / "results/tiny/ada.json"
        (folder / "nndl").mkdir(parents=True)
        (folder / "nndl/work.py").write_text(STUBS)
        seen = []
        for cell in ("1", RIGHT, RIGHT):
            (folder / "tiny.ipynb").write_text(book(cell))
            kit("grade", "tiny", folder.parent, "--no-gradebook", "--jobs", 1)
            result = json.loads(stored.read_text())
            seen.append((place(result) is not None, stored.stat().st_mtime_ns))
        assert [found for found, _ in seen] == [False, True, True]
        assert seen[1] == seen[2]
