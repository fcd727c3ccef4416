"""Modules that a student wrote beside those asked for: taken along, and nothing gained by them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import RejectedError, Submission, read, sources_of
from kit.limits import Limits
from tests.support.course import write_course

pytestmark = pytest.mark.usefixtures("warm")

WORK = "from nndl.helper import twice\ndef double(x): return twice(x)\n"
TWICE = "def twice(x): return 2 * x\n"
RIGHT = "def double(x): return 2 * x\n"
WRONG = "def double(x): return 3 * x\n"

HandIn = Callable[..., Submission]


@pytest.fixture
def hand_in(tiny: Assignment, tmp_path: Path) -> HandIn:
    """The submission of a folder that holds ``files``, by their names."""

    def made(files: Mapping[str, str], **limits: int) -> Submission:
        for name, text in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read(tmp_path / "in", tiny, "ada", Limits(**limits))

    return made


def scores(grader: Grader, taken: Submission, seed: int | None = None) -> dict[str, Any]:
    """What each task of the submission got, and what its checks said."""
    result = grader.grade(taken, seed).as_dict()
    assert result["status"] == "graded"
    return {
        task["id"]: (task["score"], [check["message"] for check in task["checks"]])
        for task in result["tasks"]
    }


class TestTaken:
    """What lies beneath the folders in which a student writes is handed in."""

    @pytest.mark.parametrize(
        ("name", "work"),
        [
            ("nndl/helper.py", WORK),
            ("nndl/helper.py", WORK.replace("nndl.helper", ".helper")),
            ("nndl/helpers/util.py", WORK.replace("nndl.helper", "nndl.helpers.util")),
            ("nndl/a/b/c.py", WORK.replace("nndl.helper", "nndl.a.b.c")),
        ],
    )
    def test_the_graded_code_can_import_from_it(
        self, grader: Grader, hand_in: HandIn, name: str, work: str
    ) -> None:
        taken = hand_in({"nndl/work.py": work, name: TWICE})
        assert set(taken.files) == {"nndl/work.py", name}
        assert taken.notes == ()
        assert scores(grader, taken)["double"][0] == 4

    def test_a_subpackage_may_have_an_init(self, grader: Grader, hand_in: HandIn) -> None:
        files = {"nndl/helpers/__init__.py": "from .util import twice\n"}
        files |= {"nndl/helpers/util.py": TWICE}
        taken = hand_in({"nndl/work.py": WORK.replace("helper", "helpers"), **files})
        assert scores(grader, taken)["double"][0] == 4

    @pytest.mark.parametrize("folder", ["hw4-code (1)/", "a/b/"])
    def test_wherever_the_folder_lies(self, hand_in: HandIn, folder: str) -> None:
        taken = hand_in({f"{folder}nndl/work.py": WORK, f"{folder}nndl/helper.py": TWICE})
        assert set(taken.files) == {"nndl/work.py", "nndl/helper.py"}

    @pytest.mark.parametrize("folder", ["", "nndl_ada/"])
    def test_beside_misplaced_files_it_is_taken_from_there(
        self, hand_in: HandIn, folder: str
    ) -> None:
        files = {f"{folder}work.py": WORK, f"{folder}helper.py": TWICE, "data/old/x.py": "1"}
        assert set(hand_in(files).files) == {"nndl/work.py", "nndl/helper.py"}

    def test_from_an_archive_as_well(self, tiny: Assignment, tmp_path: Path) -> None:
        files = {"hw\\nndl\\work.py": WORK, "hw\\nndl\\helper.py": TWICE}
        with zipfile.ZipFile(tmp_path / "hw.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        with tarfile.open(tmp_path / "hw.tar", "w") as tarball:
            for name, text in files.items():
                info = tarfile.TarInfo(name.replace("\\", "/"))
                info.size = len(text)
                tarball.addfile(info, io.BytesIO(text.encode()))
        for name in ("hw.zip", "hw.tar"):
            taken = read(tmp_path / name, tiny, "ada", Limits())
            assert set(taken.files) == {"nndl/work.py", "nndl/helper.py"}

    def test_it_counts_in_the_digest_and_the_seed(self, hand_in: HandIn) -> None:
        one = hand_in({"nndl/work.py": WORK})
        two = hand_in({"nndl/helper.py": TWICE})
        three = hand_in({"nndl/helper.py": TWICE + "\n"})
        assert len({each.sha256 for each in (one, two, three)}) == 3
        assert len({each.seed for each in (one, two, three)}) == 3

    def test_what_is_no_module_is_left(self, hand_in: HandIn) -> None:
        others = ["notes.txt", "work-1.py", "Work.py", "old work.py", "__pycache__/a.pyc", "1.py"]
        others += [".ipynb_checkpoints/helper-checkpoint.py", "venv/lib/x.py", "../other/x.py"]
        taken = hand_in({"nndl/work.py": RIGHT, **{f"nndl/{name}": "" for name in others}})
        assert set(taken.files) == {"nndl/work.py"}

    def test_without_the_files_asked_for_there_is_nothing_to_grade(self, hand_in: HandIn) -> None:
        with pytest.raises(RejectedError, match="None of the files to hand in was found"):
            hand_in({"nndl/helper.py": TWICE})

    def test_they_are_no_substitute_for_a_file_that_cannot_be_read(
        self, tiny: Assignment, hand_in: HandIn, tmp_path: Path
    ) -> None:
        hand_in({"nndl/work.py": RIGHT, "nndl/helper.py": TWICE})
        (tmp_path / "in/nndl/work.py").unlink()
        (tmp_path / "in/nndl/work.py").symlink_to(tmp_path / "in/nndl/helper.py")
        with pytest.raises(RejectedError, match=r"work\.py was not read: it is a link"):
            read(tmp_path / "in", tiny, "ada", Limits())

    def test_one_that_is_missing_costs_what_needs_it(self, grader: Grader, hand_in: HandIn) -> None:
        keeps = "def remember(state, x): state['x'] = x.copy()\n"
        got = scores(grader, hand_in({"nndl/work.py": WORK + keeps}))
        assert got["remember"][0] == 2
        assert "nndl/helper.py was not handed in, or not read." in got["double"][1][0]


class TestGainsNothing:
    """It is the student's code in the student's process, whatever it is called."""

    SHADOWS = (
        "numpy random pdb kit msgpack builtins importlib test_work mistakes oracle conftest solver"
    ).split()

    @pytest.mark.parametrize("name", SHADOWS)
    def test_a_name_of_something_else_changes_nothing(
        self, grader: Grader, hand_in: HandIn, name: str
    ) -> None:
        work = f"import {name}\n{WRONG}"
        helpers = {f"nndl/{name}.py": RIGHT, f"nndl/{name}/__init__.py": RIGHT}
        alone = scores(grader, hand_in({"nndl/work.py": work}), seed=1)
        assert scores(grader, hand_in(helpers), seed=1) == alone
        assert alone["double"][0] == 0

    def test_a_provided_file_is_ours(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        (course.source / "nndl/given.py").write_text("factor = 2\n")
        files = {
            "nndl/work.py": "from nndl.given import factor\ndef double(x): return factor * x\n",
            "nndl/given.py": "factor = 3\n",
            "nndl/__init__.py": "raise SystemExit\n",
        }
        for name, text in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        taken = read(tmp_path / "in", course, "ada", Limits())
        assert set(taken.files) == {"nndl/work.py"}
        with Grader(course) as grader:
            assert scores(grader, taken)["double"][0] == 4

    def test_it_is_ours_whatever_a_submission_holds(self, tiny: Assignment) -> None:
        ours = sources_of(tiny, Submission("ada", {}))
        theirs = Submission("ada", dict.fromkeys(tiny.provided_modules, b"raise SystemExit\n"))
        assert tiny.provided_modules
        assert sources_of(tiny, theirs) == ours

    def test_it_is_not_graded_in_the_place_of_a_file_asked_for(
        self, grader: Grader, hand_in: HandIn
    ) -> None:
        """Also where it has the same name in another folder."""
        taken = hand_in({"nndl/work.py": WRONG, "nndl/a/work.py": RIGHT, "nndl/z/work.py": RIGHT})
        assert len(taken.files) == 3
        assert scores(grader, taken)["double"][0] == 0

    def test_beside_top_level_files_it_shadows_nothing_that_is_loaded(self, tmp_path: Path) -> None:
        """Where a student writes in the assignment's own folder, a helper may be called numpy."""
        course = write_course(tmp_path / "course")
        (course.solutions / "nndl/work.py").rename(course.solutions / "work.py")
        (tmp_path / "in").mkdir()
        work = "import numpy, kit, mistakes, random\ndef double(x): return numpy.multiply(3, x)\n"
        (tmp_path / "in/work.py").write_text(work)
        for name in ("numpy", "kit", "mistakes", "random", "conftest", "test_work"):
            (tmp_path / f"in/{name}.py").write_text("def multiply(a, b): return 2 * b\n")
        taken = read(tmp_path / "in", course, "ada", Limits())
        assert len(taken.files) == 7
        with Grader(course) as grader:
            assert scores(grader, taken)["double"][0] == 0

    def test_its_modules_come_last(self, tiny: Assignment, hand_in: HandIn) -> None:
        taken = hand_in({"nndl/work.py": WORK, "nndl/helper.py": TWICE})
        names = list(sources_of(tiny, taken))
        assert names == ["nndl/work.py", "nndl/__init__.py", "nndl/helper.py"]


class TestBounds:
    """What they may cost is bounded, and what is left out is said."""

    def test_a_huge_one_is_left_out(self, grader: Grader, hand_in: HandIn) -> None:
        files = {"nndl/work.py": RIGHT, "nndl/weights.py": "#" * (Limits().helper_bytes + 1)}
        taken = hand_in(files)
        assert set(taken.files) == {"nndl/work.py"}
        assert "Some modules that you added were left out: nndl/weights.py." in taken.notes[0]
        assert scores(grader, taken)["double"][0] == 4

    def test_all_together_are_bounded(self, hand_in: HandIn) -> None:
        files = {f"nndl/a{number}.py": "#" * 40 for number in range(5)}
        taken = hand_in({"nndl/work.py": RIGHT, **files}, helper_bytes=100)
        assert set(taken.files) == {"nndl/work.py", "nndl/a0.py", "nndl/a1.py"}
        assert "nndl/a2.py, nndl/a3.py, nndl/a4.py" in taken.notes[0]

    def test_a_thousand_are_not_taken(self, grader: Grader, hand_in: HandIn) -> None:
        many = {f"nndl/more/helper{number}.py": TWICE for number in range(1000)}
        taken = hand_in({"nndl/work.py": WORK, "nndl/helper.py": TWICE, **many})
        assert len(taken.files) == 1 + Limits().helper_files
        assert "nndl/helper.py" in taken.files  # the nearest come first
        (note,) = taken.notes
        assert note.endswith("and 896 more. At most 100 are taken, of 2,097,152 bytes together.")
        assert scores(grader, taken)["double"][0] == 4

    def test_one_that_is_a_link_is_not_followed(
        self, tiny: Assignment, hand_in: HandIn, tmp_path: Path
    ) -> None:
        hand_in({"nndl/work.py": RIGHT})
        (tmp_path / "secret.py").write_text("answer = 42")
        (tmp_path / "in/nndl/helper.py").symlink_to(tmp_path / "secret.py")
        taken = read(tmp_path / "in", tiny, "ada", Limits())
        assert set(taken.files) == {"nndl/work.py"}
        assert "nndl/helper.py was not read: it is a link" in taken.notes[0]
