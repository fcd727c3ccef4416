"""When students handed in is the instructor's word, read where nbgrader writes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.course import Assignment
from kit.intake.timestamps import timestamps
from tests.support.course import write_course


@pytest.fixture
def course(tmp_path: Path) -> Assignment:
    return write_course(tmp_path / "course")


@pytest.fixture
def submitted(course: Assignment) -> Path:
    """The course's own folder, in which nbgrader collects."""
    return course.root / "submitted"


def put(folder: Path, student: str, content: str | bytes) -> Path:
    file = folder / student / "tiny/timestamp.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def no_time(file: Path) -> str:
    return f"{file} holds no time, so lateness is unknown there."


class TestWhere:
    """In the course's own submitted/, and nowhere else."""

    def test_nbgraders_tree_has_them(self, course: Assignment, submitted: Path) -> None:
        put(submitted, "ada", "2026-01-02 10:00:00.5 UTC\n")
        put(submitted, "bob", "2026-01-02 10:00:00 +0100")
        put(submitted, "eve", "2026-01-02 10:00")
        (submitted / "zoe/tiny").mkdir(parents=True)
        assert timestamps(course, [submitted]) == (
            {
                "ada": "2026-01-02T10:00:00.500000+00:00",
                "bob": "2026-01-02T09:00:00+00:00",
                "eve": "2026-01-02T10:00:00+00:00",
            },
            [],
        )

    def test_however_it_is_named(
        self, course: Assignment, submitted: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(submitted, "ada", "2026-01-02")
        (course.root / "link").symlink_to(submitted)
        monkeypatch.chdir(course.root)
        for path in (Path("submitted"), Path("link"), Path("source/../submitted")):
            times, remarks = timestamps(course, [path])
            assert (list(times), remarks) == (["ada"], [])

    def test_another_folder_may_hold_the_students_own(
        self, course: Assignment, tmp_path: Path
    ) -> None:
        for student in ("ada", "bob"):
            put(tmp_path / "class", student, "2026-01-02")
        times, (remark,) = timestamps(course, [tmp_path / "class"])
        assert times == {}
        assert remark.startswith(
            f"{tmp_path / 'class'} holds timestamp.txt files. They are not trusted"
        )

    @pytest.mark.parametrize("path", ["ada", "ada/tiny"])
    def test_a_students_folder_in_it_has_that_ones_alone(
        self, course: Assignment, submitted: Path, path: str
    ) -> None:
        put(submitted, "ada", "2026-01-02")
        put(submitted, "eve", "2026-01-02")
        put(submitted / "bob", "tiny", "2026-01-02")
        times = {"ada": "2026-01-02T00:00:00+00:00"}
        assert timestamps(course, [submitted / path]) == (times, [])
        assert timestamps(course, [submitted / "bob"]) == ({}, [])

    def test_an_archive_has_none(self, course: Assignment, tmp_path: Path) -> None:
        (tmp_path / "ada.zip").write_bytes(b"PK")
        assert timestamps(course, [tmp_path / "ada.zip", tmp_path / "nowhere"]) == ({}, [])


class TestWhat:
    """A file that holds no time costs a remark, and nobody else the gradebook."""

    @pytest.mark.parametrize(
        "content",
        [
            "yesterday, I think",
            "",
            "9999-12-31 23:59:59 -23:59",
            "0001-01-01 00:00:00 +23:59",
            "1999-12-31 23:59:59 UTC",
            "2100-01-01 00:00:00 UTC",
            "2026-01-02 10:00 +99:99",
            "2026-13-45",
            "9" * 5000,
            b"\xff\xfe\0\0",
            "\0" * 100,
        ],
    )
    def test_what_is_no_time_is_told(
        self, course: Assignment, submitted: Path, content: str | bytes
    ) -> None:
        put(submitted, "ada", "2026-01-02")
        file = put(submitted, "bob", content)
        times, remarks = timestamps(course, [submitted])
        assert (list(times), remarks) == (["ada"], [no_time(file)])

    def test_a_pipe_is_not_waited_for(self, course: Assignment, submitted: Path) -> None:
        file = put(submitted, "ada", "")
        file.unlink()
        os.mkfifo(file)
        assert timestamps(course, [submitted]) == ({}, [no_time(file)])

    def test_of_a_huge_file_the_beginning_is_read(
        self, course: Assignment, submitted: Path
    ) -> None:
        file = put(submitted, "ada", "2026-01-02" + " " * 500)
        os.truncate(file, 1 << 40)  # it takes no room
        assert list(timestamps(course, [submitted])[0]) == ["ada"]

    @pytest.mark.parametrize("linked", ["ada", "ada/tiny", "ada/tiny/timestamp.txt"])
    def test_no_link_is_followed(self, course: Assignment, submitted: Path, linked: str) -> None:
        put(submitted, "ada", "2026-01-02")
        (submitted / linked).rename(course.root / "elsewhere")
        (submitted / linked).symlink_to(course.root / "elsewhere")
        file = submitted / "ada/tiny/timestamp.txt"
        assert timestamps(course, [submitted]) == ({}, [no_time(file)])

    @given(text=st.text() | st.from_regex(r"[0-9 :+\-./TZa-z]{1,60}", fullmatch=True))
    def test_no_text_raises_anything(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        root = tmp_path_factory.getbasetemp() / "times"
        put(root / "submitted", "ada", text.encode("utf-8", "surrogatepass"))
        times, remarks = timestamps(Assignment(root, "tiny"), [root / "submitted"])
        assert len(times) + len(remarks) == 1
