"""`kit release` and `kit release --check`: what they build, and what they refuse to believe."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.course import Assignment
from tests.support.command_line import kit
from tests.support.course import SOLUTION, write_course

pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course with a fresh release, and its folder as the working directory."""
    assignment = write_course(tmp_path / "course")
    monkeypatch.chdir(assignment.root)
    assert kit("release", "tiny") == (0, "release/tiny is built and leaks nothing.\n")
    return assignment


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def complaint(assignment: Assignment) -> str:
    """What ``kit release --check`` says when it fails, as it must here."""
    code, output = kit("release", assignment.name, "--check")
    assert code == 1
    return " ".join(output.split())


class TestCheck:
    def test_a_fresh_release_is_proved(self, released: Assignment) -> None:
        code, output = kit("release", "tiny", "--check")
        assert code == 0
        assert "the solution scores full marks, and the notebook runs" in " ".join(output.split())

    def test_a_stale_release_is_named(self, released: Assignment) -> None:
        replace(released.solutions / "nndl/work.py", "What a student writes.", "Other words.")
        assert "nndl/work.py" in complaint(released)

    def test_a_line_of_the_solution_in_source_is_named(self, released: Assignment) -> None:
        provided = released.source / "nndl/__init__.py"
        provided.write_text(provided.read_text() + "# state['x']=np.array( x )\n")
        assert "nndl/__init__.py" in complaint(released)

    def test_a_cell_without_checks_is_named(self, released: Assignment) -> None:
        suite = released.suites / "test_work.py"
        suite.write_text(suite.read_text().partition('@pytest.mark.task("remember"')[0])
        assert "remember" in complaint(released)

    def test_a_check_without_a_cell_is_named(self, released: Assignment) -> None:
        replace(released.suites / "test_work.py", 'task("remember"', 'task("forget"')
        assert "forget" in complaint(released)

    def test_points_that_do_not_add_up_are_named(self, released: Assignment) -> None:
        replace(released.suites / "test_work.py", "points=3", "points=2")
        assert "double" in complaint(released)

    def test_a_skeleton_that_earns_points_is_named(self, released: Assignment) -> None:
        replace(
            released.suites / "test_work.py",
            "student.work.remember(state, x)\n"
            '    expect.close(expect.entry(state.fetch(), "x"), x, "x")',
            "expect.that(True, 'never')",
        )
        assert "the release scores 2.0 of 2.0 on remember, not 0" in complaint(released)

    def test_a_solution_that_loses_points_is_named(self, released: Assignment) -> None:
        replace(released.suites / "test_work.py", "x.copy()), 2 * x", "x.copy()), 3 * x")
        assert "the solution scores 1.0 of 4.0 on double, not 4" in complaint(released)


class TestPublish:
    def test_a_leak_is_not_published(self, released: Assignment) -> None:
        before = (released.release / "nndl/__init__.py").read_bytes()
        (released.source / "nndl/__init__.py").write_text(f'"""{SOLUTION.split("# YOUR")[2]}"""')
        code, output = kit("release", "tiny")
        assert code == 1
        assert "stays as it was" in output
        assert (released.release / "nndl/__init__.py").read_bytes() == before
