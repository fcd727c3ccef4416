"""A mess is not an attack: what is right in it is graded, and one sentence says what was wrong.

The files in submissions/broken/ are there for their bytes; the other messes are made of the
reference solution, so that everything that a mess does not touch must pass.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.batch.run import grade
from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.downloads import Found, student_of
from kit.intake.submission import open_tree
from kit.limits import Limits
from tests.support.archives import SKIPPED, tarred, zipped
from tests.support.course import ROOT
from tests.support.results import require_documented
from tests.support.variants import unit_tasks_grader

pytestmark = pytest.mark.usefixtures("warm")

BROKEN = ROOT / "tests/submissions/broken"
OPTIM = "nndl/optim.py"
OPTIMIZERS = {"sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam"}
LAYERS = {"affine_forward", "affine_backward", "relu_forward", "relu_backward", "affine_relu"}
ALL = OPTIMIZERS | LAYERS | {"fc_net"}

Graded = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def unit_grader(optimization: Assignment) -> Iterator[Grader]:
    """Grades every task but the training."""
    with unit_tasks_grader(optimization, diagnosing=False) as grader:
        yield grader


@pytest.fixture
def graded(unit_grader: Grader) -> Graded:
    """The result of what lies in a path: never an error, always of the documented form."""

    def result_of(path: Path) -> dict[str, Any]:
        found = Found(student_of(path), str(path), lambda: open_tree(path, Limits()))
        result = grade(unit_grader, found, None).as_dict()
        require_documented(result)
        assert result["status"] in {"graded", "rejected"}
        return result

    return result_of


@pytest.fixture
def solved(optimization: Assignment, tmp_path: Path) -> Path:
    """The solved assignment as a student has it, to be made a mess of."""
    folder = tmp_path / "solved"
    shutil.copytree(optimization.release, folder)
    shutil.copytree(optimization.solutions, folder, dirs_exist_ok=True)
    return folder


def passed(result: dict[str, Any]) -> set[str]:
    return {task["id"] for task in result["tasks"] if task["status"] == "passed"}


def files_of(folder: Path, top: str = "") -> dict[str, bytes]:
    """Everything in ``folder``, to be packed."""
    return {
        f"{top}{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class TestContent:
    """A file that is no Python costs its own tasks, and its result says why in one sentence."""

    def test_the_reference_needs_no_sentence(self, graded: Graded, solved: Path) -> None:
        result = graded(solved)
        assert (passed(result), result["notes"]) == (ALL, [])

    @pytest.mark.parametrize(
        ("mess", "sentence"),
        [
            ("empty", "nndl/optim.py is empty."),
            ("latin1", "is not UTF-8 text (byte 0xe9 in line 5): save it as UTF-8."),
            ("utf16", "is UTF-16 text, which Python can't read: save it as UTF-8."),
            ("nul", "is damaged: line 1 holds a NUL byte."),
            ("tabs", "is indented with tabs (line 8) and with spaces (line 6)"),
            ("python2", "looks like Python 2 (print without parentheses in line 9)"),
            ("merge_conflict", "holds a merge conflict (lines 8 to 12)"),
            ("notebook", "is a Jupyter notebook, not Python"),
            ("rich_text", "is a rich text document, not Python"),
            ("web_page", "is a web page, not Python"),
        ],
    )
    def test_what_is_no_python_is_named(
        self, graded: Graded, solved: Path, mess: str, sentence: str
    ) -> None:
        shutil.copy(BROKEN / mess / OPTIM, solved / OPTIM)
        result = graded(solved)
        assert passed(result) == ALL - OPTIMIZERS
        (note,) = result["notes"]
        assert note.startswith(OPTIM)
        assert sentence in note

    def test_a_syntax_error_speaks_for_itself(self, graded: Graded, solved: Path) -> None:
        shutil.copy(BROKEN / "unfinished" / OPTIM, solved / OPTIM)
        result = graded(solved)
        assert (passed(result), result["notes"]) == (ALL - OPTIMIZERS, [])
        (adam,) = [task for task in result["tasks"] if task["id"] == "adam"]
        assert "'(' was never closed (nndl/optim.py, line 9)" in adam["checks"][0]["message"]

    def test_a_syntax_error_in_the_layers_leaves_the_optimizers(
        self, graded: Graded, solved: Path
    ) -> None:
        with (solved / "nndl/layers.py").open("a") as file:
            file.write("def unfinished(:\n")
        assert passed(graded(solved)) == OPTIMIZERS | {"affine_relu", "fc_net"}

    @pytest.mark.parametrize(
        "change",
        [
            lambda source: source.replace(b"\n", b"\r\n"),
            lambda source: source.replace(b"\n", b"\r"),
            lambda source: b"\xef\xbb\xbf" + source,
            lambda source: b"\xef\xbb\xbf" + source.replace(b"\n", b"\r\n"),
            lambda source: b"# coding: latin-1\n# Ren\xe9\n" + source,
            lambda source: source.replace(b"    ", b"\t"),
            lambda source: b"import torch\nfrom past.builtins import xrange\n" + source,
            lambda source: source + b'\n"""\nprint results\n<<<<<<< not a conflict\n"""\n',
        ],
        ids=["CRLF", "CR", "BOM", "BOM+CRLF", "cookie", "only tabs", "stray imports", "docstring"],
    )
    def test_what_python_reads_costs_nothing(
        self, graded: Graded, solved: Path, change: Callable[[bytes], bytes]
    ) -> None:
        (solved / OPTIM).write_bytes(change((solved / OPTIM).read_bytes()))
        result = graded(solved)
        assert (passed(result), result["notes"]) == (ALL, [])

    def test_what_uses_a_missing_package_fails_alone(self, graded: Graded, solved: Path) -> None:
        source = (solved / OPTIM).read_text()
        use = source.replace("def adam(", "import torch\n\n\ndef adam(").replace(
            'beta1 ** config["t"]', 'torch.pow(beta1, config["t"])'
        )
        (solved / OPTIM).write_text(use)
        assert passed(graded(solved)) == ALL - {"adam"}

    def test_a_file_that_is_too_large_costs_itself(self, graded: Graded, solved: Path) -> None:
        with (solved / OPTIM).open("ab") as file:
            file.write(b"#" * Limits().source_bytes)
        result = graded(solved)
        assert passed(result) == ALL - OPTIMIZERS
        assert "nndl/optim.py was not read: it is larger than 2,097,152 bytes." in result["notes"]

    def test_a_missing_file_costs_itself(self, graded: Graded, solved: Path) -> None:
        (solved / OPTIM).unlink()
        result = graded(solved)
        assert passed(result) == ALL - OPTIMIZERS
        assert result["notes"] == ["nndl/optim.py is missing."]
        (adam,) = [task for task in result["tasks"] if task["id"] == "adam"]
        assert "nndl/optim.py was not handed in" in adam["checks"][0]["message"]


class TestPlace:
    """Files that are not quite in their place are found, or what there is to choose is named."""

    def test_no_init_is_needed(self, graded: Graded, solved: Path) -> None:
        (solved / "nndl/__init__.py").unlink()
        assert passed(graded(solved)) == ALL

    @pytest.mark.parametrize("inner", ["a/b/c", "Homework 4 (final)/my code"])
    def test_deeper_folders(self, graded: Graded, solved: Path, inner: str) -> None:
        deep = solved.parent / "deep" / inner
        shutil.copytree(solved, deep)
        result = graded(solved.parent / "deep")
        assert passed(result) == ALL
        assert result["notes"] == [f"Your files were found in {inner}/."]

    def test_another_spelling_of_the_package(self, graded: Graded, solved: Path) -> None:
        (solved / "nndl").rename(solved / "HW4_NNDL")
        result = graded(solved)
        assert passed(result) == ALL
        assert result["notes"] == ["Your files were found in HW4_NNDL/ and not in nndl/."]

    def test_bare_files(self, graded: Graded, solved: Path) -> None:
        for path in (solved / "nndl").glob("*.py"):
            path.rename(solved / path.name)
        (solved / "optim.py").rename(solved / "optim (1).PY")
        result = graded(solved)
        assert passed(result) == ALL
        assert "nndl/optim.py was taken from optim (1).PY." in result["notes"]

    def test_two_folders_are_rejected_by_name(self, graded: Graded, solved: Path) -> None:
        for copy in ("new", "old"):
            shutil.copytree(solved / "nndl", solved.parent / f"two/{copy}/nndl")
        result = graded(solved.parent / "two")
        assert (result["status"], result["score"]) == ("rejected", 0)
        assert "More than one folder holds the files to hand in (new/, old/)" in result["message"]

    def test_an_empty_folder_is_rejected(self, graded: Graded, tmp_path: Path) -> None:
        result = graded(tmp_path)
        assert (result["status"], result["score"]) == ("rejected", 0)
        assert "None of the files to hand in was found" in result["message"]

    def test_what_lies_around_is_passed_over(self, graded: Graded, solved: Path) -> None:
        around = ["__pycache__/optim.py", ".ipynb_checkpoints/optim.py", "._optim.py", ".DS_Store"]
        for name in (*(f"nndl/{name}" for name in around), "cifar-10-batches-bin/test_batch.bin"):
            (solved / name).parent.mkdir(exist_ok=True)
            (solved / name).write_bytes(b"\0" * 100)
        packages = solved / "myenv/lib/python3.11/site-packages/nndl"
        packages.mkdir(parents=True)
        (solved / "myenv/pyvenv.cfg").touch()
        for number in range(3000):
            (packages / f"optim{number}.py").touch()
        (packages / "optim.py").touch()
        result = graded(solved)
        assert passed(result) == ALL
        assert result["notes"] == [f"{SKIPPED}: myenv/."]

    @pytest.mark.parametrize("name", ["ada.zip", "ada.tar", "ada.tgz"])
    def test_an_archive(self, graded: Graded, solved: Path, tmp_path: Path, name: str) -> None:
        files = {**files_of(solved, "hw4/"), "__MACOSX/hw4/nndl/._optim.py": b"\0\5\x16\7"}
        packed = zipped(files) if name.endswith(".zip") else tarred(files)
        (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith("gz") else packed)
        result = graded(tmp_path / name)
        assert (result["student"], passed(result)) == ("ada", ALL)
        assert result["notes"] == ["Your files were found in hw4/."]

    def test_a_broken_archive_is_rejected(self, graded: Graded, tmp_path: Path) -> None:
        (tmp_path / "ada.zip").write_bytes(b"PK\3\4 and then the connection broke")
        result = graded(tmp_path / "ada.zip")
        assert result["status"] == "rejected"
        assert "ada.zip can't be read: it is damaged" in result["message"]


class TestNotebook:
    """The notebook takes and gives no point; what became of its graded cells is told."""

    def change(self, solved: Path, by: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change the cells of the notebook."""
        path = solved / "optimization.ipynb"
        document = json.loads(path.read_text())
        by(document["cells"])
        path.write_text(json.dumps(document))

    def cell(self, cells: list[dict[str, Any]], task: str) -> dict[str, Any]:
        return next(cell for cell in cells if cell["id"] == task)

    def notes(self, graded: Graded, solved: Path) -> list[str]:
        """The notes, after making sure that no point was lost."""
        result = graded(solved)
        assert passed(result) == ALL
        return list(result["notes"])

    def test_answers_outputs_and_new_cells_are_as_they_should_be(
        self, graded: Graded, solved: Path
    ) -> None:
        def work(cells: list[dict[str, Any]]) -> None:
            self.cell(cells, "comparison")["source"] = "Adam is fastest."
            self.cell(cells, "adam")["execution_count"] = 7
            cells.append({**self.cell(cells, "title"), "id": "mine"})

        self.change(solved, work)
        assert self.notes(graded, solved) == []

    def test_a_changed_cell_is_named(self, graded: Graded, solved: Path) -> None:
        self.change(solved, lambda cells: self.cell(cells, "adam").update(source="print('ok')"))
        (note,) = self.notes(graded, solved)
        assert "the graded cell `adam` was changed; only the original counts." in note

    def test_a_deleted_cell_is_named(self, graded: Graded, solved: Path) -> None:
        self.change(solved, lambda cells: cells.remove(self.cell(cells, "rmsprop")))
        (note,) = self.notes(graded, solved)
        assert "the graded cell `rmsprop` is missing." in note

    def test_a_duplicated_cell_is_named(self, graded: Graded, solved: Path) -> None:
        self.change(solved, lambda cells: cells.append(self.cell(cells, "fc_net")))
        (note,) = self.notes(graded, solved)
        assert "the graded cell `fc_net` occurs 2 times." in note

    def test_lost_metadata_alone_changes_nothing(self, graded: Graded, solved: Path) -> None:
        self.change(solved, lambda cells: self.cell(cells, "adam")["metadata"].clear())
        assert self.notes(graded, solved) == []

    @pytest.mark.parametrize(
        ("content", "phrase"),
        [
            (b"", "it is not JSON"),
            (b"<<<<<<< HEAD\n{}", "it is not JSON"),
            (b"[" * 100_000, "it is not JSON"),
            (b"\xff\xfe\xfa", "it is not JSON"),
            (b"[1, 2]", "it has no list of cells"),
            (b'{"worksheets": []}', "it has no list of cells"),
            (b'{"cells": [1, {"source": [3], "metadata": 4}, {}]}', "none of the graded cells"),
        ],
    )
    def test_what_is_no_notebook_is_told(
        self, graded: Graded, solved: Path, content: bytes, phrase: str
    ) -> None:
        (solved / "optimization.ipynb").write_bytes(content)
        (note,) = self.notes(graded, solved)
        assert phrase in note

    def test_a_missing_notebook_is_told(self, graded: Graded, solved: Path) -> None:
        (solved / "optimization.ipynb").unlink()
        notes = self.notes(graded, solved)
        assert notes == ["No notebook was handed in (optimization.ipynb)."]

    def test_of_several_the_one_of_the_right_name_counts(
        self, graded: Graded, solved: Path
    ) -> None:
        (solved / "scratch.ipynb").write_text("{}")
        assert self.notes(graded, solved) == []
        (solved / "optimization.ipynb").rename(solved / "final.ipynb")
        (note,) = self.notes(graded, solved)
        assert "Several notebooks were handed in (final.ipynb, scratch.ipynb)" in note

    def test_a_huge_notebook_is_not_read(self, graded: Graded, solved: Path) -> None:
        with (solved / "optimization.ipynb").open("ab") as file:
            file.truncate(Limits().notebook_bytes + 1)
        (note,) = self.notes(graded, solved)
        assert "was not compared with the original: it is larger than" in note
