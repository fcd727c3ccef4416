"""Hand-ins that look like real ones get what a stated key says that they must get."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission, read
from kit.limits import Limits
from tests.support.course import ROOT
from tests.support.variants import unit_tasks_grader

pytestmark = pytest.mark.usefixtures("warm")

FOLDER = ROOT / "tests/submissions/handins"
KEY: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "key.toml").read_text(encoding="utf-8"))
RIGHT = [
    name
    for name, entry in KEY.items()
    if all(said["gets"] == "all" for said in entry.values() if isinstance(said, dict))
]

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def grader(optimization: Assignment) -> Iterator[Grader]:
    with unit_tasks_grader(optimization) as ready:
        yield ready


def as_saved_on_windows(files: Files) -> Files:
    """Lines end in CRLF, and a byte order mark stands in front."""
    bom = b"\xef\xbb\xbf"
    return {
        name: bom + content.replace(b"\n", b"\r\n") if name.startswith("nndl/") else content
        for name, content in files.items()
    }


def as_zip_of_windows(files: Files) -> Files:
    """One archive of a second download, its names with backslashes, and what Python leaves."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"hw4-code (1)/{name}".replace("/", "\\"), content)
        archive.writestr("hw4-code (1)\\nndl\\__pycache__\\optim.cpython-311.pyc", b"\xa7\r\r\n")
        archive.writestr("hw4-code (1)\\Untitled.ipynb", b'{"cells": []}')
    return {"hw4.zip": stream.getvalue()}


def as_misnamed(files: Files) -> Files:
    """The package has the name of a second download, and one file another case."""
    moved = {name.replace("nndl/", "nndl (1)/"): content for name, content in files.items()}
    moved["nndl (1)/Optim.py"] = moved.pop("nndl (1)/optim.py")
    return moved | {".DS_Store": b"\0", "__MACOSX/nndl/._optim.py": b"\0\5\x16\7"}


FORMS: Mapping[str, Callable[[Files], Files]] = {
    "windows": as_saved_on_windows,
    "windows zip": as_zip_of_windows,
    "misnamed": as_misnamed,
}


def files_of(name: str, release: Path) -> Files:
    """What was handed in under ``name``, by file names, before it was packed."""
    based_on = KEY[name].get("based_on")
    if based_on is None:
        files = {
            str(path.relative_to(release)): path.read_bytes()
            for path in sorted(release.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
    else:
        files = files_of(based_on, release)
    own = sorted((FOLDER / name).rglob("*.py"))
    files |= {path.relative_to(FOLDER / name).as_posix(): path.read_bytes() for path in own}
    if "notebook_holds" in KEY[name]:
        text = (FOLDER / KEY[name]["notebook_holds"]).read_text(encoding="utf-8")
        files["optimization.ipynb"] = with_cell(files["optimization.ipynb"], text)
    return files


def with_cell(notebook: bytes, text: str) -> bytes:
    """``notebook`` with one more cell of code."""
    document = json.loads(notebook)
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "source": text.splitlines(True)}
    document["cells"].append({**cell, "execution_count": 7, "outputs": []})
    return json.dumps(document).encode()


def handed_in(name: str, assignment: Assignment, into: Path) -> Submission:
    """The hand-in as the grader takes it."""
    files = files_of(name, assignment.release)
    packed = FORMS[KEY[name]["packed"]](files) if "packed" in KEY[name] else files
    for file, content in packed.items():
        path = into / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (archive,) = [into / file for file in packed if file.endswith(".zip")] or [into]
    return read(archive, assignment, name, Limits())


def is_as_the_key_says(task: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether a task of a result got what it must get."""
    score, most = task["score"], task["max_score"]
    if "points" in said:
        return bool(score == said["points"])
    gets = said.get("gets", "all")
    return {"all": score == most, "part": 0 < score < most, "none": score == 0}[gets]


class TestKey:
    """The key is whole, so that no hand-in is graded by a slip of the pen."""

    def test_there_are_enough(self) -> None:
        assert len(KEY) >= 40
        assert 15 <= len(RIGHT) <= len(KEY) / 2

    def test_every_folder_has_an_entry_and_every_entry_something_of_its_own(self) -> None:
        folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
        assert folders <= set(KEY)
        assert {name for name in KEY if "packed" not in KEY[name]} <= folders

    @pytest.mark.parametrize("name", KEY)
    def test_it_names_tasks_and_reasons(self, optimization: Assignment, name: str) -> None:
        entry = dict(KEY[name])
        assert entry.pop("about")
        for setting in ("based_on", "packed", "notebook_holds"):
            entry.pop(setting, None)
        points = {task.id: task.points for task in optimization.tasks if not task.manual}
        for task, said in entry.items():
            assert set(said) <= {
                *("gets", "because", "points", "not_yet"),
                *("stands_in", "would_get", "narrowed"),
            }
            assert said["gets"] in {"all", "part", "none"}
            assert said["because"]
            assert 0 <= said.get("points", 0) <= points[task]

    def test_every_form_is_handed_in(self) -> None:
        assert {entry["packed"] for entry in KEY.values() if "packed" in entry} == set(FORMS)


@pytest.mark.parametrize("name", KEY)
def test_it_gets_what_the_key_says(
    grader: Grader, optimization: Assignment, tmp_path: Path, name: str
) -> None:
    """All tasks but those that the key itself says are not judged so yet."""
    result = grader.grade(handed_in(name, optimization, tmp_path)).as_dict()
    assert result["status"] == "graded"
    unlike = {
        task["id"]: (task["score"], [check["message"] for check in task["checks"]])
        for task in result["tasks"]
        if task["status"] != "not_graded"
        and not is_as_the_key_says(task, KEY[name].get(task["id"], {}))
    }
    found = {
        task["id"]: (task["wrong_place"]["text"], task["wrong_place"]["would_get"])
        for task in result["tasks"]
        if "wrong_place" in task
    }
    said = {task: entry for task, entry in KEY[name].items() if "stands_in" in entry}
    assert found.keys() == said.keys()
    for task, (text, would_get) in found.items():
        assert said[task]["stands_in"] in text
        assert would_get == said[task]["would_get"]
    narrowed = {task["id"]: task["narrowed"] for task in result["tasks"] if "narrowed" in task}
    wanted = {k: v["narrowed"] for k, v in KEY[name].items() if "narrowed" in v}
    assert narrowed.keys() == wanted.keys(), narrowed
    for task, end in wanted.items():
        assert narrowed[task].endswith(end)
    not_yet = {task for task, said in KEY[name].items() if "not_yet" in said}
    assert set(unlike) == not_yet, unlike
