"""A class (of 60 with --all-cases) does the second homework, from archives to Canvas's file."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from kit.course import Assignment
from tests.support.classes import archive, files_of, run
from tests.support.command_line import kit
from tests.support.course import ROOT
from tests.support.variants import files_in

pytestmark = pytest.mark.usefixtures("warm")

NAME = "batchnorm"
WORTH = 80.0
"""The automatic points without the training, which would cost minutes."""
LATE = """
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
c.AssignLatePenalties.plugin_class = "late.TenPercentADay"
"""
COLUMN = "Homework 4 (77)"


@dataclass(frozen=True)
class HandedIn:
    """An archive, and what it must get; None where only a range is known."""

    archive: bytes
    score: float | None
    status: str = "graded"


@pytest.fixture
def course(tmp_path: Path) -> Assignment:
    """A copy of the course with its first two homeworks, and with the penalties of the docs."""
    for room, name in itertools.product(
        ("source", "solutions", "autograder", "release"), ("optimization", NAME)
    ):
        shutil.copytree(ROOT / room / name, tmp_path / room / name)
    (tmp_path / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + LATE)
    guide = (ROOT / "docs/instructors.md").read_text()
    plugin = guide.partition("`late.py`\n\n```python\n")[2].partition("```")[0]
    (tmp_path / "late.py").write_text(plugin)
    return Assignment(tmp_path, NAME)


@pytest.mark.slow
def test_a_class_goes_from_archives_to_canvas(
    course: Assignment, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    counts = (36, 6, 4) if pytestconfig.getoption("--all-cases") else (6, 2, 1)
    class_ = {f"student{n:02}": each for n, each in enumerate(hand_in(course, *counts))}
    size = len(class_)
    assert size in {60, 17}
    for number, (student, handed_in) in enumerate(class_.items()):
        folder = course.root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / "homework.zip").write_bytes(handed_in.archive)
        day = 3 if number % 3 == 0 else 1  # every third is a day and a bit late
        (folder / "timestamp.txt").write_text(f"2026-10-{day:02} 12:00 UTC")
    unit = [task.id for task in course.tasks if not task.manual and task.id != "cifar10"]
    grade = ("grade", NAME, "submitted", "--tasks", ",".join(unit))
    assert f"{size} submissions graded.\n" in run(course, *grade)
    results = {
        student: json.loads((course.root / f"results/{NAME}/{student}.json").read_text())
        for student in class_
    }
    for student, handed_in in class_.items():
        found = results[student]
        assert found["status"] == handed_in.status, found
        if handed_in.score is None:
            assert 0 < found["score"] < WORTH, found
        else:
            assert found["score"] == handed_in.score, found
    mistaken = [s for s, r in results.items() if "looks like optimization" in str(r["notes"])]
    assert mistaken == list(class_)[-6:-3]
    for student in class_:  # formgrader has a page of each
        assert (course.root / f"autograded/{student}/{NAME}/{NAME}.ipynb").is_file()

    given = a_person_grades(course, list(class_))
    assert f"0 submissions graded, {size} kept" in run(course, *grade)  # but penalties are new
    roster = [["Student", "ID", "SIS Login ID", "Section", COLUMN]]
    roster += [["Points Possible", "", "", "", "100"]]
    roster += [[f"Name of {s}", str(n), s, "A", ""] for n, s in enumerate([*class_, "absent"])]
    with (course.root / "exported.csv").open("w", newline="") as file:
        csv.writer(file).writerows(roster)
    code, said = kit(
        *("export", "canvas", NAME, "--roster", "exported.csv", "--out", "canvas.csv"),
        *("--column", COLUMN),
    )
    assert code == 0, said
    assert "Nothing was handed in by 1 student of exported.csv: Name of absent." in said
    with (course.root / "canvas.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {5}
    canvas = {row[2]: float(row[4]) for row in rows[2:] if row[4]}
    expected = {}
    for number, student in enumerate(class_):
        points = results[student]["score"] + given[student]
        expected[student] = points * (0.8 if number % 3 == 0 else 1.0)
    assert canvas == pytest.approx(expected)
    assert kit("export", "csv", NAME, "--out", "scores.csv")[0] == 0
    with (course.root / "scores.csv").open(newline="") as file:
        table = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert table == canvas


def a_person_grades(course: Assignment, students: list[str]) -> dict[str, float]:
    """Gives points for each written answer, overrules one check, and sets the due date."""
    given = {student: float(number % 11) for number, student in enumerate(students)}
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "nndl") as book:
        book.update_or_create_assignment(NAME, duedate="2026-10-02 11:00 UTC")
        for student, points in given.items():
            grade = book.find_grade("experiments", NAME, NAME, student)
            grade.manual_score, grade.needs_manual_grade = points, False
        overruled = book.find_grade("fc_net", NAME, NAME, students[1])
        overruled.manual_score, overruled.needs_manual_grade = overruled.auto_score - 2.5, False
        book.db.commit()
    given[students[1]] -= 2.5
    return given


def hand_in(course: Assignment, right: int, untouched: int, odd: int) -> Iterator[HandedIn]:
    """The class: so many right, untouched, and of each odd kind, and six at the end.

    Of the last six, three are the last homework by mistake, and three are nothing.
    """
    every = list(answers(course))
    solved = every[0]
    for number, files in enumerate(itertools.islice(itertools.cycle(every), right)):
        yield HandedIn(archive(files, marked(number)), WORTH)
    released = files_of(course.release)
    for number in range(untouched):
        yield HandedIn(archive(released, marked(number)), 0)
    for number in range(odd):  # without the notebook; deep in other folders
        without_book = {name: text for name, text in solved.items() if name != f"{NAME}.ipynb"}
        yield HandedIn(archive(without_book, marked(100 + number)), WORTH)
    for number in range(odd):
        deeper = {f"final/really {number}/{name}": text for name, text in solved.items()}
        yield HandedIn(archive(deeper), WORTH)
    for number in range(odd):
        wrong = solved["nndl/dropout.py"].replace(b"(kept / (1 - p))", b"kept")
        assert wrong != solved["nndl/dropout.py"]
        yield HandedIn(archive(solved | {"nndl/dropout.py": wrong}, marked(200 + number)), None)
    earlier = Assignment(course.root, "optimization")
    last = files_of(earlier.release) | files_of(earlier.solutions)
    for number in range(3):
        end = {"nndl/optim.py": f"\n# {number}\n".encode()}
        yield HandedIn(archive(last, end), None)
    for nothing in (archive({}), archive({"essay.txt": b"My dog ate it."}), b"PK\3\4 cut off"):
        yield HandedIn(nothing, 0, "rejected")


def answers(course: Assignment) -> Iterator[dict[str, bytes]]:
    """The solution in the place of the skeletons, then each other right way to write it."""
    solved = files_of(course.release)
    solved |= {name: path.read_bytes() for name, path in course.written.items()}
    yield solved
    for path in files_in(f"{NAME}/correct").values():
        name = f"nndl/{path.parent.name}.py"
        yield solved | {name: solved[name] + b"\n\n" + path.read_bytes()}


def marked(number: int) -> dict[str, bytes]:
    """What tells a hand-in from another one with the same answers."""
    return {"nndl/dropout.py": f"\n# {number}\n".encode()}
