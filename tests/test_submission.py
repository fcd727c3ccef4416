"""What is taken from a folder that was handed in, and what is left where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.course import Assignment
from kit.limits import Limits
from kit.submission import RejectedError, Submission, read


def hand_in(folder: Path, work: str = "x = 1\n", at: str = "nndl/work.py") -> Path:
    path = folder / at
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(work)
    return folder


@pytest.fixture
def take(tiny: Assignment):
    return lambda folder, **limits: read(folder, tiny, "ada", Limits(**limits))


class TestWhere:
    """The student's files are found where students put them."""

    def test_in_the_folder_itself(self, take, tmp_path: Path) -> None:
        taken = take(hand_in(tmp_path))
        assert taken.files == {"nndl/work.py": b"x = 1\n"}
        assert taken.notes == ()

    @pytest.mark.parametrize("inner", ["hw4", "a/b/c", "Homework 4 (final)/code"])
    def test_in_a_folder_below_it_which_is_named(self, take, tmp_path: Path, inner: str) -> None:
        taken = take(hand_in(tmp_path, at=f"{inner}/nndl/work.py"))
        assert taken.files == {"nndl/work.py": b"x = 1\n"}
        assert inner in taken.notes[0]

    def test_of_two_folders_neither(self, take, tmp_path: Path) -> None:
        hand_in(tmp_path, at="old/nndl/work.py")
        hand_in(tmp_path, at="new/nndl/work.py")
        with pytest.raises(RejectedError, match=r"More than one folder.*new/, old/"):
            take(tmp_path)

    def test_nothing_to_grade_is_rejected_by_name(self, take, tmp_path: Path) -> None:
        hand_in(tmp_path, at="nndl/other.py")
        with pytest.raises(RejectedError, match=r"nndl/work\.py"):
            take(tmp_path)

    @pytest.mark.parametrize("junk", [".venv", "__pycache__", "node_modules", "site-packages"])
    def test_other_peoples_code_is_not_searched(self, take, tmp_path: Path, junk: str) -> None:
        hand_in(tmp_path, at=f"{junk}/nndl/work.py")
        with pytest.raises(RejectedError, match="None of the files"):
            take(tmp_path)

    def test_a_folder_without_end_is_rejected(self, take, tmp_path: Path) -> None:
        for number in range(20):
            hand_in(tmp_path, at=f"d{number}/x.py")
        with pytest.raises(RejectedError, match="more than 10 files"):
            take(tmp_path, submission_files=10)


class TestWhat:
    """Only regular files of the student's are read, and links are never followed."""

    def test_files_that_are_not_asked_for_are_left(self, take, tmp_path: Path) -> None:
        for name in ("nndl/__init__.py", "conftest.py", "nndl/extra.py", "sitecustomize.py"):
            hand_in(tmp_path, at=name)
        assert set(take(hand_in(tmp_path)).files) == {"nndl/work.py"}

    def test_a_linked_file_is_not_read(self, take, tmp_path: Path) -> None:
        secret = tmp_path / "secret.py"
        secret.write_text("answer = 42")
        (tmp_path / "in" / "nndl").mkdir(parents=True)
        (tmp_path / "in/nndl/work.py").symlink_to(secret)
        with pytest.raises(RejectedError, match=r"work\.py was not read: it is a link"):
            take(tmp_path / "in")

    def test_a_linked_folder_is_not_entered(self, take, tmp_path: Path) -> None:
        hand_in(tmp_path / "elsewhere")
        (tmp_path / "in").mkdir()
        (tmp_path / "in/nndl").symlink_to(tmp_path / "elsewhere/nndl")
        with pytest.raises(RejectedError, match="link"):
            take(tmp_path / "in")

    def test_a_pipe_is_not_waited_for(self, take, tmp_path: Path) -> None:
        (tmp_path / "nndl").mkdir()
        os.mkfifo(tmp_path / "nndl/work.py")
        with pytest.raises(RejectedError, match="not a regular file"):
            take(tmp_path)

    def test_a_huge_file_is_not_read(self, take, tmp_path: Path) -> None:
        with pytest.raises(RejectedError, match="larger than 10 bytes"):
            take(hand_in(tmp_path, "x = 1\n" * 100), source_bytes=10)


class TestDigest:
    """The digest tells submissions apart by what is graded, and by nothing else."""

    def test_the_same_files_have_the_same_digest(self) -> None:
        one = Submission("ada", {"a.py": b"1", "b.py": b"2"})
        two = Submission("bob", {"b.py": b"2", "a.py": b"1"}, ("a note",))
        assert one.sha256 == two.sha256

    def test_bytes_and_names_count(self) -> None:
        digests = {
            Submission("ada", files).sha256
            for files in (
                {"a": b"1"},
                {"a": b"2"},
                {"b": b"1"},
                {"a": b"1", "b": b""},
                {"a": b"", "b": b"1"},
            )
        }
        assert len(digests) == 5
