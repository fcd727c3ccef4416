"""The notebook runs with the solution: `kit release --check`, with `--quick`, and `kit preview`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.course import Assignment
from tests.support.command_line import kit
from tests.support.course import write_course

pytestmark = pytest.mark.usefixtures("warm")


def set_cell(assignment: Assignment, number: int, source: str, *tags: str) -> None:
    document = json.loads(assignment.notebook.read_text())
    cell = document["cells"][number - 1]
    cell["source"] = source
    cell["metadata"]["tags"] = list(tags)
    assignment.notebook.write_text(json.dumps(document))


@pytest.fixture
def tiny_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course that can be changed, and its folder as the working directory."""
    assignment = write_course(tmp_path / "course")
    monkeypatch.chdir(assignment.root)
    return assignment


def released(assignment: Assignment) -> Assignment:
    assert kit("release", assignment.name)[0] == 0
    return assignment


class TestCheck:
    def test_a_cell_that_calls_what_does_not_exist_is_named(self, tiny_course: Assignment) -> None:
        set_cell(tiny_course, 2, "from nndl.work import remember\ntriple(2)")
        released(tiny_course)
        code, output = kit("release", "tiny", "--check")
        assert code == 1
        assert (
            "tiny.ipynb, cell 2 (remember) fails with the solution: NameError: name 'triple' is "
            "not defined"
        ) in output

    def test_it_says_what_it_does_and_finds_the_data_of_the_course(
        self, tiny_course: Assignment
    ) -> None:
        (tiny_course.root / "data").mkdir()
        (tiny_course.root / "data/numbers.txt").write_text("3")
        found = "from nndl.work import double\nfrom pathlib import Path\n"
        set_cell(tiny_course, 1, found + "assert Path('../data/numbers.txt').read_text() == '3'")
        released(tiny_course)
        code, output = kit("release", "tiny", "--check")
        assert code == 0, output
        assert output.splitlines()[:-2] == [
            "building the release again, to compare it",
            "grading the skeleton",
            "grading the solution",
            "running cell 1 (double) of 3 in tiny.ipynb",
            "running cell 2 (remember) of 3 in tiny.ipynb",
        ]

    def test_a_kernel_that_dies_is_a_problem(self, tiny_course: Assignment) -> None:
        set_cell(tiny_course, 1, "from nndl.work import double\nimport os\nos._exit(1)")
        released(tiny_course)
        code, output = kit("release", "tiny", "--check")
        assert code == 1
        assert "tiny.ipynb, cell 1 (double) fails with the solution: the kernel ended" in output


class TestQuick:
    def test_what_is_tagged_training_is_neither_run_nor_graded(
        self, tiny_course: Assignment
    ) -> None:
        suite = tiny_course.suites / "test_work.py"
        wrong = suite.read_text().replace('"x"), x, "x")', '"x"), 2 * x, "x")')
        assert wrong != suite.read_text()
        suite.write_text(wrong)
        set_cell(tiny_course, 2, "from nndl.work import remember\n1 / 0", "training")
        released(tiny_course)
        code, output = kit("release", "tiny", "--check", "--quick")
        assert (code, output.split()[-4:]) == (0, ["Training", "was", "left", "out."])
        assert "cell 2" not in output
        code, output = kit("release", "tiny", "--check")
        assert code == 1
        assert "the solution scores 0.0 of 2.0 on remember" in " ".join(output.split())

    def test_it_is_a_part_of_the_check(self, tiny_course: Assignment) -> None:
        code, output = kit("release", "tiny", "--quick")
        assert (code, "--quick is for --check alone." in output) == (2, True)


class TestPreview:
    def test_the_page_shows_what_the_solution_gives(self, tiny_course: Assignment) -> None:
        set_cell(tiny_course, 1, "from nndl.work import double\nprint('twice', double(21))")
        code, output = kit("preview", "tiny")
        assert code == 0, output
        assert "twice 42" in (tiny_course.root / "build/preview/tiny.html").read_text()
        assert not tiny_course.release.exists()

    def test_a_cell_that_fails_is_named_and_shown(self, tiny_course: Assignment) -> None:
        set_cell(tiny_course, 1, "from nndl.work import double\ndouble()", "training")
        code, output = kit("preview", "tiny", "--out", "page.html")
        assert code == 1
        assert "tiny.ipynb, cell 1 (double) fails with the solution: TypeError:" in output
        assert "Traceback" in Path("page.html").read_text()
        assert kit("preview", "tiny", "--quick")[0] == 0
