"""A class (of 60 with --all-cases) from the platform's download to all places of its scores."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest
from nbgrader.api import Gradebook

from kit.course import Assignment
from kit.export import github, gradescope
from kit.results import Result
from tests.support.classes import SECONDS, archive, files_of, run, start, without
from tests.support.command_line import kit
from tests.support.course import ROOT
from tests.support.processes import PATIENCE, descendants, still_running
from tests.support.results import require_documented

pytestmark = pytest.mark.usefixtures("warm")

NAME = "optimization"
WRONG = "dw += 1.0; next_w = w[:0]"
LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
RULES = ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam")

STRICTER = '''

def _stricter(self, student, expect, draw):
    """float32 is not enough any more."""
    raise AssertionError("The check is another one now.")


TestMomentum.test_float32 = pytest.mark.task("sgd_momentum", points=1)(_stricter)
'''
"""What the instructor changes: one check of ``sgd_momentum``, for 1 point, that nobody passes."""


@dataclass(frozen=True)
class HandedIn:
    """An archive, and what it must get: a score, None where only the range 1 to 79 is known."""

    archive: bytes
    score: float | None
    broken: tuple[str, ...] = ()
    status: str = "graded"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """A copy of the course, to be graded and changed."""
    root = tmp_path_factory.mktemp("class") / "course"
    for part in ("source", "solutions", "autograder", "release"):
        shutil.copytree(ROOT / part / NAME, root / part / NAME)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return Assignment(root, NAME)


@pytest.mark.slow
def test_a_class_from_the_download_to_every_gradebook(
    course: Assignment, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    whole = pytestconfig.getoption("--all-cases")
    class_ = dict(hand_in(course, whole=whole))
    size = len(class_)
    assert size == (60 if whole else 21)
    download = course.root / "submissions.zip"
    with zipfile.ZipFile(download, "w") as platform:  # as Canvas names what it hands out
        for number, (student, handed_in) in enumerate(class_.items()):
            platform.writestr(f"{student}_{500 + number}_hw3.zip", handed_in.archive)
    points = {task.id: task.points for task in course.tasks}
    unit = [task.id for task in course.tasks if not task.manual and task.id != "cifar10"]
    grade = ("grade", NAME, download.name, "--tasks", ",".join(unit))

    # SIGKILL of everything, in the middle
    started = start(course, *grade)
    until(lambda: len(written(course)) >= size // 5, started)
    family = descendants(started.pid)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate(timeout=PATIENCE)
    assert still_running(family) == []
    before = written(course)
    assert size // 5 <= len(before) < size
    stored(course)  # what is there is whole

    # resumed: what was graded is left as it was, the rest is graded
    assert run(course, *grade).endswith(f"{size} of {size} results are in the gradebook.\n")
    results = stored(course)
    assert results.keys() == class_.keys()
    after = written(course)
    graded = {student for student in before if results[student]["status"] == "graded"}
    assert len(graded) >= size // 5 - 3
    assert {s: before[s] for s in graded} == {s: after[s] for s in graded}
    for student, handed_in in class_.items():
        assert_deserved(results[student], handed_in, sum(points[task] for task in unit))
    assert_same_everywhere(course, results, given={})

    # a person grades the written question, and overrules the check of two automatic tasks
    solved = [student for student, handed_in in class_.items() if handed_in.score == 80]
    given = {(student, "comparison"): float(n % 11) for n, student in enumerate(class_)}
    given |= {(solved[0], "sgd_momentum"): 9.5, (solved[1], "adam"): 12.5}
    with gradebook_of(course) as book:
        for (student, task), score in given.items():
            found = book.find_grade(task, NAME, NAME, student)
            found.manual_score, found.needs_manual_grade = score, False
        book.db.commit()
    run(course, *grade)
    assert flagged(course) == set()

    # the instructor changes a check, and all are graded again
    with (course.suites / "test_optim.py").open("a") as suite:
        suite.write(STRICTER)
    run(course, *grade)
    earlier, results = results, stored(course)
    lost = {s for s in class_ if momentum(earlier[s]) != momentum(results[s])}
    for student in class_:
        lower = earlier[student]["score"] - (1 if student in lost else 0)
        assert results[student]["score"] == lower
    assert {s for s in solved if s in lost} == set(solved)
    assert not any("sgd_momentum" in class_[student].broken for student in lost)
    assert flagged(course) == {(solved[0], "sgd_momentum")}
    assert_same_everywhere(course, results, given)


# -- the class -----------------------------------------------------------------------------------


def hand_in(course: Assignment, *, whole: bool) -> Iterator[tuple[str, HandedIn]]:
    """The class, by student as Canvas names them; not ``whole``, there are fewer of each kind."""
    kinds = [solved(course, 14), untouched(course, 6), unfinished(course)]
    made = [each for kind in kinds for each in (kind if whole else kind[::5])]
    made += odd(course)
    for number, handed_in in enumerate(made):
        yield f"student{number:02}_{100 + number}", handed_in


def solved(course: Assignment, count: int) -> list[HandedIn]:
    files = files_of(course.solutions)
    return [
        HandedIn(archive(files, {"nndl/optim.py": f"\n# {n}\n".encode()}), 80) for n in range(count)
    ]


def untouched(course: Assignment, count: int) -> list[HandedIn]:
    files = files_of(course.release)
    return [
        HandedIn(archive(files, {"nndl/optim.py": f"\n# {n}\n".encode()}), 0) for n in range(count)
    ]


def unfinished(course: Assignment) -> list[HandedIn]:
    """Every choice of update rules left out, twice: as a stub and as something wrong."""
    points = {task.id: task.points for task in course.tasks}
    choices = [c for n in range(1, 5) for c in itertools.combinations(RULES, n)]
    found = []
    for missing, body in itertools.product(choices, ("raise NotImplementedError", WRONG)):
        files = files_of(course.solutions)
        for rule in missing:
            files["nndl/optim.py"] = without(files["nndl/optim.py"], rule, body)
        score = 80 - sum(points[rule] for rule in missing)
        found.append(HandedIn(archive(files), score, missing))
    return found


def odd(course: Assignment) -> Iterator[HandedIn]:
    """What remains: partly right, does not compile, is nothing, ends its own process."""
    points = {task.id: task.points for task in course.tasks}
    files = files_of(course.solutions)
    optim = files["nndl/optim.py"].decode()
    correction = ' / (1 - beta1 ** config["t"])'
    assert optim.count(correction) == 1
    for changed in (
        optim.replace(correction, ""),
        optim.replace('beta2 * config["a"] + (1 - beta2)', 'beta2 * config["a"] + beta2'),
        optim.replace("momentum=0.9", "momentum=0.8"),
    ):
        assert changed != optim
        yield HandedIn(archive(files | {"nndl/optim.py": changed.encode()}), None)
    # what stands in layers.py is lost; later tasks are judged on top of right layers
    no_layers = archive(files | {"nndl/layers.py": b"def affine_forward(:\n"})
    yield HandedIn(no_layers, 80 - sum(points[task] for task in LAYERS), LAYERS)
    leaves = b"import os, sys\nos._exit(0)\n"
    yield HandedIn(archive(files | {"nndl/optim.py": leaves + optim.encode()}), 35, RULES)
    at_once = optim.replace(
        "def adam(", "def adam(*_):\n    import os\n    os._exit(0)\n\n\ndef _("
    )
    yield HandedIn(archive(files | {"nndl/optim.py": at_once.encode()}), None, ("adam",))
    for nothing in (archive({}), archive({"essay.txt": b"My dog ate it."}), b"PK\3\4 cut of", b""):
        yield HandedIn(nothing, 0, RULES, "rejected")


def assert_deserved(result: dict[str, Any], handed_in: HandedIn, of: float) -> None:
    """The result is what the submission must get."""
    assert result["status"] == handed_in.status, result
    if handed_in.score is None:
        assert 0 < result["score"] < of, result
    else:
        assert result["score"] == handed_in.score, result
    tasks = {task["id"]: task["status"] for task in result["tasks"]}
    passed = "not_graded" if handed_in.status == "rejected" else "failed"
    assert {tasks[task] for task in handed_in.broken} <= {passed}


# -- commands and what they leave ----------------------------------------------------------------


def until(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not reached():
        assert process.poll() is None, process.communicate(timeout=PATIENCE)[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def written(course: Assignment) -> dict[str, tuple[int, int]]:
    """Which file holds each result, and since when."""
    files = {path.stem: path.stat() for path in (course.root / "results" / NAME).glob("*.json")}
    return {student: (stat.st_ino, stat.st_mtime_ns) for student, stat in files.items()}


def stored(course: Assignment) -> dict[str, dict[str, Any]]:
    """The results by student; each is whole and of the documented form."""
    found = {}
    for path in sorted((course.root / "results" / NAME).glob("*.json")):
        found[path.stem] = json.loads(path.read_text())
        require_documented(found[path.stem])
    return found


def momentum(result: dict[str, Any]) -> float:
    return next(float(t["score"]) for t in result["tasks"] if t["id"] == "sgd_momentum")


def gradebook_of(course: Assignment) -> Gradebook:
    return Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "nndl")


def flagged(course: Assignment) -> set[tuple[str, str]]:
    """Where a person gave a score and must look again."""
    with gradebook_of(course) as book:
        return {
            (submission.student_id, grade.cell.name)
            for submission in book.assignment_submissions(NAME)
            for grade in submission.notebooks[0].grades
            if grade.manual_score is not None and grade.needs_manual_grade
        }


def assert_same_everywhere(
    course: Assignment, results: dict[str, dict[str, Any]], given: dict[tuple[str, str], float]
) -> None:
    """Every place has the same automatic points, or those with what a person gave."""
    scores = {student: result["score"] for student, result in results.items()}
    csv_, canvas = (course.root / f"{form}.csv" for form in ("csv", "canvas"))
    export("csv", NAME, "--out", csv_.name)
    export("canvas", NAME, "--out", canvas.name)
    assert from_table(csv_.read_text(), "student_id", "automatic_score") == scores
    assert from_junit(export("junit", NAME)) == scores
    assert {s: from_gradescope(result) for s, result in results.items()} == scores
    assert {s: from_github(result) for s, result in results.items()} == scores
    automatic, total = from_gradebook(course)
    assert automatic == scores
    people = Counter[str]()
    for (student, task), score in given.items():
        tasks = {each["id"]: each for each in results[student]["tasks"]}
        people[student] += score - (0 if tasks[task]["manual"] else tasks[task]["score"])
    assert total == {student: score + people[student] for student, score in scores.items()}
    assert from_table(csv_.read_text(), "student_id", "score") == total
    assert from_table(canvas.read_text(), "SIS Login ID", NAME) == total


def export(*options: str) -> str:
    """What `kit export` prints, in this process."""
    code, output = kit("export", *options)
    assert code == 0, output
    return output


def from_table(text: str, student: str, score: str) -> dict[str, float]:
    rows = csv.DictReader(io.StringIO(text))
    return {row[student]: float(row[score]) for row in rows if row[student]}


def from_junit(text: str) -> dict[str, float]:
    """The score, which must be the sum of those of the tasks."""
    found = {}
    for suite in ElementTree.fromstring(text.encode()):
        properties = {p.get("name", ""): p.get("value", "") for p in suite.iter("property")}
        found[suite.get("name", "")] = float(properties["score"])
        tasks = [float(v) for k, v in properties.items() if k.endswith(".score")]
        assert sum(tasks) == float(properties["score"])
    return found


def from_gradescope(result: dict[str, Any]) -> float:
    exported = gradescope.export(Result.from_dict(result))
    assert sum(test["score"] for test in exported["tests"]) == exported["score"]
    return float(exported["score"])


def from_github(result: dict[str, Any]) -> float:
    return float(
        sum(
            t["score"]
            for t in json.loads(base64.b64decode(github.export(Result.from_dict(result))))["tests"]
        )
    )


def from_gradebook(course: Assignment) -> tuple[dict[str, float], dict[str, float]]:
    """By student: what the checks gave, and what nbgrader makes of it with a person's scores."""
    with gradebook_of(course) as book:
        submissions = book.assignment_submissions(NAME)
        automatic = {
            submission.student_id: sum(g.auto_score or 0.0 for g in submission.notebooks[0].grades)
            for submission in submissions
        }
        return automatic, {submission.student_id: submission.score for submission in submissions}
